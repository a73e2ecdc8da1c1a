/**
 * What the storage test page and those who drive it say to each other.
 */
import type { DistributedDatabase, ErrorValue, Health } from "../../../src/index.ts";
import type { Tampering } from "./tamper.ts";
import type { LaneOptions } from "./workload.ts";

/** Which worker runs the database: the product's, or that in a browser that lacks something. */
export type WorkerKind =
  "product" | "small" | "without-tables" | "without-handles" | "without-folder";

export interface LaneExpected extends LaneOptions {
  /** Commands whose acknowledgement was heard. */
  readonly acknowledged: number;
}

export interface LaneChecked {
  readonly lane: number;
  /** Commands that took effect. */
  readonly done: number;
  readonly documents: number;
  /** What of it should be otherwise; some of it. */
  readonly problems: readonly string[];
}

export interface Checked {
  readonly lanes: readonly LaneChecked[];
  /** As the database counts them. */
  readonly documents: number;
  readonly health: Health;
}

/** What the page tells by itself, in order. */
export type Told =
  | { readonly kind: "loaded" }
  /** The database is about to be opened. */
  | { readonly kind: "opening" }
  /** The lane's commands up to there are acknowledged. It waits to be told to go on. */
  | { readonly kind: "acknowledged"; readonly lane: number; readonly done: number }
  | { readonly kind: "failed"; readonly error: string };

/** As far as tests look at it. */
export interface Note {
  readonly id: string;
  readonly n: number;
  readonly body: string;
}

export interface Found {
  readonly notes: readonly Note[];
  readonly health: Health;
}

export interface TabReport {
  /** Inserts that were acknowledged. */
  readonly acknowledged: number;
  readonly leads: boolean;
  /** What went wrong. */
  readonly problems: readonly string[];
  /** Documents that a live query shows. */
  readonly shown: number;
}

export interface StoragePage {
  /** The same database until it is closed. */
  readonly database: (name: string) => DistributedDatabase<{ notes: Note }>;
  /** Inserts `n<from>` up to `n<to - 1>`: as one batch, or each by itself. */
  readonly insert: (
    name: string,
    from: number,
    to: number,
    how: "batch" | "singly",
  ) => Promise<void>;
  /** All its notes by n, and then its health. */
  readonly find: (name: string) => Promise<Found>;
  readonly close: (name: string) => Promise<void>;
  readonly tamper: Tampering;
  /** From now on workers of databases are of this kind. */
  readonly useWorker: (kind: WorkerKind) => void;
  /** Ends the workers of all databases as a crash would: nothing is closed. */
  readonly killWorkers: (name: string) => Promise<void>;
  /** Holds a journal file, as a frozen leader does; the answer lets it go. */
  readonly hold: (path: readonly string[]) => Promise<() => void>;
  /** What a promise rejects with, as a value that can leave the page. */
  readonly refusal: (promise: Promise<unknown>) => Promise<ErrorValue>;
  /** Opens the lanes' database, and says how it is. */
  readonly openLanes: (lanes: readonly LaneExpected[]) => Promise<Checked>;
  /** Begins to write in these lanes, each waiting for `goOn` after each command. */
  readonly startLanes: (lanes: readonly number[]) => void;
  readonly goOn: (lane: number) => void;
  /** Begins to write as one of several tabs. */
  readonly startTab: (tab: string) => Promise<void>;
  /** Of this tab, so far. */
  readonly tab: () => TabReport;
  /** Stops writing; resolves when all is answered. */
  readonly stopTab: () => Promise<TabReport>;
  /** Blocks the worker, whatever it is doing, until a request to this address is answered. */
  readonly freeze: (frozenUntil: string) => void;
  readonly closeLanes: () => Promise<void>;
}

declare global {
  interface Window {
    storagePage: StoragePage;
    /** Put there by who drives the page. */
    tellHarness?: (told: string) => void;
  }
}
