/**
 * Who is told of what changed, and when: transactions at once, since they are decided in memory;
 * people once it is there for good. A document that a later command has changed again is shown when
 * that one is flushed, so that nothing shows which may be taken back.
 */
import type { ErrorValue } from "../core/base/errors.ts";
import type { Batch } from "./append.ts";
import type { Changes } from "./changes.ts";
import { systemPrefix } from "./collections.ts";
import { errorValueOf } from "./failure.ts";
import type { Home } from "./home.ts";
import type { Live } from "./live.ts";
import type { Unflushed } from "./unflushed.ts";

export interface Listeners {
  /** Collections came, went, or have another network. */
  readonly onCollections: () => void;
  /** Documents of a home changed for good: what it says about itself is another by now. */
  readonly onHome: (home: Home) => void;
  /** Peers' ops were read: the documents that they changed, as these were before. */
  readonly onArrived: (batch: Batch) => void;
  /** The database can not go on. */
  readonly onFailed: (error: ErrorValue) => void;
}

export interface Teller {
  /** In memory: what transactions read may be another by now. */
  readonly changed: (batch: Batch) => void;
  /** For good: people may see it. */
  readonly shown: (batch: Batch) => void;
  /** Both at once. */
  readonly applied: (batch: Batch) => void;
  /** Peers' changes. */
  readonly arrived: (batch: Batch) => void;
  readonly collection: (name: string) => void;
  readonly home: (home: Home) => void;
  readonly failed: (error: unknown) => void;
}

export const createTeller = (
  deps: Listeners,
  live: Live,
  changes: Changes,
  unflushed: Pick<Unflushed, "isWritten">,
): Teller => {
  const changed = (batch: Batch): void => {
    for (const [home, documents] of batch) {
      for (const id of documents.keys()) changes.note(home.collection, id);
    }
  };

  const shown = (batch: Batch): void => {
    for (const [collection, homes] of homesByCollection(batch)) {
      if (collection.startsWith(systemPrefix)) deps.onCollections();
      else if (live.isWatched(collection)) live.changed(collection, shownIds(homes, unflushed));
    }
    for (const home of batch.keys()) deps.onHome(home);
  };

  const applied = (batch: Batch): void => {
    changed(batch);
    shown(batch);
  };

  return {
    changed,
    shown,
    applied,
    arrived: (batch) => {
      applied(batch);
      deps.onArrived(batch);
    },
    collection: (name) => {
      live.reread(name);
      deps.onCollections();
    },
    home: (home) => {
      live.reread(home.collection);
      deps.onHome(home);
    },
    failed: (error) => {
      deps.onFailed(errorValueOf(error));
    },
  };
};

type ChangedHome = readonly [home: Home, documents: ReadonlyMap<string, unknown>];

/** A collection's two homes are one to its readers, and tell them once. */
const homesByCollection = (batch: Batch): ReadonlyMap<string, readonly ChangedHome[]> => {
  const byCollection = new Map<string, ChangedHome[]>();
  for (const changed of batch) {
    const { collection } = changed[0];
    byCollection.set(collection, [...(byCollection.get(collection) ?? []), changed]);
  }
  return byCollection;
};

const shownIds = (
  homes: readonly ChangedHome[],
  { isWritten }: Pick<Unflushed, "isWritten">,
): ReadonlySet<string> => {
  const ids = new Set<string>();
  for (const [home, documents] of homes) {
    for (const id of documents.keys()) if (!isWritten(home, id)) ids.add(id);
  }
  return ids;
};
