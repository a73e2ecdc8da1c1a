/**
 * What this device wrote and nobody has, when its incarnation ends: written anew under the next
 * one, op by op, with its first times (FORMATS.md §3, Incarnations). Names of each other follow;
 * names of what is lost are left out. A counter's run is one writer's, so the amounts that were
 * added go to a run of the new one: total by total they would stand beside what the old run became
 * elsewhere, and only one of the two would count.
 *
 * Where whole logs of others became void, what this device changed of documents that they had made
 * begins these anew: who made them may do the same under another name, and both are merged.
 */
import type { Dot, Stamp, Time } from "../core/base/types.ts";
import { CborWriter } from "../core/cbor/writer.ts";
import { bytesToLatin1 } from "../core/base/bytes.ts";
import { compareDots, equalDots, sortDots } from "../core/op/dots.ts";
import { writeOp } from "../core/op/encode.ts";
import { pathKey } from "../core/op/path.ts";
import type { Entry, NoOp, Op, SeenRun } from "../core/op/types.ts";
import type { OwnOp } from "../core/segment/cut.ts";
import type { StoredOps } from "./storedOps.ts";

/** What is to be written anew, with all that its encoding must know and only the store can tell. */
export interface Unsent {
  readonly ops: readonly OwnOp[];
  readonly runs: ReadonlyMap<Increment, RunBefore>;
}

/** `plain`: its own writer called by the writer's name, whatever forks made of it since. */
export interface PendingOp {
  readonly op: OwnOp;
  readonly plain: OwnOp;
}

type Increment = Entry & { readonly kind: "increment" };

/** What an increment went on from: the total that it saw of its run, and the one that is stored. */
interface RunBefore {
  readonly total: number;
  /** null: the run began with an op that is written anew, too. */
  readonly stored: { readonly dot: Dot; readonly total: number } | null;
  /** The op before in this run, where that is written anew. */
  readonly unsent: Dot | null;
}

/**
 * `pending`: what was never cut, in the order of its numbers; `returned`: what stands under the
 * same numbers in logs that came back. An op that is among them reached somebody.
 */
export const unsentOf = async (
  pending: readonly PendingOp[],
  returned: readonly (Op | NoOp)[],
  stored: Pick<StoredOps, "op">,
): Promise<Unsent> => {
  const known = new Set(returned.filter(isOwnOp).map(opText));
  const ops = pending.filter(({ plain }) => !known.has(opText(plain))).map(({ op }) => op);
  const unsent = new Map(ops.map((op) => [dotText(op.dot), op]));
  const runs = new Map<Increment, RunBefore>();
  for (const op of ops) {
    for (const entry of incrementsOf(op)) {
      runs.set(entry, await runBefore(entry, stored, unsent, runs));
    }
  }
  return { ops, runs };
};

/** What becomes of a change of a document whose births are all gone. */
export type LostBirths = "left out" | "born anew";

/** Makes the ops anew, in order; each is to be given the dot and time that it gets. */
export const createReissue = (
  { runs }: Unsent,
  isDelivered: (dot: Dot) => boolean,
  lost: LostBirths,
): { readonly next: (op: OwnOp, dot: Dot, time: Time) => OwnOp | null } => {
  const { renamed, reborn, namesOf, birthsOf } = createNames(isDelivered);
  /** Totals of new runs, by the dots of the ops that are written anew. */
  const totals = new Map<string, SeenRun & { readonly stored: RunBefore["stored"] }>();

  const increment = (entry: Increment, old: Dot, dot: Dot, origin: Stamp): Entry => {
    const before = runs.get(entry) ?? noRunBefore;
    const last = before.unsent === null ? undefined : totals.get(runText(entry, before.unsent));
    const total = (last?.total ?? 0) + entry.total - before.total;
    const run = last?.run ?? dot;
    const { stored } = last ?? before;
    totals.set(runText(entry, old), { run, dot, total, alsoSaw: [], stored });
    const replaces = last === undefined ? [] : [last.dot];
    return { kind: "increment", path: entry.path, run, total, replaces, origin };
  };

  /** The part of a run that is stored, and the part that is written anew: a run of its own. */
  const seenRuns = (entry: Entry, { run, dot, total, alsoSaw }: SeenRun): readonly SeenRun[] => {
    const anew = totals.get(runText(entry, dot));
    if (anew === undefined) {
      const isKnown = isDelivered(dot) && isDelivered(run);
      return isKnown ? [{ run, dot, total, alsoSaw: namesOf(alsoSaw) }] : [];
    }
    const { stored, ...seen } = anew;
    if (stored === null || !isDelivered(stored.dot) || !isDelivered(run)) return [seen];
    return [{ run, dot: stored.dot, total: stored.total, alsoSaw: [] }, seen];
  };

  const entryAnew = (entry: Entry, op: OwnOp, dot: Dot): Entry => {
    const origin = entry.origin ?? { ...op.dot, time: op.time };
    if (entry.kind === "increment") return increment(entry, op.dot, dot, origin);
    const replaces = namesOf(entry.replaces);
    if (entry.kind !== "set" && entry.kind !== "unset") return { ...entry, replaces, origin };
    const seen = entry.seen.flatMap((each) => seenRuns(entry, each));
    return { ...entry, replaces, origin, seen: seen.sort((a, b) => compareDots(a.run, b.run)) };
  };

  return {
    next(op, dot, time) {
      renamed.set(dotText(op.dot), dot);
      const births = birthsOf(op.births);
      const isGone = births.length === 0;
      if (isGone && (lost === "left out" || op.kind === "delete")) {
        // All that it was about is lost: nothing of it could ever show.
        renamed.delete(dotText(op.dot));
        return null;
      }
      if (op.kind === "delete") return { ...op, dot, time, births };
      const entries = op.entries.map((entry) => entryAnew(entry, op, dot));
      if (!isGone) return { ...op, dot, time, births, entries };
      for (const birth of op.births) reborn.set(dotText(birth), dot);
      return { ...op, dot, time, birth: true, births: [dot], entries };
    },
  };
};

/** What ops are called by now; what is lost has no name. */
const createNames = (isDelivered: (dot: Dot) => boolean) => {
  const renamed = new Map<string, Dot>();
  /** Births that are gone, and the op that stands for them. */
  const reborn = new Map<string, Dot>();
  const nameOf = (dot: Dot): readonly Dot[] => {
    const now = renamed.get(dotText(dot));
    if (now !== undefined) return [now];
    return isDelivered(dot) ? [dot] : [];
  };
  return {
    ...{ renamed, reborn },
    namesOf: (dots: readonly Dot[]): readonly Dot[] => sortDots(dots.flatMap(nameOf)),
    birthsOf: (dots: readonly Dot[]): readonly Dot[] => {
      const known = dots.flatMap((dot) => reborn.get(dotText(dot)) ?? nameOf(dot));
      return sortDots([...new Map(known.map((dot) => [dotText(dot), dot])).values()]);
    },
  };
};

export const isOwnOp = (op: Op | NoOp): op is OwnOp => op.kind === "write" || op.kind === "delete";

const incrementsOf = (op: Op | NoOp | null): readonly Increment[] =>
  op?.kind === "write" ? op.entries.filter((entry) => entry.kind === "increment") : [];

const runBefore = async (
  entry: Increment,
  stored: Pick<StoredOps, "op">,
  unsent: ReadonlyMap<string, OwnOp>,
  runs: ReadonlyMap<Increment, RunBefore>,
): Promise<RunBefore> => {
  let found = noRunBefore;
  for (const dot of entry.replaces) {
    const op = unsent.get(dotText(dot)) ?? null;
    const before = incrementsOf(op ?? (await stored.op(dot))).find((each) =>
      isSameRun(each, entry),
    );
    if (before === undefined) continue;
    const { total } = before;
    found =
      op === null
        ? { total, stored: { dot, total }, unsent: null }
        : { total, stored: runs.get(before)?.stored ?? null, unsent: dot };
  }
  return found;
};

const noRunBefore: RunBefore = { total: 0, stored: null, unsent: null };

const isSameRun = (a: Increment, b: Increment): boolean =>
  equalDots(a.run, b.run) && pathKey(a.path) === pathKey(b.path);

/** A run's total is an entry of one op at one path. */
const runText = ({ path }: Entry, dot: Dot): string => `${dotText(dot)} ${pathKey(path)}`;

const dotText = ({ writer, n }: Dot): string => `${writer}:${String(n)}`;

/** Equal for equal ops: number, time, and all that they say, whatever tables they have. */
const opText = (op: OwnOp): string => {
  const writer = new CborWriter();
  const paths: string[] = [];
  const writers: string[] = [];
  const indexIn = (list: string[], key: string): number => {
    const known = list.indexOf(key);
    return known < 0 ? list.push(key) - 1 : known;
  };
  writeOp(writer, op, 0, {
    pathIndex: (path) => indexIn(paths, pathKey(path)),
    rowIndex: (dot) => indexIn(writers, dot.writer),
  });
  const { ms, counter } = op.time;
  const names = [dotText(op.dot), String(ms), String(counter), ...paths, "", ...writers];
  return [...names, bytesToLatin1(writer.take())].join("\n");
};
