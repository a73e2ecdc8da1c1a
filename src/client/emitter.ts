/**
 * Events by name. One handler that throws does not keep the others from being told.
 */

export interface Emitter<E extends object> {
  /** The answer takes the handler off again. */
  readonly on: <N extends keyof E>(event: N, handler: (detail: E[N]) => void) => () => void;
  readonly once: <N extends keyof E>(event: N, handler: (detail: E[N]) => void) => () => void;
  readonly off: <N extends keyof E>(event: N, handler: (detail: E[N]) => void) => void;
  readonly emit: <N extends keyof E>(event: N, detail: E[N]) => void;
  /** Whether anyone listens. */
  readonly has: (event: keyof E) => boolean;
}

/** `failed` is told what handlers throw. */
export const createEmitter = <E extends object>(failed: (error: unknown) => void): Emitter<E> => {
  const listeners = new Map<keyof E, Map<unknown, Listener>>();

  const add = (event: keyof E, key: unknown, listener: Listener): (() => void) => {
    const own = listeners.get(event) ?? new Map<unknown, Listener>();
    listeners.set(event, own);
    own.set(key, listener);
    return () => {
      own.delete(key);
    };
  };

  return {
    on: (event, handler) => add(event, handler, asListener(handler)),
    once: (event, handler) => {
      const remove = add(event, handler, (detail) => {
        remove();
        asListener(handler)(detail);
      });
      return remove;
    },
    off: (event, handler) => {
      listeners.get(event)?.delete(handler);
    },
    emit: (event, detail) => {
      for (const listener of [...(listeners.get(event)?.values() ?? [])]) {
        try {
          listener(detail);
        } catch (error) {
          failed(error);
        }
      }
    },
    has: (event) => (listeners.get(event)?.size ?? 0) > 0,
  };
};

type Listener = (detail: unknown) => void;

const asListener = (handler: (detail: never) => void): Listener =>
  // `emit` gives a listener only the detail of the event that it was added for.
  handler as Listener;
