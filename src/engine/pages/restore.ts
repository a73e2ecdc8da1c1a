/**
 * A home read from its checkpoint: the record, the directory and the delivered tree; documents stay
 * in their pages. What was stored since is in the list of fresh segments, and is read behind it.
 * Anything that does not fit together is told, and the home is read from its whole log instead.
 */
import type { HeaderHash, ScopeId, ShortHash, Time } from "../../core/base/types.ts";
import { shortened } from "../../core/base/ids.ts";
import { fail, ok, type Result } from "../../core/base/result.ts";
import {
  decodeDirectory,
  decodeFresh,
  decodeHeaders,
  decodeHomeRecord,
  homePages,
  opVersion,
  pageKinds,
  type DirectoryEntry,
  type FreshSegment,
  type HomeRecord,
} from "../../core/page/homeRecord.ts";
import {
  parseSegment,
  type DeliveredSegment,
  type ParsedSegment,
} from "../../core/segment/segment.ts";
import type { HeaderRecord } from "../../core/segment/tree.ts";
import type { Damage, Store } from "../../storage/store.ts";
import { Documents } from "../documents.ts";
import { emptyHome, type Home } from "../home.ts";
import { loadDelivered, type Ingest } from "../ingest.ts";
import { deliverAll, segmentDamage, type ReadHome } from "../readStored.ts";
import { createStateDigest } from "../stateDigest.ts";
import { DamagedPage } from "./pageMiss.ts";

export interface RestoreDeps {
  readonly store: Store;
  readonly ingest: Pick<Ingest, "readAll">;
  readonly tell: (damage: Damage) => void;
}

export interface RestoredHome extends ReadHome {
  readonly lastTime: Time | null;
}

/** null: there is no checkpoint, or none to build on. */
export const restoreHome = async (home: Home, deps: RestoreDeps): Promise<RestoredHome | null> => {
  const { store, ingest, tell } = deps;
  const [checkpoint, notes] = await Promise.all([
    readCheckpoint(home.scope, store),
    readFresh(home, store),
  ]);
  if (!checkpoint.ok) {
    tell(checkpointDamage(home.scope, `${checkpoint.error}; read from the log instead`));
    return null;
  }
  if (checkpoint.value === null) return null;
  const { record } = checkpoint.value;
  // Whatever comes of it: pages that it names must not be overwritten while it stands
  home.nextPage = record.nextPage;
  const read = homeFrom(home, checkpoint.value);
  const unread = read === null ? null : await queueUnread(read, record, store);
  const fresh = notes === null ? null : await freshSegments(home, notes, deps);
  if (read === null || unread === null || fresh === null) {
    tell(checkpointDamage(home.scope, "it does not fit the log; read from that instead"));
    return null;
  }
  const { delivered, isRenamed } = deliverAll(read, fresh);
  // A fork gives ops other names, and with them what the pages hold
  if (isRenamed) return null;
  try {
    await ingest.readAll(read, (header) =>
      Promise.resolve(delivered.get(header) ?? unread.get(header) ?? null),
    );
  } catch (error) {
    if (error instanceof DamagedPage) return null;
    throw error;
  }
  const waiting = [...fresh.values()].filter(
    ({ headerHash }) => read.tree.get(headerHash) === null,
  );
  return { read, waiting: waiting.map(({ bytes }) => bytes), lastTime: record.lastTime };
};

const checkpointDamage = (scope: ScopeId, reason: string): Damage => ({
  where: "page",
  key: `${scope}/checkpoint`,
  reason,
});

/** Notes of segments that no checkpoint holds; null: one can not be read. */
const readFresh = async (home: Home, store: Store): Promise<readonly FreshSegment[] | null> => {
  const found: FreshSegment[] = [];
  let isWhole = true;
  for await (const { key, bytes } of store.pagesOf(home.scope, pageKinds.fresh)) {
    const fresh = decodeFresh(bytes);
    if (!fresh.ok) isWhole = false;
    home.fresh.take(key.number, fresh.ok ? fresh.value : []);
    if (fresh.ok) found.push(...fresh.value);
  }
  return isWhole ? found : null;
};

interface Checkpoint {
  readonly record: HomeRecord;
  readonly directory: readonly DirectoryEntry[];
  readonly headers: readonly HeaderRecord[];
}

/**
 * null: there is none, or an older version of this program made it. An error says what is wrong.
 */
const readCheckpoint = async (
  scope: ScopeId,
  store: Store,
): Promise<Result<Checkpoint | null, string>> => {
  const keys = [homePages.record, homePages.directory].map((number) => ({
    ...{ scope, kind: pageKinds.home, number },
  }));
  const [recordBytes, directoryBytes] = await store.pages(keys);
  if (recordBytes === undefined || recordBytes === null) return ok(null);
  const record = decodeHomeRecord(recordBytes);
  if (!record.ok) return fail(record.error.what);
  if (record.value.opVersion !== opVersion) return ok(null);
  const directory = decodeDirectory(directoryBytes ?? new Uint8Array());
  if (!directory.ok) return fail(`directory: ${directory.error.what}`);
  const headers: HeaderRecord[] = [];
  let next = 0;
  for await (const { key, bytes } of store.pagesOf(scope, pageKinds.headers)) {
    if (next === record.value.headerPages) break;
    if (key.number !== next) return fail(`headers ${String(next)}: not there`);
    const page = decodeHeaders(bytes);
    if (!page.ok) return fail(`headers ${String(next)}: ${page.error.what}`);
    for (const header of page.value) headers.push(header);
    next += 1;
  }
  if (next < record.value.headerPages) return fail(`headers ${String(next)}: not there`);
  return ok({ record: record.value, directory: directory.value, headers });
};

/** null: the tree does not hang together. */
const homeFrom = (home: Home, { record, directory, headers }: Checkpoint): Home | null => {
  const read = emptyHome(home);
  if (!headers.every((header) => read.tree.restore(header) !== null)) return null;
  const { living, parked, born } = record;
  read.documents = new Documents(home.scope, home.pages, { directory, living, parked, born });
  if (record.digest !== null) read.digest = createStateDigest(record.digest);
  for (const { writer, header, signature } of record.ownHeads) {
    read.proofs.set(writer, { header, signature });
  }
  read.applied = new Map(record.applied.map(({ writer, n }) => [writer, n]));
  read.trimmed = new Map(record.trimmed.map(({ writer, n }) => [writer, n]));
  read.storedHeaders = headers.length;
  read.nextPage = record.nextPage;
  return read;
};

/** Delivered before and not read: it waits as it did. null: one is not there any more. */
const queueUnread = async (
  read: Home,
  { unread }: HomeRecord,
  store: Store,
): Promise<ReadonlyMap<HeaderHash, DeliveredSegment> | null> => {
  const found = new Map<HeaderHash, DeliveredSegment>();
  for (const hash of unread) {
    const segment = await loadDelivered(read, store, hash);
    if (segment === null) return null;
    read.reading.add(hash, segment.header);
    found.set(hash, segment);
  }
  return found;
};

/** What was stored since; what is damaged of it is listed by the store. */
const freshSegments = async (
  home: Home,
  notes: readonly FreshSegment[],
  { store, tell }: RestoreDeps,
): Promise<ReadonlyMap<ShortHash, ParsedSegment>> => {
  const segments = new Map<ShortHash, ParsedSegment>();
  for (const { writer, first, header } of notes) {
    const key = { scope: home.scope, writer, first, header };
    const bytes = await store.segment(key);
    const parsed = bytes === null ? null : parseSegment(bytes);
    if (parsed?.ok === true) segments.set(shortened(header), parsed.value);
    else if (parsed !== null) tell(segmentDamage(key, parsed.error));
  }
  return segments;
};
