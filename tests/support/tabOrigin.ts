/**
 * Locks and channels of one origin for tabs in one process, as Web Locks and BroadcastChannels are.
 */
import { heartbeatMilliseconds } from "../../src/core/base/limits.ts";
import type { Release, TabChannel, TabPlatform, Wish } from "../../src/worker/tabs/platform.ts";
import { gatedTimers, type Gate } from "./tabGate.ts";
import type { VirtualTime } from "./virtualTime.ts";

/** What all tabs of an origin share. */
export interface Origin {
  readonly clock: VirtualTime;
  readonly locks: Map<string, Lock>;
  readonly channels: Map<string, Set<Listener>>;
}

export interface Process {
  readonly id: string;
  readonly gate: Gate;
  readonly held: Set<Holder>;
  /** Ends each of its channels. */
  readonly channels: Set<() => void>;
}

interface Lock {
  holder: Holder | null;
  readonly queue: Holder[];
}

interface Holder {
  readonly name: string;
  readonly process: Process;
  readonly granted: (release: Release) => void;
  readonly lost: () => void;
}

interface Listener {
  readonly process: Process;
  readonly hear: (message: unknown) => void;
}

export const platformOf = (origin: Origin, process: Process, build: number): TabPlatform => {
  let ids = 0;
  return {
    ...{ build, heartbeatMilliseconds },
    makeId: () => `${process.id}-${++ids}`,
    timers: gatedTimers(origin.clock, process.gate),
    locks: { take: (name, wish, lost) => take(origin, process, { name, wish, lost }) },
    openChannel: (name, onMessage) => openChannel(origin, process, name, onMessage),
  };
};

const take = (
  origin: Origin,
  process: Process,
  { name, wish, lost }: Request,
): Promise<Release | null> =>
  new Promise((resolve) => {
    const holder: Holder = {
      ...{ name, process },
      granted: (release) => {
        process.gate.pass(() => {
          resolve(release);
        });
      },
      lost: () => {
        process.gate.pass(() => lost?.());
      },
    };
    const lock = origin.locks.get(name) ?? { holder: null, queue: [] };
    origin.locks.set(name, lock);
    const isFree = lock.holder === null && lock.queue.length === 0;
    if (wish.kind === "steal") evict(lock);
    if (isFree || wish.kind === "steal") grant(origin, lock, holder);
    else if (wish.kind === "wait") queueUp(lock, holder, wish.signal, resolve);
    else resolve(null);
  });

interface Request {
  readonly name: string;
  readonly wish: Wish;
  readonly lost: (() => void) | undefined;
}

const evict = (lock: Lock): void => {
  const { holder } = lock;
  lock.holder = null;
  if (holder === null) return;
  holder.process.held.delete(holder);
  holder.lost();
};

const queueUp = (
  lock: Lock,
  holder: Holder,
  signal: AbortSignal,
  givenUp: (nothing: null) => void,
): void => {
  lock.queue.push(holder);
  holder.process.held.add(holder);
  signal.addEventListener("abort", () => {
    const at = lock.queue.indexOf(holder);
    if (at < 0) return;
    lock.queue.splice(at, 1);
    holder.process.held.delete(holder);
    givenUp(null);
  });
};

const grant = (origin: Origin, lock: Lock, holder: Holder): void => {
  lock.holder = holder;
  holder.process.held.add(holder);
  holder.granted(async () => {
    free(origin, holder);
  });
};

export const free = (origin: Origin, holder: Holder): void => {
  holder.process.held.delete(holder);
  const lock = origin.locks.get(holder.name);
  if (lock === undefined) return;
  const at = lock.queue.indexOf(holder);
  if (at >= 0) lock.queue.splice(at, 1);
  if (lock.holder !== holder) return;
  lock.holder = null;
  const next = lock.queue.shift();
  if (next !== undefined) grant(origin, lock, next);
};

const openChannel = (
  { clock, channels }: Origin,
  process: Process,
  name: string,
  onMessage: (message: unknown) => void,
): TabChannel => {
  let isOpen = true;
  const listeners = channels.get(name) ?? new Set();
  channels.set(name, listeners);
  const listener: Listener = {
    process,
    hear: (message) => {
      process.gate.pass(() => {
        if (isOpen) onMessage(message);
      });
    },
  };
  listeners.add(listener);
  const leave = (): void => {
    isOpen = false;
    listeners.delete(listener);
    process.channels.delete(leave);
  };
  process.channels.add(leave);
  return {
    post(message) {
      if (!process.gate.life.isAlive || !isOpen) return;
      // Every listener gets a copy of its own, as the platform makes it
      for (const other of [...listeners]) {
        if (other === listener) continue;
        const copy = structuredClone(message);
        clock.soon(() => {
          other.hear(copy);
        });
      }
    },
    close: leave,
  };
};
