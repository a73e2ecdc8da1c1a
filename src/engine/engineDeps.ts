/**
 * What an engine is given: all that it does not do itself, as ports.
 */
import type { CryptoPort } from "../core/crypto/port.ts";
import type { OpenNetworkMaker } from "../core/network/open.ts";
import type { DeliveredSegment } from "../core/segment/segment.ts";
import type { LiveChange } from "../core/wire/requests.ts";
import type { Store } from "../storage/store.ts";
import type { Bounds } from "./bounds.ts";
import type { Home } from "./home.ts";
import type { Listeners } from "./teller.ts";
import type { Timers } from "./timers.ts";

export interface EngineDeps extends Listeners {
  readonly store: Store;
  readonly crypto: CryptoPort;
  readonly timers: Timers;
  /** Asked at each flush. */
  readonly durability: () => "strict" | "relaxed";
  /** How much is kept in memory and left to an opening; default: those of limits.ts. */
  readonly bounds?: Partial<Bounds>;
  /** Tests have networks of suite 0 in its place. */
  readonly openNetwork: OpenNetworkMaker;
  readonly onLive: (subscription: number, change: LiveChange) => void;
  /**
   * Segments were delivered or cut, and are stored: they may be sent. `from`: the peer that sent
   * them.
   */
  readonly onSegments: (
    home: Home,
    segments: readonly DeliveredSegment[],
    from: string | null,
  ) => void;
}
