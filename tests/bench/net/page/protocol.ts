/**
 * What a page of the benchmark is asked, and what it answers. Times are the wall clock's in
 * milliseconds with fractions: profiles of one machine share it, and the bare channel tells how far
 * two of them are apart all the same (`BarePings.aheadMilliseconds`).
 */
import type { PeerInfo } from "../../../../src/client/networkTypes.ts";
import type { Memory } from "../../peers/page/memory.ts";
import type { Spread } from "../../support/statistics.ts";

/** What a collection is to be like: held, and verified equal with so many devices. */
export interface Wanted {
  readonly operations: number;
  readonly devices: number;
}

export interface Timed {
  readonly started: number;
  readonly ended: number;
}

/** Of a page that was loaded while another device holds the same. */
export interface Loaded {
  /** From the navigation on. */
  readonly milliseconds: number;
  /** From the first frame behind the greeting on. */
  readonly sessionMilliseconds: number;
  readonly path: string;
  /** Both ways, without the greeting, until it was verified. */
  readonly frames: number;
  readonly bytes: number;
}

export interface Arrived extends Timed {
  /** Milliseconds of the longest task of the page; 0: none was longer than 50. */
  readonly longestTask: number;
  /** Of queries that the worker answered meanwhile, in milliseconds. */
  readonly answers: Spread;
  readonly answerCount: number;
}

export interface Held {
  /** Bytes over the start, garbage collected: the greatest. */
  readonly worker: number;
  readonly page: number;
}

export interface BarePings {
  /** Round trips of 64 bytes in milliseconds. */
  readonly spread: Spread;
  /** How far the other side's clock is ahead of this one's. */
  readonly aheadMilliseconds: number;
}

export interface Relays {
  readonly relays: readonly string[];
  /** No WebRTC. */
  readonly relayOnly: boolean;
}

export interface NetPage {
  /** Opens the database of this profile; settles when it is open. */
  readonly open: () => Promise<void>;
  readonly close: () => Promise<void>;
  readonly configure: (settings: Relays) => Promise<void>;
  /** Makes the closed network; gives the link of an invite for all others. */
  readonly create: () => Promise<string>;
  /** Settles when this device is a member that may write. */
  readonly join: (invite: string) => Promise<void>;
  /** Connected with so many, over this path. */
  readonly connected: (devices: number, path: PeerInfo["path"] | "any") => Promise<void>;
  /** By the device that made the network. */
  readonly share: (collection: string) => Promise<void>;
  readonly attach: (collection: string) => Promise<void>;
  /** When the collection is as wanted. */
  readonly settled: (collection: string, wanted: Wanted) => Promise<number>;
  /** Attaches it, and is told when all of it is there. */
  readonly take: (collection: string, wanted: Wanted) => Promise<Timed>;
  /** The same, with eyes on the page's tasks and the worker's answers from another collection. */
  readonly takeWatched: (
    collection: string,
    wanted: Wanted,
    asked: { readonly collection: string; readonly documents: number; readonly seed: number },
  ) => Promise<Arrived>;
  /** The same, with eyes on memory. */
  readonly takeWeighed: (collection: string, wanted: Wanted) => Promise<Held>;
  /** Inserts documents of the seed in one call each 10,000. */
  readonly fill: (
    collection: string,
    documents: number,
    seed: number,
    from?: number,
  ) => Promise<Timed>;
  /** Inserts documents with so many random bytes each. */
  readonly fillLarge: (collection: string, documents: number, bytes: number) => Promise<void>;
  /** One write after the other, each awaited. */
  readonly writeEach: (collection: string, documents: number, seed: number) => Promise<Timed>;
  /** All at once, each a write of its own. */
  readonly writeAll: (
    collection: string,
    documents: number,
    seed: number,
    from: number,
  ) => Promise<Timed>;
  /** Writes one after the other with rests between; when each was made. */
  readonly writeSpaced: (collection: string, count: number) => Promise<readonly number[]>;
  /** When each of them was seen by a live query. */
  readonly seen: (collection: string, count: number) => Promise<readonly number[]>;
  /** Throws where one of so many documents of the seed is missing or another one. */
  readonly check: (collection: string, documents: number, seed: number) => Promise<void>;
  /** Frames to and from peers since the last call of this. */
  readonly counted: () => Counted;
  readonly memory: () => Promise<Memory>;
  readonly bare: BareChannel;
}

export interface Counted {
  readonly sent: number;
  readonly received: number;
}

/** A data channel between two of these pages, with nothing else around it. */
export interface BareChannel {
  /** Gives what the other side takes. */
  readonly offer: () => Promise<string>;
  readonly answer: (offer: string) => Promise<string>;
  /** Settles when the channel is open. */
  readonly accept: (answer: string) => Promise<void>;
  readonly ping: (count: number) => Promise<BarePings>;
  /** Milliseconds until the other side has so many bytes. */
  readonly send: (bytes: number) => Promise<number>;
  readonly close: () => void;
}

declare global {
  interface Window {
    readonly netBench: NetPage;
    /** Of a page whose address says what to watch. */
    readonly netLoaded: Promise<Loaded> | undefined;
    /**
     * Given where links are shaped: the place to which datagrams for that peer's place are sent.
     */
    readonly shapedPlace?: (address: string, port: number) => Promise<ShapedPlace>;
  }
}

export interface ShapedPlace {
  readonly address: string;
  readonly port: number;
}
