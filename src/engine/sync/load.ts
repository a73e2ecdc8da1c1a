/**
 * Reads segments for a peer: from its tip down to what it has, oldest first, as many as fit.
 */
import type { HeaderHash, WriterId } from "../../core/base/types.ts";
import type { LoadedSegment } from "../../core/sync/sessionState.ts";
import type { Store } from "../../storage/store.ts";
import type { Home } from "../home.ts";
import { loadSegment } from "../ingest.ts";
import { lineageOf } from "./summary.ts";

export type LoadedOps = LoadedSegment & { readonly writer: WriterId; readonly ops: number };

export interface Loaded {
  readonly segments: readonly LoadedOps[];
  /** The tip is among them, or nothing more of the range can be read. */
  readonly end: boolean;
  /** One that should be there is not, or is damaged. */
  readonly isLost: boolean;
}

export const loadRange = async (
  home: Home,
  store: Store,
  range: { readonly tip: HeaderHash; readonly have: readonly HeaderHash[] },
  bytesMax: number,
): Promise<Loaded> => {
  const tip = home.tree.get(range.tip);
  if (tip === null) return { segments: [], end: true, isLost: false };
  const line = lineageOf(tip);
  const wanted = line.slice(firstLacking(line, new Set(range.have)));
  const segments: LoadedOps[] = [];
  let bytes = 0;
  for (const hash of wanted) {
    const node = home.tree.get(hash);
    const stored = node === null ? null : await loadSegment(home, store, hash);
    // Another peer may have it
    if (node === null || stored === null) return { segments, end: true, isLost: true };
    if (bytes + stored.length > bytesMax) return { segments, end: false, isLost: false };
    bytes += stored.length;
    const { writer, first, count: ops } = node;
    segments.push({ n: first + ops - 1, hash, bytes: stored, writer, ops });
  }
  return { segments, end: true, isLost: false };
};

/** Behind the last header of the line that the peer has. */
const firstLacking = (line: readonly HeaderHash[], have: ReadonlySet<HeaderHash>): number =>
  line.findLastIndex((hash) => have.has(hash)) + 1;
