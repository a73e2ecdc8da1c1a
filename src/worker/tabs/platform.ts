/**
 * What tabs need to find each other, as ports: locks that the browser frees when their holder dies,
 * channels that reach every tab of the origin, and time. `browserPlatform.ts` has the real ones; a
 * test has them in one process and decides when a tab freezes.
 */
import type { Timers } from "../../engine/timers.ts";

/** Frees the lock; resolves when others can have it. */
export type Release = () => Promise<void>;

export type Wish =
  /** Only if nobody has it now. */
  | { readonly kind: "if-free" }
  /** When its turn comes, unless `signal` ends the waiting. */
  | { readonly kind: "wait"; readonly signal: AbortSignal }
  /** Now, whoever has it. */
  | { readonly kind: "steal" };

export interface TabLocks {
  /** null: not to be had. `lost`: somebody stole it. */
  take(name: string, wish: Wish, lost?: () => void): Promise<Release | null>;
}

export interface TabChannel {
  /**
   * To all others that have a channel of that name open; copied at the call. To nobody once it is
   * closed.
   */
  post(message: unknown): void;
  close(): void;
}

export interface TabPlatform {
  readonly locks: TabLocks;
  readonly openChannel: (name: string, onMessage: (message: unknown) => void) => TabChannel;
  readonly timers: Pick<Timers, "after">;
  /** Unique among all tabs. */
  readonly makeId: () => string;
  /** When this program was built, in milliseconds since 1970: the greater is the newer. */
  readonly build: number;
  /** How often a tab asks its leader for a sign of life. */
  readonly heartbeatMilliseconds: number;
}

export const leaderLock = (database: string): string => `nebulusdb ${database}`;

/** Held by a tab for as long as it lives: whoever gets it knows that the tab is gone. */
export const tabLock = (database: string, tab: string): string =>
  `nebulusdb ${database} tab ${tab}`;

/** Where tabs and leader find each other. */
export const lobbyName = (database: string): string => `nebulusdb ${database}`;

/** Between one tab and whoever leads, so that what one asks is not copied into all. */
export const channelName = (database: string, tab: string): string =>
  `nebulusdb ${database} tab ${tab}`;
