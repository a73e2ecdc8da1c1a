/**
 * What a tab does passes a gate: at once, when the tab thaws, or never, once it is dead.
 */
import type { StorageAdapter } from "../../src/storage/store.ts";
import { tapStore } from "./tappedStore.ts";
import { virtualTimers, type Life, type VirtualTime } from "./virtualTime.ts";

/** What a tab does passes here: at once, when it thaws, or never. */
export interface Gate {
  readonly pass: (run: () => void) => void;
  readonly shut: () => void;
  readonly open: () => void;
  readonly kill: () => void;
  readonly isShut: () => boolean;
  readonly life: Life;
}

export const createGate = (): Gate => {
  let waiting: (() => void)[] = [];
  let isShut = false;
  const life: Life = { isAlive: true };
  return {
    pass(run) {
      if (!life.isAlive) return;
      if (isShut) waiting.push(run);
      else run();
    },
    shut() {
      isShut = true;
    },
    open() {
      isShut = false;
      const late = waiting;
      waiting = [];
      for (const run of late) run();
    },
    kill() {
      life.isAlive = false;
      waiting = [];
    },
    isShut: () => isShut,
    life,
  };
};

const passing = (gate: Gate): Promise<void> =>
  new Promise((resolve) => {
    gate.pass(resolve);
  });

export const gatedTimers = (clock: VirtualTime, gate: Gate): ReturnType<typeof virtualTimers> => {
  const timers = virtualTimers(clock, gate.life);
  return {
    ...timers,
    soon: (run) => {
      timers.soon(() => {
        gate.pass(run);
      });
    },
    after: (milliseconds, run) =>
      timers.after(milliseconds, () => {
        gate.pass(run);
      }),
  };
};

/** Each call waits for the gate before it takes effect, and again before it answers. */
export const gatedAdapter = (disk: StorageAdapter, gate: Gate): StorageAdapter => {
  const call = async <T>(run: () => Promise<T>): Promise<T> => {
    await passing(gate);
    try {
      return await run();
    } finally {
      await passing(gate);
    }
  };
  return {
    kind: "indexeddb",
    open: async (name) => tapStore(await call(() => disk.open(name)), { call }),
    destroy: (name) => call(() => disk.destroy(name)),
  };
};
