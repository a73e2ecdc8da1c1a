/**
 * The checkpoint: what changed in memory goes into pages, in the background and at close, so that
 * an opening replays little and memory holds little. Each scope has its own. Pages are written anew
 * under new numbers, a few at a time; the last transaction puts the directory in their place, so
 * that a checkpoint counts whole or not at all.
 *
 * What is taken is the state at one moment at which nothing is being judged, committed or flushed:
 * it holds the delivered segments that were read, and of this device's ops those up to `applied`.
 */
import { equalBytes } from "../../core/base/bytes.ts";
import { headersPerPageMax } from "../../core/base/limits.ts";
import type { Dot, ScopeId, Time } from "../../core/base/types.ts";
import {
  encodeDirectory,
  encodeHeaders,
  encodeHomeRecord,
  homePages,
  opVersion,
  pageKinds,
  type DirectoryEntry,
  type HomeRecord,
} from "../../core/page/homeRecord.ts";
import type { PageKey, Store, StoreBatch, StoredPage } from "../../storage/store.ts";
import type { Changed, Documents } from "../documents.ts";
import type { Exclusive } from "../exclusive.ts";
import type { Home } from "../home.ts";
import type { Ingest } from "../ingest.ts";
import type { Journal } from "../journal.ts";
import { foldPages } from "./foldPages.ts";
import { DamagedPage, type Repair } from "./pageMiss.ts";

export interface CheckpointDeps {
  readonly store: Store;
  readonly pageBytes: number;
  readonly deflatesPages: boolean;
  readonly ingest: Pick<Ingest, "inTurn">;
  readonly exclusive: Pick<Exclusive, "alone">;
  readonly journal: Pick<Journal, "idle">;
  readonly repair: Repair;
  /** Of the latest op that was written or met. */
  readonly lastTime: () => Time | null;
}

/** False: there was nothing to write, or the home was read anew meanwhile. */
export const checkpointHome = async (home: Home, deps: CheckpointDeps): Promise<boolean> => {
  // Hashing what changed takes long, and would hold up everybody later
  home.digest.value();
  const snapshot = await quietly(home, deps, () => takeSnapshot(home, deps.lastTime()));
  if (snapshot === null) return false;
  try {
    const isWritten = await writeSnapshot(deps, home, snapshot);
    if (!isWritten) snapshot.documents.giveBack(snapshot.changed);
    return isWritten;
  } catch (error) {
    snapshot.documents.giveBack(snapshot.changed);
    if (!(error instanceof DamagedPage)) throw error;
    await deps.repair(error.scope);
    return false;
  }
};

/** While the home stands still: nothing is judged, committed, flushed or read anew in it. */
const quietly = <T>(
  home: Home,
  { ingest, exclusive, journal }: CheckpointDeps,
  run: () => T,
): Promise<T> =>
  ingest.inTurn(home, () =>
    exclusive.alone(async () => {
      await journal.idle();
      return run();
    }),
  );

/** Everything that a checkpoint says, as it was at one moment. */
interface Snapshot {
  readonly documents: Documents;
  readonly changed: Changed;
  readonly directory: readonly DirectoryEntry[];
  readonly record: Omit<HomeRecord, "nextPage" | "headerPages">;
  readonly headers: readonly StoredPage[];
  readonly headerCount: number;
  readonly fresh: readonly number[];
}

const takeSnapshot = (home: Home, lastTime: Time | null): Snapshot | null => {
  const { documents, tree, fresh } = home;
  // They are cut, and end, before anything else happens
  if (home.retired.length > 0) return null;
  const covered = fresh.covered((header) => tree.get(header) !== null);
  const headerCount = tree.size();
  const isSame = headerCount === (home.storedHeaders ?? 0) && covered.length === 0;
  if (isSame && documents.changedCount === 0) return null;
  return {
    ...{ documents, headerCount, fresh: covered },
    changed: documents.takeChanged(),
    directory: documents.pages,
    headers: headerPages(home),
    record: {
      opVersion,
      living: documents.livingCount,
      parked: documents.parkedCount,
      digest: home.membership.kind === "local" ? null : home.digest.value(),
      applied: appliedOf(home),
      unread: home.reading.unread(),
      ownHeads: [...home.proofs].map(([writer, proof]) => ({ writer, ...proof })),
      lastTime,
      trimmed: [...home.trimmed].map(([writer, n]) => ({ writer, n })),
      born: [...documents.born].map(([writer, n]) => ({ writer, n })),
    },
  };
};

/** This device's ops that are flushed, applied and not cut. */
const appliedOf = ({ writer }: Home): readonly Dot[] => {
  if (writer === null || writer.pendingOps() === 0) return [];
  const next = writer.next();
  return [{ writer: next.writer, n: next.n - 1 }];
};

/** The last page that was not full, and those after it. */
const headerPages = ({ tree, scope, storedHeaders }: Home): readonly StoredPage[] => {
  const firstPage = Math.floor((storedHeaders ?? 0) / headersPerPageMax);
  const records = tree.records(firstPage * headersPerPageMax);
  const pages: StoredPage[] = [];
  for (let at = 0; at < records.length; at += headersPerPageMax) {
    const key = { scope, kind: pageKinds.headers, number: firstPage + pages.length };
    pages.push({ key, bytes: encodeHeaders(records.slice(at, at + headersPerPageMax)) });
  }
  return pages;
};

/** Writes for as long as nobody reads the home anew, which makes all of it stale. */
const writeSnapshot = async (
  { store, pageBytes, deflatesPages }: CheckpointDeps,
  home: Home,
  snapshot: Snapshot,
): Promise<boolean> => {
  const { scope, pages: cache } = home;
  const { documents, changed } = snapshot;
  const isCurrent = (): boolean => home.documents === documents;
  const folded = await foldPages(snapshot, {
    ...{ scope, store, cache, pageBytes, deflatesPages, isCurrent },
    nextNumber: () => home.nextPage++,
  });
  if (folded === null || !isCurrent()) return false;
  const record: HomeRecord = {
    ...snapshot.record,
    nextPage: home.nextPage,
    headerPages: Math.ceil(snapshot.headerCount / headersPerPageMax),
  };
  const recordPage = homePage(home, homePages.record, encodeHomeRecord(record));
  await writeOrFind(store, recordPage, {
    pages: [
      ...folded.pages,
      ...snapshot.headers,
      homePage(home, homePages.directory, encodeDirectory(folded.directory)),
      recordPage,
    ],
    removedPages: [
      ...folded.removed.map((number) => ({ scope, kind: pageKinds.documents, number })),
      ...snapshot.fresh.map((number) => home.fresh.keyOf(number)),
    ],
  });
  home.fresh.forget(snapshot.fresh);
  if (!isCurrent()) return false;
  documents.settle(changed, folded.directory);
  home.storedHeaders = snapshot.headerCount;
  cache.drop(scope, folded.removed);
  for (const { key, bytes } of folded.pages) cache.put(scope, key.number, bytes);
  return true;
};

/** A store can fail after the write took effect, so the record that stands in it decides. */
const writeOrFind = async (store: Store, record: StoredPage, batch: StoreBatch): Promise<void> => {
  try {
    await store.write(batch);
  } catch (error) {
    const [found] = await store.pages([record.key]);
    if (found === undefined || found === null || !equalBytes(found, record.bytes)) throw error;
  }
};

const homePage = ({ scope }: Home, number: number, bytes: Uint8Array): StoredPage => ({
  key: { scope, kind: pageKinds.home, number },
  bytes,
});

/** Without these there is no checkpoint. */
export const homePageKeys = (scope: ScopeId): readonly PageKey[] =>
  Object.values(homePages).map((number) => ({ scope, kind: pageKinds.home, number }));

/** What has to go before a home that was read anew may be written to. */
export const staleCheckpoint = ({ scope, documents }: Home): readonly PageKey[] => [
  ...homePageKeys(scope),
  ...documents.pages.map(({ number }) => ({ scope, kind: pageKinds.documents, number })),
];
