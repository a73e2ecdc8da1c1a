/**
 * What a transaction's function is given, and the store that a live query is. Types only, and apart
 * from api.ts, since they name nothing of a database.
 */
import type {
  Document,
  FindOptions,
  NewDocument,
  Query,
  Selector,
  Stored,
  Update,
} from "./types.ts";

/** A store as Svelte knows them. It follows the database while anyone is subscribed. */
export interface LiveQuery<D> {
  /**
   * Undefined until the database has answered; then the rows. Rows that did not change keep their
   * identity.
   */
  readonly current: readonly D[] | undefined;
  /** Calls `run` at once with what `current` is, then after every change. */
  subscribe(run: (rows: readonly D[] | undefined) => void): () => void;
}

/** What `transaction` hands to its function, to be used until that ends. */
export interface Transaction<C extends object = object> {
  /** Throws `InvalidArgument` for a name that none has. */
  collection<N extends keyof C & string>(name: N): TransactionCollection<C[N]>;
  /** One that `C` does not name. */
  collection<T = Document>(name: string): TransactionCollection<T>;
}

/**
 * As in a collection, errors too. Reads see what the transaction wrote before; what they gave is
 * validated when it commits.
 */
export interface TransactionCollection<T = Document> {
  /** null: there is none. */
  get(id: string): Promise<Stored<T> | null>;
  /** In the order of the ids, those that are missing left out. */
  getMany(ids: readonly string[]): Promise<Stored<T>[]>;
  /** Without a query all of them, in the order of their ids. */
  find(query?: Query, options?: TransactionFindOptions): Promise<Stored<T>[]>;
  /** The first that `find` would give; null: none matches. */
  findOne(query?: Query, options?: TransactionFindOptions): Promise<Stored<T> | null>;
  /** Reads what it counts, so that a change of any of it spoils the transaction. */
  count(query?: Query): Promise<number>;
  /** The document as it will be stored. A living id: `DuplicateId`. */
  insert(document: NewDocument<T>): Promise<Stored<T>>;
  /** Inserts, or makes the living document equal: fields that are not given go. */
  upsert(document: NewDocument<T>): Promise<Stored<T>>;
  /** The count of documents that matched, changed or not. */
  update(where: Selector, update: Update<T>): Promise<number>;
  /** The count of documents that matched. */
  delete(where: Selector): Promise<number>;
}

/** Of `FindOptions` what can be had within a transaction. */
export type TransactionFindOptions = Pick<FindOptions, "sort" | "limit" | "offset">;
