/**
 * Reading documents anew from a home's own log, where a peer's state says that they may not be what
 * the log says. First the log itself is checked: a segment whose body is not the one that its
 * signed header names was damaged at rest, and comes anew from the peer, which cannot make up
 * another one. What a peer claims decides which documents are looked at, and nothing else.
 *
 * It costs one reading of the whole log, while nothing is written.
 */
import { equalBytes } from "../../core/base/bytes.ts";
import { operationBytesTarget, questionsMax, wantedSegmentsMax } from "../../core/base/limits.ts";
import type { HeaderHash } from "../../core/base/types.ts";
import { stateHash } from "../../core/doc/digest.ts";
import { isSignedBy } from "../../core/segment/deliver.ts";
import { isBodyWhole, parseSegment, type ParsedSegment } from "../../core/segment/segment.ts";
import type { RangeItems, RangeKey } from "../../core/sync/rangeItems.ts";
import type { RangesStep } from "../../core/sync/rangesMessage.ts";
import type { Engine } from "../engine.ts";
import type { Home } from "../home.ts";
import { keyOf, loadSegment } from "../ingest.ts";
import { unlessDamaged } from "../pages/pageMiss.ts";
import { readStored } from "../readStored.ts";
import { differingDamage } from "../recovery.ts";
import { situationOf } from "./rangeList.ts";

export interface MendRequest {
  /** As it was when documents were compared. */
  readonly situation: string;
  readonly items: RangeItems;
  /** Null: all. */
  readonly differing: ReadonlySet<RangeKey> | null;
  readonly keyOf: (id: string) => RangeKey;
  /** A question to the peer; null: it does not answer. */
  readonly ask: (step: RangesStep) => Promise<RangesStep | null>;
}

/** Whether a document changed by it. */
export const mendHome = async (
  engine: Engine,
  home: Home,
  request: MendRequest,
): Promise<boolean> => {
  const isWhole = await mendLog(engine, home, request);
  if (!isWhole) {
    home.counters.count("repair", "log-damaged");
    return false;
  }
  const { differing } = request;
  const changed =
    differing === null
      ? await rereadAll(engine, home, request)
      : await rereadSome(engine, home, { ...request, differing });
  home.counters.count("repair", changed > 0 ? "documents" : "in-vain", Math.max(1, changed));
  if (changed === 0) return false;
  engine.tellDamage(
    differingDamage(home.scope, `${String(changed)} documents were not what the log says`),
  );
  engine.checkpointer.wake();
  return true;
};

/** Of those that were wanted, as many as fit; the rest is asked for again. */
export const soundSegments = async (
  { deps }: Engine,
  home: Home,
  headers: readonly HeaderHash[],
): Promise<readonly Uint8Array[]> => {
  const given: Uint8Array[] = [];
  let bytes = 0;
  for (const header of headers) {
    const stored = await loadSegment(home, deps.store, header);
    const segment = stored === null ? null : parseSegment(stored);
    if (segment?.ok !== true || !(await isBodyWhole(segment.value, deps.crypto))) continue;
    given.push(segment.value.bytes);
    bytes += segment.value.bytes.length;
    if (bytes >= operationBytesTarget) break;
  }
  return given;
};

/** False: the log is damaged, and the peer does not give what it lacks. */
const mendLog = async (
  engine: Engine,
  home: Home,
  { ask }: Pick<MendRequest, "ask">,
): Promise<boolean> => {
  const { store } = engine.deps;
  const lost = await lostSegments(engine, home);
  for (let question = 0; lost.size > 0 && question < questionsMax; question++) {
    const headers = [...lost].slice(0, wantedSegmentsMax);
    const answer = await ask({ kind: "want", headers });
    const segments = answer?.kind === "give" ? answer.segments : [];
    const sound: ParsedSegment[] = [];
    for (const bytes of segments) {
      const segment = await soundSegment(engine, home, bytes);
      if (segment !== null && lost.delete(segment.headerHash)) sound.push(segment);
    }
    if (sound.length === 0) return false;
    await store.write({
      segments: sound.map((segment) => ({ key: keyOf(home, segment), bytes: segment.bytes })),
    });
    home.counters.count("repair", "segments", sound.length);
  }
  return lost.size === 0;
};

/** What was delivered, and is not stored as it was. */
const lostSegments = async ({ deps }: Engine, home: Home): Promise<Set<HeaderHash>> => {
  const lost = new Set(home.tree.records(0).map(({ hash }) => hash));
  for await (const { bytes } of deps.store.segments(home.scope)) {
    const segment = parseSegment(bytes);
    if (!segment.ok || !(await isBodyWhole(segment.value, deps.crypto))) continue;
    lost.delete(segment.value.headerHash);
  }
  return lost;
};

/** null: it is none of this home's, or not as its writer signed it. */
const soundSegment = async (
  { deps }: Engine,
  home: Home,
  bytes: Uint8Array,
): Promise<ParsedSegment | null> => {
  const parsed = parseSegment(bytes);
  if (!parsed.ok) return null;
  const segment = parsed.value;
  const node = home.tree.get(segment.headerHash);
  if (node === null || !(await isBodyWhole(segment, deps.crypto))) return null;
  const { networkHash } = home.membership.network;
  const view = { networkHash, scope: home.scope, crypto: deps.crypto };
  return (await isSignedBy(node.origin, segment, view)) ? segment : null;
};

/** How many documents changed. */
const rereadSome = (
  { deps, ingest, rebuild }: Engine,
  home: Home,
  { situation, items, differing, ...keys }: MendRequest & { readonly differing: Keys },
): Promise<number> =>
  ingest.inTurn(home, () =>
    rebuild.whileStill(home, async () => {
      if (situationOf(home) !== situation) return 0;
      const isWanted = (id: string): boolean => differing.has(keys.keyOf(id));
      const { read } = await readStored(home, deps.store, {
        readAll: (into, bodies) => ingest.readAll(into, bodies, isWanted),
      });
      const isWhole = read.tree.size() === home.tree.size() && read.reading.unreadCount() === 0;
      if (!isWhole) return 0;
      const held = items.ids.filter((_, index) => isAmong(differing, items.keys[index]));
      const ids = new Set([...held, ...read.documents.ids()]);
      const changed = await unlessDamaged(() => {
        home.documents.need(ids);
        return [...ids].filter((id) => restate(home, id, read)).length;
      });
      return changed ?? 0;
    }),
  );

type Keys = ReadonlySet<RangeKey>;

const isAmong = (keys: Keys, key: RangeKey | undefined): boolean =>
  key !== undefined && keys.has(key);

/** True: it was another. */
const restate = (home: Home, id: string, read: Home): boolean => {
  const before = home.documents.get(id);
  const after = read.documents.get(id);
  const [had, has] = [stateHash(before), stateHash(after)];
  if (had === null ? has === null : has !== null && equalBytes(had, has)) return false;
  home.documents.put(id, after);
  home.digest.replace(id, before, after);
  return true;
};

/** 1: something changed. */
const rereadAll = (
  { ingest, rebuild }: Engine,
  home: Home,
  { situation }: MendRequest,
): Promise<number> =>
  ingest.inTurn(home, async () => {
    if (situationOf(home) !== situation) return 0;
    await rebuild.rename(home);
    return situationOf(home) === situation ? 0 : 1;
  });
