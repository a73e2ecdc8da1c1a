/**
 * The documents of one collection as the list shows them: live, the newest first, filtered by
 * words, a page at a time so that ten thousand do not stop the screen.
 */
import { createSubscriber } from "svelte/reactivity";
import type { DocumentFields, Fields } from "../core/base/types.ts";
import type { DistributedCollection, LiveQuery } from "../client/api.ts";
import type { Notices } from "./notices.svelte.ts";
import { learnTextNames, queryOfWords, type LearntNames } from "./text/filter.ts";

export const pageSize = 50;
/** So many documents are looked at for names of fields; 10,000 take some hundredths of a second. */
const namesFromMax = 10_000;

export class Documents {
  words = $state("");
  #limit = $state(pageSize);
  /** Where the filter looks besides the id. */
  learnt = $state.raw<LearntNames>({ names: [], isPart: false });
  readonly #collection: DistributedCollection<Fields>;
  readonly #notices: Notices;

  readonly #live = $derived.by(() => {
    const query = queryOfWords(this.words, this.learnt.names);
    // one more than shown tells whether there are more
    const options = { sort: [["id", -1]], limit: this.#limit + 1 } as const;
    const onError = (error: Error): void => this.#notices.problem(error);
    return reactive(this.#collection.live(query, { ...options, onError }));
  });
  #last: readonly DocumentFields[] | undefined;
  /** While a new query is under way, the rows of the one before. */
  readonly #rows = $derived.by(() => (this.#last = this.#live.current ?? this.#last));

  /** Undefined until the first answer. */
  readonly shown = $derived(this.#rows?.slice(0, this.#limit));
  readonly isMore = $derived((this.#rows?.length ?? 0) > this.#limit);
  readonly isFiltered = $derived(this.words.trim() !== "");

  constructor(collection: DistributedCollection<Fields>, notices: Notices) {
    this.#collection = collection;
    this.#notices = notices;
  }

  showMore(): void {
    this.#limit += pageSize;
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
