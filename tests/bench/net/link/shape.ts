/**
 * One direction of a link: what enters comes out later, no faster than the link is, in order, or
 * not at all. The kernel's own shaper (tc netem) is not to be had everywhere, this is; it knows
 * neither datagrams nor connections, which are `udp.ts` and `tcp.ts`.
 */
import type { Random } from "../../../support/random.ts";

export interface LinkSettings {
  /** One way. */
  readonly delayMilliseconds: number;
  /** null: as fast as this machine. */
  readonly bitsPerSecond: number | null;
  /** 0 to 1; of datagrams alone, since a connection's own bytes come all the same. */
  readonly loss: number;
}

export const noShape: LinkSettings = { delayMilliseconds: 0, bitsPerSecond: null, loss: 0 };

export interface Shape {
  /** `deliver` runs when it has come through; false: there is no room, or it was lost. */
  readonly pass: (bytes: number, deliver: () => void, mayBeLost: boolean) => boolean;
  readonly set: (settings: LinkSettings) => void;
  /** Until it is joined nothing passes: what may be lost is, what may not waits. */
  readonly cut: () => void;
  readonly join: () => void;
  readonly stop: () => void;
}

/** What waits for a slow link before more is lost, or held back: 0.2 s at 10 Mbit/s. */
export const queueBytesMax = 256 * 1024;

interface Waiting {
  readonly dueAt: number;
  readonly deliver: () => void;
}

export const createShape = (random: Random): Shape => {
  let settings = noShape;
  let isCut = false;
  let freeAt = 0;
  let queue: Waiting[] = [];
  let timer: NodeJS.Timeout | null = null;

  const flush = (): void => {
    timer = null;
    const now = performance.now();
    while (!isCut && (queue[0]?.dueAt ?? Infinity) <= now) queue.shift()?.deliver();
    const next = queue[0];
    if (!isCut && next !== undefined) timer = setTimeout(flush, Math.max(0, next.dueAt - now));
  };

  return {
    pass(bytes, deliver, mayBeLost) {
      const { delayMilliseconds, bitsPerSecond, loss } = settings;
      if (mayBeLost && (isCut || random.chance(loss))) return false;
      const now = performance.now();
      const takes = bitsPerSecond === null ? 0 : (bytes * 8_000) / bitsPerSecond;
      const backlogBytes = bitsPerSecond === null ? 0 : ((freeAt - now) * bitsPerSecond) / 8_000;
      if (mayBeLost && backlogBytes > queueBytesMax) return false;
      freeAt = Math.max(now, freeAt) + takes;
      if (!isCut && queue.length === 0 && freeAt + delayMilliseconds <= now) {
        deliver();
        return true;
      }
      queue.push({ dueAt: freeAt + delayMilliseconds, deliver });
      if (timer === null) flush();
      return true;
    },
    set: (wanted) => {
      settings = wanted;
    },
    cut: () => {
      isCut = true;
    },
    join: () => {
      isCut = false;
      if (timer === null) flush();
    },
    stop: () => {
      if (timer !== null) clearTimeout(timer);
      queue = [];
      isCut = true;
    },
  };
};
