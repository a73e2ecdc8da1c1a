/**
 * A relay for an application's own tests, by the package's name `nebulusdb/testing`: on a free port
 * of this machine, with a folder of its own that goes with it. What meets through it is real; for
 * tests without any network there is `createMemoryHub`.
 *
 * @module testing
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { settingsWith, type Settings } from "./settings.ts";
import { startRelayServer, type RunningRelay } from "./start.ts";

export type { RunningRelay, Settings as RelaySettings };

/** As `npm run relay` takes them. The same `data` gives a relay of the same peer id. */
export type TestRelaySettings = Partial<Settings>;

/**
 * To be stopped when the test is over; its folder goes then. Rejects with an `Error` that says
 * which setting to change.
 */
export const startTestRelay = async (settings: TestRelaySettings = {}): Promise<RunningRelay> => {
  const folder = await mkdtemp(join(tmpdir(), "nebulus-relay-"));
  const forget = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    // Nothing of the data is served, its key least of all
    const usual = { port: 0, static: join(folder, "page"), data: join(folder, "data") };
    const relay = await startRelayServer(settingsWith({ ...usual, ...settings }), () => undefined);
    return {
      ...relay,
      stop: async () => {
        try {
          await relay.stop();
        } finally {
          await forget();
        }
      },
    };
  } catch (error) {
    await forget();
    throw error;
  }
};
