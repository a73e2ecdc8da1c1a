/**
 * Reading the tables of IndexedDB: in pages of bounded memory, and past damage, which is listed and
 * skipped. A damaged value must not hide the whole ones behind it.
 */
import { bytesToHex, hexToBytes } from "../core/base/bytes.ts";
import type { ScopeId } from "../core/base/types.ts";
import type { Connection } from "./connection.ts";
import type { DamageList } from "./damage.ts";
import { openEnvelope } from "./envelope.ts";
import {
  pageKeyLabel,
  pageKeyToBytes,
  pagePrefix,
  segmentKeyLabel,
  segmentKeyToBytes,
  textToPageKey,
  textToSegmentKey,
} from "./keys.ts";
import type { PageKey, SegmentKey, StoredPage, StoredSegment } from "./store.ts";
import type { TableRecord } from "./tables.ts";

export const readMeta = (
  connection: Connection,
  damage: DamageList,
): Promise<ReadonlyMap<string, Uint8Array>> =>
  connection.withRead(["meta"], async (transaction) => {
    const table = transaction.objectStore("meta");
    const [keys, values] = await Promise.all([table.getAllKeys(texts()), table.getAll(texts())]);
    const meta = new Map<string, Uint8Array>();
    for (const [index, key] of keys.entries()) {
      const name = String(key);
      const opened = openEnvelope(values[index]);
      if (opened.ok) meta.set(name, opened.value);
      else damage.add("meta", name, opened.error);
    }
    return meta;
  });

/** By rising sequence. */
export async function* readRecords(
  connection: Connection,
  after: number,
): AsyncGenerator<TableRecord> {
  for await (const { key, value } of readRows(connection, "journal", sequencesAfter(after))) {
    const sequence = Number(key);
    const opened = openEnvelope(value);
    if (opened.ok) yield { sequence, payload: opened.value };
    else yield { sequence, damage: opened.error };
  }
}

export const readSegment = async (
  connection: Connection,
  damage: DamageList,
  key: SegmentKey,
): Promise<Uint8Array | null> => {
  const binary = segmentKeyToBytes(key);
  const value = await connection.withRead(["segments"], (transaction) =>
    transaction.objectStore("segments").get(binary),
  );
  if (value === undefined) return null;
  const opened = openEnvelope(value);
  if (opened.ok) return opened.value;
  damage.add("segment", segmentKeyLabel(key), opened.error);
  return null;
};

export async function* readSegments(
  connection: Connection,
  damage: DamageList,
  scope: ScopeId | undefined,
): AsyncGenerator<StoredSegment> {
  for await (const row of readRows(connection, "segments", segmentsIn(scope))) {
    const text = row.key instanceof ArrayBuffer ? bytesToHex(new Uint8Array(row.key)) : "";
    const key = textToSegmentKey(text);
    const opened = openEnvelope(row.value);
    if (key === null) damage.add("segment", text, "not a segment's key");
    else if (!opened.ok) damage.add("segment", segmentKeyLabel(key), opened.error);
    else yield { key, bytes: opened.value };
  }
}

export const readPages = async (
  connection: Connection,
  damage: DamageList,
  keys: readonly PageKey[],
): Promise<readonly (Uint8Array | null)[]> => {
  const binaries = keys.map(pageKeyToBytes);
  const values = await connection.withRead(["pages"], (transaction) => {
    const table = transaction.objectStore("pages");
    return Promise.all(binaries.map((key) => table.get(key)));
  });
  return keys.map((key, index) => {
    const value = values[index];
    if (value === undefined) return null;
    const opened = openEnvelope(value);
    if (opened.ok) return opened.value;
    damage.add("page", pageKeyLabel(key), opened.error);
    return null;
  });
};

export async function* readPagesOf(
  connection: Connection,
  damage: DamageList,
  scope: ScopeId,
  kind: number,
): AsyncGenerator<StoredPage> {
  for await (const row of readRows(connection, "pages", pagesIn(scope, kind))) {
    const text = row.key instanceof ArrayBuffer ? bytesToHex(new Uint8Array(row.key)) : "";
    const key = textToPageKey(text);
    const opened = openEnvelope(row.value);
    if (key === null) damage.add("page", text, "not a page's key");
    else if (!opened.ok) damage.add("page", pageKeyLabel(key), opened.error);
    else yield { key, bytes: opened.value };
  }
}

/** The pages of a scope, or of one kind in it. */
export const pagesIn = (scope: ScopeId, kind?: number): IDBKeyRange => {
  const prefix = pagePrefix(scope, kind);
  return IDBKeyRange.bound(hexToBuffer(prefix), hexToBuffer(prefix + "ff".repeat(6)));
};

interface Row {
  readonly key: IDBValidKey;
  readonly value: unknown;
}

type RowTable = "journal" | "segments" | "pages";

/**
 * A page is one transaction, so that what the caller does between two keeps none open. Writes may
 * come in there.
 */
async function* readRows(
  connection: Connection,
  table: RowTable,
  all: IDBKeyRange,
): AsyncGenerator<Row> {
  for (let range: IDBKeyRange | null = all; range !== null;) {
    const page: Row[] = await readPage(connection, table, range);
    yield* page;
    const last = page.at(-1);
    range = last === undefined ? null : IDBKeyRange.bound(last.key, all.upper, true);
  }
}

/**
 * Rows of `pageBytes` and one value more; none at the end. By a cursor, which stops by size: values
 * reach from 100 bytes to 64 MiB, so that a number of them bounds nothing.
 */
const readPage = (connection: Connection, table: RowTable, range: IDBKeyRange): Promise<Row[]> =>
  connection.withRead([table], async (transaction) => {
    const page: Row[] = [];
    let bytes = 0;
    let cursor = await transaction.objectStore(table).openCursor(range);
    while (cursor !== null && bytes < pageBytes) {
      page.push({ key: cursor.key, value: cursor.value });
      if (cursor.value instanceof Uint8Array) bytes += cursor.value.length;
      cursor = await cursor.continue();
    }
    return page;
  });

const pageBytes = 8 * 1_048_576;

/** Keys of IndexedDB sort: numbers, texts, bytes, arrays. */
export const texts = (): IDBKeyRange => IDBKeyRange.bound("", []);

const sequencesAfter = (sequence: number): IDBKeyRange =>
  IDBKeyRange.bound(sequence, Number.POSITIVE_INFINITY, true);

const segmentsIn = (scope: ScopeId | undefined): IDBKeyRange =>
  scope === undefined
    ? IDBKeyRange.bound(new Uint8Array(), [])
    : IDBKeyRange.bound(hexToBuffer(scope), hexToBuffer(scope + "ff".repeat(57)));

// IndexedDB takes no view of shared memory, which the type of a plain Uint8Array might be
const hexToBuffer = (hex: string): Uint8Array<ArrayBuffer> => new Uint8Array(hexToBytes(hex));
