/**
 * What the pages of a checkpoint hold and the log does not: ops of this device that only a journal
 * had which is lost or damaged, or that stood in a segment that is. They can not be had back as
 * they were, but what they made of the documents can: it is written anew, value by value, with the
 * stamps that it ranked by.
 */
import { salvageBytesPerCommit, writeEntriesPerOpMax } from "../core/base/limits.ts";
import { encodedLength, equalValues } from "../core/cbor/value.ts";
import type { Change } from "../core/doc/change.ts";
import { visibleLeaves, type StampedLeaf } from "../core/doc/read.ts";
import { isAlive, isParked, type DocumentState } from "../core/doc/state.ts";
import { pathKey } from "../core/op/path.ts";
import type { Documents } from "./documents.ts";
import type { Draft } from "./draft.ts";
import type { Home } from "./home.ts";
import { unlessDamaged } from "./pages/pageMiss.ts";

/** A document as it was; `leaves` null: deleted. */
export interface Salvaged {
  readonly id: string;
  readonly leaves: readonly StampedLeaf[] | null;
}

/** Documents that show otherwise than they did. What stands in a damaged page is left out. */
export const salvageFrom = async (
  before: Documents,
  after: Documents,
  now: number,
): Promise<readonly Salvaged[]> => {
  const found: Salvaged[] = [];
  const look = (state: DocumentState): void => {
    // One that needs a newer program is not understood here
    if (isParked(state)) return;
    const leaves = leavesOf(state, now);
    if (!equalLeaves(leaves, leavesOf(after.get(state.id), now))) {
      found.push({ id: state.id, leaves });
    }
  };
  before.heldStates().forEach(look);
  for (const entry of before.pages) {
    (await unlessDamaged(() => before.statesIn(entry)))?.forEach(look);
  }
  return found;
};

/** So many at a time as go into one record of the journal; at least one chunk. */
export const chunksOf = (all: readonly Salvaged[]): readonly (readonly Salvaged[])[] => {
  const chunks: Salvaged[][] = [[]];
  let bytes = 0;
  for (const each of all) {
    if (bytes > salvageBytesPerCommit) {
      chunks.push([]);
      bytes = 0;
    }
    chunks.at(-1)?.push(each);
    for (const { path, value } of each.leaves ?? []) {
      bytes += encodedLength(value) + pathKey(path).length;
    }
  }
  return chunks;
};

/** Makes the document show what it did; what was written to it meanwhile may do so already. */
export const writeSalvaged = (
  draft: Draft,
  home: Home,
  { id, leaves }: Salvaged,
  now: number,
): void => {
  const state = home.documents.get(id);
  if (leaves === null) {
    draft.remove(home, id);
    return;
  }
  if (!isAlive(state)) {
    draft.reissue(home, id, leaves);
    return;
  }
  const wanted = new Set(leaves.map(({ path }) => pathKey(path)));
  const gone = visibleLeaves(state, optionsAt(now)).filter(
    ({ path }) => !wanted.has(pathKey(path)),
  );
  const changes: readonly Change[] = [
    ...gone.map(({ path }): Change => ({ path, unset: true })),
    ...leaves.map(({ path, value, stamp }): Change => ({ path, set: value, origin: stamp })),
  ];
  for (let at = 0; at < changes.length; at += writeEntriesPerOpMax) {
    draft.write(home, id, changes.slice(at, at + writeEntriesPerOpMax));
  }
};

const optionsAt = (now: number): Parameters<typeof visibleLeaves>[1] => ({
  strategy: "last-write-wins",
  now,
});

const leavesOf = (state: DocumentState | null, now: number): readonly StampedLeaf[] | null =>
  isAlive(state) ? visibleLeaves(state, optionsAt(now)) : null;

const equalLeaves = (
  a: readonly StampedLeaf[] | null,
  b: readonly StampedLeaf[] | null,
): boolean => {
  if (a === null || b === null) return a === b;
  if (a.length !== b.length) return false;
  const values = new Map(b.map(({ path, value }) => [pathKey(path), value]));
  return a.every(({ path, value }) => {
    const other = values.get(pathKey(path));
    return other !== undefined && equalValues(value, other);
  });
};
