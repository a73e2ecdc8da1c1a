/**
 * The words in which an application talks to a collection: documents, queries, updates, options.
 * Types only, apart from what serves them, since both the database and its parts name them.
 */
import type { EntryType } from "../core/cbor/document.ts";
import type { Visibility } from "../core/wire/requests.ts";

export type { EntryType, Visibility };

/** Any document: fields by name. An `id` is text. */
export interface Document {
  [field: string]: unknown;
}

/** What is told of a document when `meta: true` asks for it. */
export interface Metadata {
  /** What the document was made from: the highest number by writer. */
  readonly _vector: { readonly [writer: string]: number };
  /** Milliseconds since 1970 of the write that shows last. */
  readonly _timestamp: number;
  /** The device of that write. */
  readonly _peerId: string;
  readonly _entryType: EntryType;
  /** `private`: it stays on this device, whether its collection is attached or not. */
  readonly _visibility: Visibility;
  /**
   * Dotted paths that show a value stamped more than 5 minutes ahead of this device's clock: a
   * device's clock is fast. There only if there are any.
   */
  readonly _ahead?: readonly string[];
  /** There on deleted documents only (`includeDeleted`). */
  readonly _deleted?: true;
}

/** A document to be stored: an absent id is made, an absent `_entryType` is MEMORY. */
export type NewDocument<T> = Omit<T, "id" | "_entryType"> & {
  readonly id?: string;
  readonly _entryType?: EntryType;
};

/** A document as it is stored. It is the caller's own copy: changing it changes nothing else. */
export type Stored<T> = T & { readonly id: string };

/** What a query with these options gives. */
export type Found<T, O> = O extends { readonly fields: readonly string[] }
  ? WithMeta<Partial<T> & { readonly id: string }, O>
  : WithMeta<Stored<T>, O>;

type WithMeta<D, O> = O extends { readonly meta: true } ? D & Metadata : D;

/**
 * Mongo-style: `{ "address.city": "Paris", age: { $gte: 18 }, $or: [ … ] }`. Of a path: `$eq`,
 * `$ne`, `$gt`, `$gte`, `$lt`, `$lte`, `$in`, `$nin`, `$regex` (with `$options`), `$exists`,
 * `$contains`, `$startsWith`, `$size`, `$all`, `$elemMatch`, `$not`; of whole queries `$and`,
 * `$or`, `$nor`, `$not`. For lists and missing fields see core/query/match.ts.
 */
export type Query = Readonly<Record<string, unknown>>;

/**
 * What an update does, by operator and dotted path; two about one path, or about one below another,
 * reject with `InvalidUpdate`. `$inc`, `$addToSet` and `$pull` merge with what others do meanwhile,
 * the others replace.
 */
export interface UpdateOperators {
  /** Values; an object replaces all that stands below its path. */
  readonly $set?: Readonly<Record<string, unknown>>;
  /** Fields that go. */
  readonly $unset?: Readonly<Record<string, true | 1 | "">> | readonly string[];
  /** Numbers to add; a missing field counts as 0. */
  readonly $inc?: Readonly<Record<string, number>>;
  /** An element for the end of a list, or several as `{ $each: [ … ] }`. */
  readonly $push?: Readonly<Record<string, unknown>>;
  /** An element to take out wherever it stands, or several as `{ $in: [ … ] }`. */
  readonly $pull?: Readonly<Record<string, unknown>>;
  /** An element to be there once, or several as `{ $each: [ … ] }`. */
  readonly $addToSet?: Readonly<Record<string, unknown>>;
}

/** Operators, or a patch: each field given is replaced as a whole, `undefined` takes it away. */
export type Update<T> = UpdateOperators | { readonly [P in keyof T]?: T[P] | undefined };

/** Which documents a write is about: those that match, or the one with this id. */
export type Selector = Query | string;

/**
 * Dotted paths with their directions, the weightiest first. Names that are whole numbers need the
 * list: in an object JavaScript puts them first.
 */
export type Sort =
  | Readonly<Record<string, 1 | -1 | "asc" | "desc">>
  | readonly (readonly [path: string, direction: 1 | -1 | "asc" | "desc"])[];

/** The last thing that every waiting call takes. */
export interface CallOptions {
  /**
   * Ends the waiting with `Aborted`. A read is over at once. A write that was sent is waited for:
   * the error's `outcome` says whether it was committed.
   */
  readonly signal?: AbortSignal | undefined;
}

/** Which documents of those that match are given, in which order, and what of them. */
export interface FindOptions extends CallOptions {
  /** Without one the order is that of the ids. Ties are broken by id. */
  readonly sort?: Sort;
  /** At most so many. Default: all. */
  readonly limit?: number;
  /** So many are left out first. Default 0. */
  readonly offset?: number;
  /**
   * Begins behind this document: the last of the page before, with the fields that are sorted by.
   */
  readonly after?: { readonly id: string };
  /** Dotted paths to keep; the id always is. */
  readonly fields?: readonly string[];
  /** Also those that were deleted; `meta` tells which. Default false. */
  readonly includeDeleted?: boolean;
  /** With what `Metadata` has. Default false. */
  readonly meta?: boolean;
}

/** For documents that are read by id. */
export interface GetOptions extends CallOptions {
  /** With what `Metadata` has. Default false. */
  readonly meta?: boolean;
}

/** For documents that are read page by page. */
export interface IterateOptions extends FindOptions {
  /**
   * How many documents are fetched at once; default 256. Each page shows the moment at which it is
   * fetched.
   */
  readonly pageSize?: number;
}

/** What a live query is about; it ends with its last subscriber, so that it needs no signal. */
export interface LiveOptions extends Omit<FindOptions, "signal"> {
  /** Told once, when the query can not go on; without it `db.on("error")` is. */
  readonly onError?: (error: Error) => void;
}

/** For documents that are inserted. */
export interface InsertOptions extends CallOptions {
  /** Where the document goes in a collection with a network; default `shared`. */
  readonly visibility?: Visibility;
}

/** One of `updateBatch`. */
export interface UpdateEntry<T> {
  readonly where: Selector;
  readonly update: Update<T>;
}

/** Which of several concurrent values of a field shows; all are kept until one is written over. */
export type ConflictStrategy = "last-write-wins" | "first-write-wins";
