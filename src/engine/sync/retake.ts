/**
 * A store that failed while a peer's segments were taken in: memory may say more than the log, or
 * less than it. The home is read anew from its log once the store answers again; what is missing is
 * then asked for as ever.
 */
import { retakeTicksMax } from "../../core/base/limits.ts";
import type { Home } from "../home.ts";
import { peersOf, reportFailure, type SyncState } from "./state.ts";

/** Behind a failure. One that runs already comes again, since it may have been overtaken. */
export const retakeLater = ({ retakes, ticks }: SyncState, home: Home): void => {
  const failures = retakes.get(home)?.failures ?? 0;
  retakes.set(home, { failures, notBefore: ticks + waitTicks(failures), isRunning: false });
};

/** Each second online. */
export const retakeDue = (state: SyncState): void => {
  for (const [home, retake] of [...state.retakes]) {
    if (retake.isRunning || retake.notBefore > state.ticks) continue;
    const running = { ...retake, isRunning: true };
    state.retakes.set(home, running);
    readAnew(state, home).then(
      () => {
        // Another failure came meanwhile
        if (state.retakes.get(home) === running) state.retakes.delete(home);
      },
      (error: unknown) => {
        const failures = retake.failures + 1;
        const notBefore = state.ticks + waitTicks(failures);
        state.retakes.set(home, { failures, notBefore, isRunning: false });
        reportFailure(state, error);
      },
    );
  }
};

const readAnew = async (state: SyncState, home: Home): Promise<void> => {
  const { engine } = state;
  // It may have been left
  if (engine.registry.home(home.scope) !== home) return;
  await engine.ingest.inTurn(home, () => engine.rebuild.rename(home));
  for (const peer of peersOf(state, home)) peer.step({ kind: "ask", scope: home.scope });
};

const waitTicks = (failures: number): number => Math.min(2 ** failures, retakeTicksMax);
