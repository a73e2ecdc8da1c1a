/**
 * Time as the engine meets it. Real timers in a worker and in Node; a seeded queue in the
 * simulator.
 */
export interface Timers {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /**
   * Runs in a task of its own, after what is queued already: a microtask would starve arriving
   * messages.
   */
  readonly soon: (run: () => void) => void;
  /** Runs once after about so many milliseconds; the answer cancels it. */
  readonly after: (
    milliseconds: number,
    run: () => void,
    /** True: nobody waits for it, so that it keeps no process alive. */
    isBackground?: boolean,
  ) => () => void;
}

/** Over the platform's own timers. */
export const createTimers = (now: () => number): Timers => ({
  now,
  soon: createSoon(),
  after: (milliseconds, run, isBackground = false) => {
    const handle: unknown = setTimeout(run, milliseconds);
    if (isBackground && isNodeTimeout(handle)) handle.unref();
    return () => {
      // Whatever it is here, it came from `setTimeout`
      clearTimeout(handle as number);
    };
  },
});

const isNodeTimeout = (handle: unknown): handle is { readonly unref: () => void } =>
  typeof handle === "object" && handle !== null && "unref" in handle;

/**
 * Browsers never delay a message to oneself; Node has a call for it, which keeps the process alive
 * as it must.
 */
const createSoon = (): Timers["soon"] => {
  const platform: typeof globalThis & {
    readonly setImmediate?: (run: () => void) => unknown;
  } = globalThis;
  const { setImmediate } = platform;
  if (setImmediate !== undefined) {
    return (run) => {
      setImmediate(run);
    };
  }
  const queue: (() => void)[] = [];
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => queue.shift()?.();
  return (run) => {
    queue.push(run);
    port2.postMessage(null);
  };
};
