/**
 * The documents of one collection as the grid shows them: the order of all of them is live, by ids
 * alone; the documents themselves are read for the rows in sight. So a hundred thousand of them
 * cost the page a list of ids.
 */
import { createSubscriber } from "svelte/reactivity";
import type { DocumentFields, Fields } from "../core/base/types.ts";
import type { DistributedCollection, LiveQuery } from "../client/api.ts";
import type { Metadata } from "../client/types.ts";
import type { Notices } from "./notices.svelte.ts";
import { learnColumns } from "./text/columns.ts";
import { noIds, noRows, withoutMetadata, withMarked, withRows, type Rows } from "./text/keep.ts";
import { learnTextNames, queryOfWords, type LearntNames } from "./text/filter.ts";

/** So many documents are looked at for names of fields; 10,000 take some hundredths of a second. */
const namesFromMax = 10_000;
/** Rows that stay when others are in sight. */
const keptRowsMax = 2_000;

export interface Order {
  /** "id": as they were made. */
  readonly name: string;
  readonly direction: 1 | -1;
}

export const newestFirst: Order = { name: "id", direction: -1 };

type Told = DocumentFields & Metadata;

/** Rows from, and up to but without, by position. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

export class Documents {
  words = $state("");
  order = $state.raw<Order>(newestFirst);
  /** Where the filter looks besides the id. */
  learnt = $state.raw<LearntNames>({ names: [], isPart: false });
  /** Names of fields, the most frequent first, of the documents that were seen so far. */
  columns = $state.raw<readonly string[]>([]);
  /** Those that were read, by id. */
  rows = $state.raw<Rows>(noRows);
  /** Ids of those that were read and are not shared, whatever becomes of their collection. */
  privates = $state.raw(noIds);
  /** Ids of those that were read and show a value of a device whose clock is fast. */
  ahead = $state.raw(noIds);
  readonly #collection: DistributedCollection<Fields>;
  readonly #notices: Notices;
  #window: Window = { from: 0, to: 0 };
  /** The order in which the rows were read. */
  #readIn: readonly string[] | null = null;
  #isReading = false;
  #isStale = false;

  readonly #live = $derived.by(() => {
    const query = queryOfWords(this.words, this.learnt.names);
    const { name, direction } = this.order;
    const options = { sort: [[name, direction]], fields: ["id"] } as const;
    const onError = (error: Error): void => this.#notices.problem(error);
    return reactive(this.#collection.live(query, { ...options, onError }));
  });
  #last: readonly string[] | undefined;

  /** In order; undefined until the first answer. While another is under way, the one before. */
  readonly ids = $derived.by(() => {
    const current = this.#live.current?.map(({ id }) => id);
    return (this.#last = current ?? this.#last);
  });
  readonly isFiltered = $derived(this.words.trim() !== "");

  constructor(collection: DistributedCollection<Fields>, notices: Notices) {
    this.#collection = collection;
    this.#notices = notices;
  }

  /** The rows that are in sight, or may soon be: read where they are not there, or may differ. */
  look(window: Window): void {
    this.#window = window;
    void this.#read();
  }

  async learnNames(): Promise<void> {
    try {
      const documents = this.#collection.iterate({}, { pageSize: 1_000 });
      const learnt = await learnTextNames(documents, namesFromMax);
      const isSame = learnt.names.join("\0") === this.learnt.names.join("\0");
      // the same names in a new list would ask everything again
      this.learnt = isSame ? { ...learnt, names: this.learnt.names } : learnt;
    } catch (error) {
      this.#notices.problem(error);
    }
  }

  /** One reading at a time: what is in sight by then is read next. */
  async #read(): Promise<void> {
    this.#isStale = true;
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (this.#isStale) {
        this.#isStale = false;
        const { from, to } = this.#window;
        const order = this.ids ?? [];
        const isSame = order === this.#readIn;
        const inSight = order.slice(from, to);
        const ids = isSame ? inSight.filter((id) => !this.rows.has(id)) : inSight;
        if (ids.length === 0) continue;
        const told = await this.#collection.getMany(ids, { meta: true });
        const found = told.map(withoutMetadata);
        // Every change of a document makes the order anew: what was read before may be another now
        this.rows = withRows(isSame ? this.rows : noRows, found, keptRowsMax);
        const marked = (known: ReadonlySet<string>, isMarked: (one: Told) => boolean) =>
          withMarked(isSame ? known : noIds, told, this.rows, isMarked);
        this.privates = marked(this.privates, ({ _visibility }) => _visibility === "private");
        this.ahead = marked(this.ahead, ({ _ahead }) => _ahead !== undefined);
        this.#readIn = order;
        this.columns = learnColumns(this.columns, found);
      }
    } catch (error) {
      this.#notices.problem(error);
    } finally {
      this.#isReading = false;
    }
  }
}

/** A live query whose `current` is followed by whatever reads it. */
const reactive = <D>(live: LiveQuery<D>): { readonly current: readonly D[] | undefined } => {
  const follow = createSubscriber((update) => {
    let isFirst = true;
    // the first call comes at once and tells what `current` is anyway
    const unfollow = live.subscribe(() => {
      if (!isFirst) update();
    });
    isFirst = false;
    return unfollow;
  });
  return {
    get current() {
      follow();
      return live.current;
    },
  };
};
