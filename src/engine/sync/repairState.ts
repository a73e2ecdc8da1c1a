/**
 * What a home remembers of repairs: what is under way, what was tried in vain, and when it may be
 * tried again. A peer that always differs costs ever less, and its silence nothing.
 */
import {
  repairDevicesMax,
  repairWaitMilliseconds,
  repairWaitMillisecondsMax,
} from "../../core/base/limits.ts";
import type { RangeItems } from "../../core/sync/rangeItems.ts";
import type { RangesStep } from "../../core/sync/rangesMessage.ts";
import type { Peer } from "./peer.ts";

export interface HomeRepair {
  /** An inquiry of this device, or a rebuilding. */
  isBusy: boolean;
  isListing: boolean;
  /** When documents were last listed. */
  listedAt: number;
  /** Kept to answer one peer from. */
  list: List | null;
  forgetList: () => void;
  /** Of this device's questions. */
  round: number;
  question: Asked | null;
  cancelRetry: () => void;
  /** Rebuilding from the log, whoever asked for it. */
  rebuilding: Patience;
  /** Asking, by device. */
  readonly asking: Map<string, Patience>;
}

/** All documents in the order of the session with that peer. */
export interface List {
  readonly peer: Peer;
  readonly situation: string;
  readonly items: RangeItems;
}

/** A question of this device that waits for its answer. */
export interface Asked {
  readonly peer: Peer;
  readonly round: number;
  readonly take: (step: RangesStep | null) => void;
}

export const createHomeRepair = (): HomeRepair => ({
  ...{ isBusy: false, isListing: false, listedAt: -Infinity, list: null },
  ...{ round: 0, question: null, rebuilding: patient, asking: new Map() },
  forgetList: () => undefined,
  cancelRetry: () => undefined,
});

export interface Patience {
  /** What was tried in vain: not tried again as long as it is so. */
  readonly situation: string | null;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly waitMilliseconds: number;
}

export const patient: Patience = {
  ...{ situation: null, notBefore: -Infinity },
  waitMilliseconds: repairWaitMilliseconds,
};

/** How long to wait: 0 for now, null for ever. */
export const waitOf = (patience: Patience, situation: string, now: number): number | null => {
  if (patience.situation === situation) return null;
  // A clock that was put back makes nobody wait longer
  return Math.min(Math.max(0, patience.notBefore - now), patience.waitMilliseconds);
};

/** `situation` null: it was not tried to its end. */
export const triedInVain = (
  { waitMilliseconds }: Patience,
  situation: string | null,
  now: number,
): Patience => ({
  situation,
  notBefore: now + waitMilliseconds,
  waitMilliseconds: Math.min(waitMilliseconds * 2, repairWaitMillisecondsMax),
});

export const noteAsking = (repair: HomeRepair, device: string, patience: Patience): void => {
  const { asking } = repair;
  asking.delete(device);
  asking.set(device, patience);
  const [oldest] = asking.keys();
  if (asking.size > repairDevicesMax && oldest !== undefined) asking.delete(oldest);
};
