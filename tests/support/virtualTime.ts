/**
 * A virtual clock for engines in tests: `settle` lets everything happen that is due, `pass` lets
 * time go by. Nothing waits for real time.
 */
import type { Timers } from "../../src/engine/timers.ts";

/** A process: when it ended, what it planned does not happen any more. */
export interface Life {
  isAlive: boolean;
}

export interface VirtualTime {
  readonly now: () => number;
  readonly soon: (run: () => void) => void;
  readonly after: (milliseconds: number, run: () => void) => () => void;
  readonly settle: () => Promise<void>;
  readonly pass: (milliseconds: number) => Promise<void>;
  /** On to the next thing that is due; false: there is none. */
  readonly step: () => Promise<boolean>;
}

interface Planned {
  readonly at: number;
  readonly run: () => void;
}

export const createVirtualTime = (since = Date.UTC(2026, 0, 1)): VirtualTime => {
  let now = since;
  let waiting = 0;
  let planned: Planned[] = [];

  const settle = async (): Promise<void> => {
    do await turn();
    while (waiting > 0);
  };
  const next = (): Planned | undefined =>
    planned.reduce<Planned | undefined>(
      (least, each) => (least === undefined || each.at < least.at ? each : least),
      undefined,
    );
  const step = async (until = Infinity): Promise<boolean> => {
    const first = next();
    if (first === undefined || first.at > until) return false;
    planned = planned.filter((each) => each !== first);
    now = Math.max(now, first.at);
    first.run();
    await settle();
    return true;
  };

  return {
    now: () => now,
    soon: (run) => {
      // A turn of its own, which comes whether or not anybody lets time pass.
      waiting += 1;
      setImmediate(() => {
        waiting -= 1;
        run();
      });
    },
    after(milliseconds, run) {
      const plan = { at: now + milliseconds, run };
      planned.push(plan);
      return () => {
        planned = planned.filter((each) => each !== plan);
      };
    },
    settle,
    async pass(milliseconds) {
      const end = now + milliseconds;
      await settle();
      while (await step(end));
      now = end;
    },
    step,
  };
};

/** Promises that wait for nothing are done when the platform's next turn comes. */
const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** A process that ended does nothing any more. */
export const virtualTimers = (
  clock: VirtualTime,
  life: Readonly<Life>,
  skew: () => number = (): number => 0,
): Timers => {
  const whileAlive = (run: () => void) => (): void => {
    if (life.isAlive) run();
  };
  return {
    // Whole ones, as Date.now gives them: what waits may wait for parts of them
    now: () => Math.floor(clock.now()) + skew(),
    soon: (run) => {
      clock.soon(whileAlive(run));
    },
    after: (milliseconds, run) => clock.after(milliseconds, whileAlive(run)),
  };
};
