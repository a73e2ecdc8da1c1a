/**
 * Time as the engine meets it. Real timers in a worker and in Node; a seeded queue in the simulator.
 */
export interface Timers {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Runs in a task of its own, after what is queued already: a microtask would starve arriving messages. */
  readonly soon: (run: () => void) => void;
  /** Runs once after about so many milliseconds; the answer cancels it. */
  readonly after: (milliseconds: number, run: () => void) => () => void;
}

/** Over the platform's own timers; `soon` posts a message to itself, which browsers never delay. */
export const createTimers = (now: () => number): Timers => {
  const queue: (() => void)[] = [];
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => queue.shift()?.();
  unreference(port1);
  return {
    now,
    soon: (run) => {
      queue.push(run);
      port2.postMessage(null);
    },
    after: (milliseconds, run) => {
      const handle = setTimeout(run, milliseconds);
      return () => {
        clearTimeout(handle);
      };
    },
  };
};

/** In Node an open port would keep the process alive. */
const unreference = (port: MessagePort): void => {
  if ("unref" in port && typeof port.unref === "function") port.unref();
};
