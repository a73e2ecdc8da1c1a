/** Waits until the doctor of a database says something. */
import type { DistributedDatabase } from "../../src/client/api.ts";
import type { DiagnosisStep } from "../../src/client/diagnosis.ts";
import { createSignal, type Cleanup } from "./nodePeers.ts";

/** The first such step; asked again whenever something is new of the connection. */
export const untilDiagnosed = async (
  cleanup: Cleanup,
  database: DistributedDatabase,
  isWanted: (step: DiagnosisStep) => boolean,
): Promise<DiagnosisStep> => {
  const changed = createSignal();
  let changes = 0;
  cleanup.add(
    database.on("connection", () => {
      changes += 1;
      changed.raise();
    }),
  );
  for (;;) {
    const seen = changes;
    const found = (await database.getNetworkManager().diagnose()).find(isWanted);
    if (found !== undefined) return found;
    await changed.until(() => changes > seen);
  }
};
