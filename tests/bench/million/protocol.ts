/**
 * What the page of a million documents is asked, and what it answers.
 */
import type { Spread } from "../support/statistics.ts";
import type { Memory } from "../peers/page/memory.ts";

export interface Sizes {
  readonly documents: number;
  readonly seed: number;
}

export interface Filled {
  /** In the calls alone. */
  readonly milliseconds: number;
  /** Of each tenth of the calls. */
  readonly tenths: readonly number[];
  readonly closing: number;
  readonly memory: Memory;
}

export interface MillionPage {
  /** Inserts them in calls of 10,000, and closes. `told` is called after each tenth. */
  readonly fill: (sizes: Sizes) => Promise<Filled>;
  /** Milliseconds from the call that opens to the first document. */
  readonly open: (sizes: Sizes) => Promise<number>;
  readonly memory: () => Promise<Memory>;
  /** Of single gets of random ids. */
  readonly get: (sizes: Sizes, count: number) => Promise<Spread>;
  /** Milliseconds, of so many random documents in one call. */
  readonly update: (sizes: Sizes, count: number) => Promise<number>;
  /** Milliseconds: the first, and one after it. */
  readonly scan: (sizes: Sizes) => Promise<readonly [number, number]>;
  /** Milliseconds. */
  readonly close: () => Promise<number>;
}

declare global {
  interface Window {
    millionPage: MillionPage;
    tellProgress: (line: string) => Promise<void>;
  }
}
