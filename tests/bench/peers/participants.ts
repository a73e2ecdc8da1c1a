/**
 * Who takes part, how each is used and what its promise is worth when it resolves: stated here once
 * and printed in every report.
 */

/** `strict`: flushed to the disk. `relaxed`: handed to the operating system. */
export type Durability = "strict" | "relaxed";

export interface Participant {
  readonly name: string;
  readonly title: string;
  /** npm's name of it; null: part of the browser or of this repository. */
  readonly package: string | null;
  /** Which promises it can make; in the others' workloads it has no row. */
  readonly durabilities: readonly Durability[];
  /** What it does for them. */
  readonly durability: string;
  /** How it is used. */
  readonly use: string;
  /** Answers come from storage, or from the page's memory into which everything was loaded. */
  readonly reads: "storage" | "memory";
}

export const ours = "nebulus";

export const participants: readonly Participant[] = [
  {
    ...{ name: ours, title: "NebulusDB", package: null, reads: "storage" },
    durabilities: ["strict", "relaxed"],
    durability: "durability: strict (flushed) or relaxed",
    use: "createDistributedDb in a page, engine in its worker",
  },
  {
    ...{ name: "indexeddb", title: "raw IndexedDB", package: null, reads: "storage" },
    durabilities: ["strict", "relaxed"],
    durability: "durability of the transaction: strict or relaxed",
    use: "in the page; a record a document, a transaction a call",
  },
  {
    ...{ name: "dexie", title: "Dexie", package: "dexie", reads: "storage" },
    durabilities: ["strict", "relaxed"],
    durability: "chromeTransactionDurability: strict or relaxed",
    use: "in the page; bulk methods, scans by toArray",
  },
  {
    ...{ name: "rxdb", title: "RxDB", package: "rxdb", reads: "storage" },
    durabilities: ["strict", "relaxed"],
    durability: "its Dexie's chromeTransactionDurability: strict or relaxed",
    use: "in the page; free Dexie storage, bulk methods, one tab",
  },
  {
    ...{ name: "sqlite", title: "SQLite", package: "@sqlite.org/sqlite-wasm", reads: "storage" },
    durabilities: ["strict", "relaxed"],
    durability: "WAL, synchronous FULL (flushes each commit) or NORMAL",
    use: "in a worker; opfs-sahpool, prepared statements, JSON across",
  },
  {
    ...{ name: "pglite", title: "PGlite", package: "@electric-sql/pglite", reads: "storage" },
    durabilities: ["strict", "relaxed"],
    durability: "relaxedDurability off (waits for its file system's flush) or on",
    use: "in a worker; OPFS-AHP, one statement a call, JSON across",
  },
  {
    ...{ name: "tinybase", title: "TinyBase", package: "tinybase", reads: "memory" },
    durabilities: ["relaxed"],
    durability: "IndexedDB persister's save(), no flush: relaxed only",
    use: "in the page's memory; save() after each call writes the table",
  },
  {
    ...{ name: "yjs", title: "Yjs", package: "y-indexeddb", reads: "memory" },
    durabilities: ["relaxed"],
    durability: "y-indexeddb's update stored, no flush: relaxed only",
    use: "in the page's memory; a Y.Map a document, one transaction a call",
  },
];

/** Those that bring a state from one replica to another. */
export interface EngineParticipant {
  readonly name: string;
  readonly title: string;
  readonly package: string | null;
  readonly use: string;
  readonly merges: boolean;
}

export const engines: readonly EngineParticipant[] = [
  {
    ...{ name: ours, title: "NebulusDB", package: null, merges: true },
    use: "two engines over createMemoryHub: sealed, signed, checked, verified equal",
  },
  {
    ...{ name: "yjs", title: "Yjs", package: "yjs", merges: true },
    use: "encodeStateAsUpdateV2 against B's state vector, applyUpdateV2",
  },
  {
    ...{ name: "automerge", title: "Automerge", package: "@automerge/automerge", merges: true },
    use: "texts as ImmutableString; save and load of the whole; getChangesSince, applyChanges",
  },
  {
    ...{ name: "loro", title: "Loro", package: "loro-crdt", merges: true },
    use: "snapshot exported and imported; updates for edits",
  },
  {
    ...{ name: "json", title: "JSON, gzip", package: null, merges: false },
    use: "JSON.stringify, CompressionStream gzip, and back",
  },
];
