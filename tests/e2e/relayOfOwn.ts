/**
 * A relay of a test's own, which serves the built app as `npm start` does: for tests that stop it,
 * or that need another one.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startRelayProcess, type RelayProcess } from "../support/relayProcess.ts";

export type RelayOfOwn = RelayProcess & { readonly restart: () => Promise<void> };

/** As a fixture of Playwright: it is gone when `use` resolves. */
export const withRelay = async (use: (relay: RelayOfOwn) => Promise<void>): Promise<void> => {
  const data = await mkdtemp(join(tmpdir(), "nebulus-relay-"));
  const startOn = (port: number): Promise<RelayProcess> =>
    startRelayProcess(["--port", String(port), "--static", "dist", "--data", data]);
  let process = await startOn(0);
  const { port } = process;
  await use({
    ...process,
    stop: () => process.stop(),
    restart: async () => {
      process = await startOn(port);
    },
  });
  await process.stop();
  await rm(data, { recursive: true, force: true });
};
