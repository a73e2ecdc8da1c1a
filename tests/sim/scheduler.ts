/**
 * Virtual time. Everything that waits, waits here: events run one after another in the order of
 * their times, and all that follows from one without waiting is done before the next. Nothing in a
 * simulation meets the machine's clock.
 */
import type { Timers } from "../../src/engine/timers.ts";

/** A running engine, or whatever else may stop for good: what it planned does not happen then. */
export interface Life {
  isAlive: boolean;
}

export interface Scheduler {
  /** Milliseconds since the simulation began. */
  readonly now: () => number;
  /** Runs once, so much later; the answer cancels it. */
  readonly after: (milliseconds: number, run: () => void, life?: Life) => () => void;
  /** Resolves so much later; never if the life ends first. */
  readonly wait: (milliseconds: number, life?: Life) => Promise<void>;
  /** Lets so much time pass. `between` runs after each event. */
  readonly run: (milliseconds: number, between?: () => Promise<void>) => Promise<void>;
  /** How many events ran so far. */
  readonly events: () => number;
}

/** When the simulation begins, in milliseconds since 1970. */
export const simulationStart = Date.UTC(2026, 0, 1);

interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
  readonly life: Life;
  isCancelled: boolean;
}

export const createScheduler = (): Scheduler => {
  const queue = createQueue();
  const always: Life = { isAlive: true };
  let now = 0;
  let order = 0;
  let events = 0;

  const after: Scheduler["after"] = (milliseconds, run, life = always) => {
    const at = now + Math.max(0, milliseconds);
    const event: Event = { at, order: order++, run, life, isCancelled: false };
    queue.push(event);
    return () => {
      event.isCancelled = true;
    };
  };

  return {
    now: () => now,
    after,
    wait: (milliseconds, life) =>
      new Promise((resolve) => {
        after(milliseconds, resolve, life);
      }),
    async run(milliseconds, between) {
      const end = now + milliseconds;
      await settle();
      for (let next = queue.pop(end); next !== null; next = queue.pop(end)) {
        if (next.isCancelled || !next.life.isAlive) continue;
        now = next.at;
        events++;
        next.run();
        await settle();
        if (between !== undefined) await between();
      }
      now = end;
    },
    events: () => events,
  };
};

/** The engine's view of it, over a wall clock that may be wrong. */
export const timersOf = (
  scheduler: Scheduler,
  life: Life,
  clock: { readonly now: () => number },
): Timers => ({
  now: clock.now,
  soon: (run) => {
    scheduler.after(0, run, life);
  },
  after: (milliseconds, run) => scheduler.after(milliseconds, run, life),
});

/** Promises that wait for nothing are done when the platform's next turn comes. */
const settle = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** A binary heap: the earliest first, of equal times the one that was planned first. */
const createQueue = (): {
  readonly push: (event: Event) => void;
  /** Null: there is none until then. */
  readonly pop: (until: number) => Event | null;
} => {
  const heap: Event[] = [];
  const isBefore = (a: Event | undefined, b: Event | undefined): boolean =>
    a !== undefined && (b === undefined || a.at < b.at || (a.at === b.at && a.order < b.order));
  const swap = (a: number, b: number): void => {
    const [x, y] = [heap[a], heap[b]];
    if (x === undefined || y === undefined) return;
    heap[a] = y;
    heap[b] = x;
  };
  const rise = (from: number): void => {
    for (let at = from; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!isBefore(heap[at], heap[parent])) return;
      swap(at, parent);
      at = parent;
    }
  };
  const sink = (): void => {
    for (let at = 0; ;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      const child = isBefore(heap[right], heap[left]) ? right : left;
      if (!isBefore(heap[child], heap[at])) return;
      swap(at, child);
      at = child;
    }
  };
  return {
    push(event) {
      rise(heap.push(event) - 1);
    },
    pop(until) {
      const first = heap[0];
      if (first === undefined || first.at > until) return null;
      const last = heap.pop();
      if (last !== undefined && last !== first) {
        heap[0] = last;
        sink();
      }
      return first;
    },
  };
};
