/**
 * Letting go of what the log of `local` keeps behind the time of history: values that were
 * replaced, documents that were deleted. No peer asks for that log, so it can be cut off below:
 * documents that lean on older ops are written anew in the log, as a deletion and a birth with the
 * stamps that values rank by, and then only headers are kept of the older segments. Ops that are
 * kept may name what is gone, which is inert. Whatever ends it half way, the log says the same as
 * before, and the next try goes on.
 *
 * It begins when old ops outnumber documents several times over, so that a log never takes more
 * than some times what its documents take, and none is written anew for little.
 */
import { trimDocumentsPerTurn, trimOpsPerDocument } from "../core/base/limits.ts";
import type { Dot, WriterId } from "../core/base/types.ts";
import { dotsOf, soleLeaves } from "../core/doc/lean.ts";
import { isAlive, type DocumentState } from "../core/doc/state.ts";
import { encodeTrimmed, parseSegment } from "../core/segment/segment.ts";
import type { HeaderRecord } from "../core/segment/tree.ts";
import type { Store, StoredSegment } from "../storage/store.ts";
import type { StorageBounds } from "./bounds.ts";
import type { Draft } from "./draft.ts";
import { isTrimmed, type Home } from "./home.ts";
import { unlessDamaged } from "./pages/pageMiss.ts";

export interface TrimDeps {
  readonly store: Pick<Store, "segment" | "write">;
  readonly bounds: Pick<StorageBounds, "historyMilliseconds" | "trimOps">;
  readonly now: () => number;
  readonly commit: (fill: (draft: Draft) => void) => Promise<void>;
  /** What was written anew stands in segments and pages, not in the journal alone. */
  readonly settle: () => Promise<void>;
  /** The database is closing: what is left waits for the next time. */
  readonly isEnding: () => boolean;
}

/**
 * How many ops it let go; "nothing to do": there were too few. "in vain": they are still needed, or
 * something came between.
 */
export type Trimmed = number | "nothing to do" | "in vain";

export const trimHome = async (home: Home, deps: TrimDeps): Promise<Trimmed> => {
  const { documents } = home;
  /** Read anew meanwhile, it is another log. */
  const goesOn = (): boolean => home.documents === documents && !deps.isEnding();
  const old = oldSegments(home, deps);
  if (!isWorthIt(old, home, deps)) return "nothing to do";
  const isWritten = await writeAnew(home, isAmong(old), { ...deps, goesOn });
  if (!isWritten) return "in vain";
  await deps.settle();
  const isCut = goesOn() && (await cutOff(home, old, { ...deps, goesOn }));
  if (!isCut) return "in vain";
  const ends = old.map(({ writer, first, count }) => [writer, first + count - 1] as const);
  home.trimmed = new Map([...home.trimmed, ...ends]);
  return opsIn(old);
};

/** In the order in which they were written, which for one device is that of their times. */
type Segments = readonly HeaderRecord[];

interface Going extends TrimDeps {
  readonly goesOn: () => boolean;
}

/**
 * Those whose ops are all behind the time of history: each ended before the next began, so the last
 * one never counts.
 */
const oldSegments = (home: Home, { bounds, now }: Pick<TrimDeps, "bounds" | "now">): Segments => {
  const { membership, tree, documents, reading } = home;
  const isSettled = documents.parkedCount === 0 && reading.unreadCount() === 0;
  if (membership.kind !== "local" || !isSettled || tree.forks().length > 0) return [];
  const horizon = now() - bounds.historyMilliseconds;
  const kept = tree.records(0).filter((each) => !isTrimmed(home, each));
  kept.sort((a, b) => a.ms - b.ms);
  const young = kept.findIndex(({ ms }) => ms > horizon);
  return kept.slice(0, Math.max(0, (young < 0 ? kept.length : young) - 1));
};

const opsIn = (segments: Segments): number => segments.reduce((sum, { count }) => sum + count, 0);

const isWorthIt = (
  segments: Segments,
  { documents }: Home,
  { bounds }: Pick<TrimDeps, "bounds">,
): boolean => {
  const ops = opsIn(segments);
  return ops > 0 && ops >= Math.max(bounds.trimOps, trimOpsPerDocument * documents.livingCount);
};

const isAmong = (segments: Segments): ((dot: Dot) => boolean) => {
  const ends = new Map<WriterId, number>();
  for (const { writer, first, count } of segments) {
    ends.set(writer, Math.max(ends.get(writer) ?? 0, first + count - 1));
  }
  return ({ writer, n }) => n <= (ends.get(writer) ?? 0);
};

/** False: something is still needed. */
const writeAnew = (home: Home, isOld: (dot: Dot) => boolean, deps: Going): Promise<boolean> =>
  eachState(home, deps, async (states) => {
    const leaning = states.filter((state) => leansOn(state, isOld)).map(({ id }) => id);
    let isFree = true;
    if (leaning.length > 0) {
      await deps.commit((draft) => {
        home.documents.need(leaning);
        const now = deps.now();
        isFree = leaning.every((id) => renew(draft, home, id, { isOld, now }));
      });
    }
    const dead = states.filter((state) => !isAlive(state)).map(({ id }) => id);
    await unlessDamaged(() => {
      forgetDeleted(home, dead, isOld);
    });
    return isFree;
  });

const leansOn = (state: DocumentState, isOld: (dot: Dot) => boolean): boolean =>
  isAlive(state) && dotsOf(state).some(isOld);

/** Looked at again, since others may have written to it. False: it can not be written anew. */
const renew = (
  draft: Draft,
  home: Home,
  id: string,
  { isOld, now }: { readonly isOld: (dot: Dot) => boolean; readonly now: number },
): boolean => {
  const state = home.documents.get(id);
  if (state === null || !leansOn(state, isOld)) return true;
  const leaves = soleLeaves(state, now);
  if (leaves === null) return false;
  draft.remove(home, id);
  draft.reissue(home, id, leaves);
  return true;
};

/** Soon nothing in the log tells of them: neither need the pages. May miss pages at first. */
const forgetDeleted = (
  { documents }: Home,
  ids: readonly string[],
  isOld: (dot: Dot) => boolean,
): void => {
  documents.need(ids);
  for (const id of ids) {
    const state = documents.get(id);
    // Only this form can be deleted
    if (state?.kind !== "general" || state.births.length > 0) continue;
    if (state.deletion !== null && isOld(state.deletion.stamp)) documents.put(id, null);
  }
};

/** All documents in turns, by rising id; false: not all, or `visit` said so. */
const eachState = async (
  { documents }: Home,
  { goesOn }: Going,
  visit: (states: readonly DocumentState[]) => Promise<boolean>,
): Promise<boolean> => {
  let after: string | undefined;
  while (goesOn()) {
    const states = await unlessDamaged(() => documents.some(trimDocumentsPerTurn, { after }));
    if (states === null) return false;
    const last = states.at(-1);
    if (last === undefined) return true;
    if (!(await visit(states))) return false;
    after = last.id;
  }
  return false;
};

/** From the oldest on, so that what is cut off is always all that is below. */
const cutOff = async (home: Home, segments: Segments, deps: Going): Promise<boolean> => {
  const { scope } = home;
  for (let at = 0; at < segments.length; at += segmentsPerTransaction) {
    if (!deps.goesOn()) return false;
    const stored: StoredSegment[] = [];
    for (const { writer, first, hash: header } of segments.slice(at, at + segmentsPerTransaction)) {
      const key = { scope, writer, first, header };
      const bytes = await deps.store.segment(key);
      const parsed = bytes === null ? null : parseSegment(bytes);
      // What is damaged stays as it is, and so does what an earlier try left
      if (parsed?.ok === true) stored.push({ key, bytes: encodeTrimmed(parsed.value) });
    }
    if (stored.length > 0) await deps.store.write({ segments: stored });
  }
  return true;
};

const segmentsPerTransaction = 40;
