/** What channels bring to a test, and how it waits for that: in Node and in pages alike. */
import type { PeerChannel } from "../../src/core/net/carrier.ts";

export interface Received {
  readonly frames: readonly Uint8Array[];
  /** Resolves with the first so many frames. */
  received(count: number): Promise<readonly Uint8Array[]>;
  readonly closed: Promise<void>;
}

/** Sets the channel's handlers. */
export const record = <C extends Pick<PeerChannel, "onFrame" | "onClose">>(
  channel: C,
): Received & { readonly channel: C } => {
  const frames: Uint8Array[] = [];
  const changed = createSignal();
  channel.onFrame((frame) => {
    frames.push(frame);
    changed.raise();
  });
  return {
    channel,
    frames,
    received: (count) => changed.until(() => (frames.length >= count ? frames : undefined)),
    closed: new Promise((resolve) => {
      channel.onClose(resolve);
    }),
  };
};

export interface Signal {
  readonly raise: () => void;
  /**
   * Looks now and whenever the signal is raised, until the answer is neither undefined nor false.
   */
  until<T>(look: () => T | undefined | false): Promise<T>;
}

export const createSignal = (): Signal => {
  let waiting: (() => void)[] = [];
  return {
    raise: () => {
      const woken = waiting;
      waiting = [];
      for (const wake of woken) wake();
    },
    until: async (look) => {
      for (;;) {
        const found = look();
        if (found !== undefined && found !== false) return found;
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
  };
};
