/**
 * Reading a home anew from its log: after a fork, which gives ops other names, and when this device
 * finds that its own log goes on elsewhere: a profile that was rolled back or copied. Then it
 * begins a new incarnation, and what it wrote and never cut, so that it reached nobody, is written
 * anew under new dots with its first times.
 */
import type { Dot, Stamp } from "../core/base/types.ts";
import type { Entry, SeenRun } from "../core/op/types.ts";
import type { OwnOp } from "../core/segment/cut.ts";
import type { Store } from "../storage/store.ts";
import type { Commits } from "./commit.ts";
import type { Cutter } from "./cut.ts";
import type { Draft } from "./draft.ts";
import type { Exclusive } from "./exclusive.ts";
import type { Home } from "./home.ts";
import type { Ingest } from "./ingest.ts";
import type { Journal } from "./journal.ts";
import { loadSegments, pendingOps, readPending } from "./replay.ts";

export interface Rebuild {
  /** The same documents, read anew under the names that ops have by now. */
  rename(home: Home): Promise<void>;
  /** Ends the incarnation; what it did not cut goes on under the next. */
  beginAnew(home: Home): Promise<void>;
}

export interface RebuildDeps {
  readonly store: Store;
  readonly ingest: Pick<Ingest, "readAll">;
  readonly cutter: Cutter;
  readonly journal: Journal;
  readonly commits: Pick<Commits, "commit">;
  readonly exclusive: Exclusive;
  /** Every document of the home may show differently. */
  readonly reread: (home: Home) => void;
}

export const createRebuild = (deps: RebuildDeps): Rebuild => {
  const { store, cutter, journal, exclusive } = deps;

  /** Nothing is committed, flushed or cut meanwhile. */
  const quietly = (run: () => Promise<void>): Promise<void> =>
    exclusive.alone(async () => {
      await journal.idle();
      await cutter.pause(run);
    });

  const load = (home: Home): Promise<void> => loadSegments(home, store, deps.ingest);

  return {
    async rename(home) {
      await quietly(async () => {
        await load(home);
        readPending(home);
      });
      deps.reread(home);
    },
    async beginAnew(home) {
      await exclusive.alone(async () => {
        await journal.idle();
        let pending: readonly OwnOp[] = [];
        await cutter.pause(async () => {
          pending = pendingOps(home);
          home.writer = null;
          home.retired = [];
          await load(home);
        });
        await deps.commits.commit((draft) => {
          reissueOps(draft, home, pending);
        });
        // The journal still has these ops under their old dots, which are another's by now: it is
        // let go.
        await cutter.absorb();
      });
      deps.reread(home);
    },
  };
};

/** The same ops under new dots: names of each other follow, ranks stay. */
const reissueOps = (draft: Draft, home: Home, ops: readonly OwnOp[]): void => {
  const renamed = new Map<string, Dot>();
  for (const op of ops) {
    draft.put(home, (dot, time) => {
      renamed.set(textOf(op.dot), dot);
      return { ...withNames(op, (old) => renamed.get(textOf(old)) ?? old), dot, time };
    });
  }
};

const withNames = (op: OwnOp, nameOf: (dot: Dot) => Dot): OwnOp => {
  const births = op.births.map(nameOf).sort(byDot);
  if (op.kind === "delete") return { ...op, births };
  const stamp: Stamp = { ...op.dot, time: op.time };
  return {
    ...op,
    births,
    entries: op.entries.map((entry) => entryWithNames(entry, stamp, nameOf)),
  };
};

const entryWithNames = (entry: Entry, stamp: Stamp, nameOf: (dot: Dot) => Dot): Entry => {
  const replaces = entry.replaces.map(nameOf).sort(byDot);
  const origin = entry.origin ?? stamp;
  switch (entry.kind) {
    case "set":
    case "unset":
      return {
        ...entry,
        replaces,
        origin,
        seen: entry.seen.map((seen) => seenWithNames(seen, nameOf)),
      };
    case "increment":
      return { ...entry, replaces, origin, run: nameOf(entry.run) };
    case "add":
    case "remove":
      return { ...entry, replaces, origin };
  }
};

const seenWithNames = (seen: SeenRun, nameOf: (dot: Dot) => Dot): SeenRun => ({
  ...seen,
  run: nameOf(seen.run),
  dot: nameOf(seen.dot),
  alsoSaw: seen.alsoSaw.map(nameOf),
});

const byDot = (a: Dot, b: Dot): number =>
  a.writer < b.writer ? -1 : a.writer > b.writer ? 1 : a.n - b.n;

const textOf = ({ writer, n }: Dot): string => `${writer}:${String(n)}`;
