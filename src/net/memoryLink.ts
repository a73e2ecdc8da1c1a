/**
 * One channel of the in-memory network: two ends, bytes copied, and the faults that its hub wants.
 * Apart from memory.ts, which decides who is linked: here is only what happens to frames on their
 * way.
 */
import { NebulusError } from "../core/base/errors.ts";
import { frameBytesMax } from "../core/base/limits.ts";
import type { ChannelInfo, PeerChannel } from "../core/net/carrier.ts";
import type { Clock } from "./clock.ts";

/** What a link does to frames. */
export interface LinkFaults {
  /** Chances, 0 to 1, of a frame to vanish, to come twice, to be overtaken by later ones. */
  readonly loss: number;
  readonly duplicate: number;
  readonly reorder: number;
  readonly delayMs: number;
}

export interface LinkStats {
  frames: number;
  bytes: number;
  lost: number;
  duplicated: number;
  reordered: number;
}

export interface LinkDeps {
  readonly timers: Pick<Clock, "after">;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  /** Asked for every frame: a hub may change its mind. */
  readonly faults: () => LinkFaults;
  readonly stats: LinkStats;
  readonly watch: (frame: Uint8Array) => void;
}

export interface MemoryLink {
  readonly ends: readonly [PeerChannel, PeerChannel];
  /** Both ends close at once, and what is on its way is gone. */
  readonly cut: () => void;
}

/**
 * `infos`: what each end knows; `anothers`: how each opens a further link. `onClosed` runs once,
 * when both ends are closed.
 */
export const createMemoryLink = (
  infos: readonly [ChannelInfo, ChannelInfo],
  anothers: readonly [() => void, () => void],
  deps: LinkDeps,
  onClosed: () => void,
): MemoryLink => {
  let openEnds = 2;
  const onEndClosed = (): void => {
    openEnds--;
    if (openEnds === 0) onClosed();
  };
  const a = createEnd({ ...infos[0], another: anothers[0] }, deps, () => b, onEndClosed);
  const b: End = createEnd({ ...infos[1], another: anothers[1] }, deps, () => a, onEndClosed);
  return {
    ends: [a.channel, b.channel],
    cut: () => {
      a.finish();
      b.finish();
    },
  };
};

/**
 * What is on its way or unread before a sender must wait: well above what a session sends ahead.
 */
const queueBytesMax = 8 * 1_048_576;
/** An overtaken frame comes so much later, at most. */
const overtakenMs = 50;

interface End {
  readonly channel: PeerChannel;
  readonly finish: () => void;
  readonly take: (passing: Passing) => void;
}

/**
 * A frame on its way, or the sender's close (null). `release` once it is read, lost or of no use.
 */
interface Passing {
  readonly frame: Uint8Array | null;
  readonly release: () => void;
}

interface Sending {
  readonly frame: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const createEnd = (
  info: ChannelInfo & Pick<PeerChannel, "another">,
  deps: LinkDeps,
  other: () => End,
  onClosed: () => void,
): End => {
  let isOpen = true;
  let closeHandler: (() => void) | null = null;
  const enter = createPassage(deps, (passing) => {
    other().take(passing);
  });
  const finish = (): void => {
    if (!isOpen) return;
    isOpen = false;
    sender.stop();
    reader.stop();
    onClosed();
    closeHandler?.();
  };
  const sender = createSender(enter);
  const reader = createReader(finish);
  return {
    finish,
    take: reader.take,
    channel: {
      ...info,
      send: sender.send,
      onFrame: reader.onFrame,
      onClose: (handler) => {
        closeHandler = handler;
        if (!isOpen) handler();
      },
      close: () => {
        if (!isOpen) return;
        enter(null, () => undefined);
        finish();
      },
    },
  };
};

/** Lets frames in as long as not too many bytes are on their way or unread. */
const createSender = (
  enter: ReturnType<typeof createPassage>,
): { readonly send: PeerChannel["send"]; readonly stop: () => void } => {
  const sending: Sending[] = [];
  let isOpen = true;
  let queuedBytes = 0;
  const pump = (): void => {
    while (isOpen && queuedBytes < queueBytesMax) {
      const next = sending.shift();
      if (next === undefined) return;
      const { frame, resolve } = next;
      queuedBytes += frame.length;
      enter(frame, () => {
        queuedBytes -= frame.length;
        pump();
      });
      resolve();
    }
  };
  return {
    send: (frame) => {
      const { length } = frame;
      if (length === 0 || length > frameBytesMax) return Promise.reject(tooLarge(length));
      if (!isOpen) return Promise.reject(unreachable());
      return new Promise((resolve, reject) => {
        sending.push({ frame: frame.slice(), resolve, reject });
        pump();
      });
    },
    stop: () => {
      isOpen = false;
      for (const { reject } of sending.splice(0)) reject(unreachable());
    },
  };
};

interface Reader {
  readonly take: (passing: Passing) => void;
  readonly onFrame: PeerChannel["onFrame"];
  readonly stop: () => void;
}

/**
 * Keeps frames until there is a handler. `onEnd`: the other end closed, and all before that is
 * read.
 */
const createReader = (onEnd: () => void): Reader => {
  const unread: Passing[] = [];
  let isOpen = true;
  let frameHandler: ((frame: Uint8Array) => void) | null = null;
  const read = (): void => {
    // A close needs no handler to be noticed.
    while (isOpen && (frameHandler !== null || unread[0]?.frame === null)) {
      const next = unread.shift();
      if (next === undefined) return;
      next.release();
      if (next.frame === null) onEnd();
      else frameHandler?.(next.frame);
    }
  };
  return {
    take: (passing) => {
      if (isOpen) unread.push(passing);
      else passing.release();
      read();
    },
    onFrame: (handler) => {
      frameHandler = handler;
      read();
    },
    stop: () => {
      isOpen = false;
      for (const { release } of unread.splice(0)) release();
    },
  };
};

/**
 * One direction. What the dice spare comes in order; the rest late, twice or never. A close is
 * never lost and comes after everything in order.
 */
const createPassage = (
  { timers, random, faults, stats, watch }: LinkDeps,
  leave: (passing: Passing) => void,
): ((frame: Uint8Array | null, release: () => void) => void) => {
  const ordered: Passing[] = [];
  // One timer for each, but the first in line leaves whichever fires: timers need not keep order.
  const leaveNext = (): void => {
    const next = ordered.shift();
    if (next !== undefined) leave(next);
  };
  const lineUp = (passing: Passing): void => {
    ordered.push(passing);
    timers.after(faults().delayMs, leaveNext);
  };
  return (frame, release) => {
    if (frame === null) {
      lineUp({ frame, release });
      return;
    }
    const { loss, duplicate, reorder, delayMs } = faults();
    stats.frames++;
    stats.bytes += frame.length;
    watch(frame);
    if (random() < loss) {
      stats.lost++;
      timers.after(delayMs, release);
      return;
    }
    if (random() < duplicate) {
      stats.duplicated++;
      lineUp({ frame: frame.slice(), release: () => undefined });
    }
    if (random() < reorder) {
      stats.reordered++;
      timers.after(delayMs + 1 + random() * overtakenMs, () => {
        leave({ frame, release });
      });
    } else {
      lineUp({ frame, release });
    }
  };
};

const unreachable = (): NebulusError =>
  new NebulusError({
    code: "PeerUnreachable",
    message: "the channel to this peer is closed",
    retryable: true,
  });

const tooLarge = (length: number): NebulusError =>
  new NebulusError({
    code: "TooLarge",
    message: `a frame has 1 to ${frameBytesMax} bytes, this one ${length}`,
    retryable: false,
  });
