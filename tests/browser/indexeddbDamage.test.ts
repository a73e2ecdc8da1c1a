/**
 * Damaged values in a real IndexedDB: each is listed and skipped, the whole ones around it are
 * read, and none is ever handed on. The damage is done through a second, plain connection.
 */
import { expect, test } from "vitest";
import { createIndexedDbAdapter } from "../../src/storage/indexeddb.ts";
import { segmentKeyLabel, segmentKeyToBytes } from "../../src/storage/keys.ts";
import type { Store } from "../../src/storage/store.ts";
import { bytes, collect, place, record, segment } from "../contract/storeBench.ts";

type Change = (table: IDBObjectStore) => IDBRequest;

const adapter = createIndexedDbAdapter({ prefix: "damage-" });

/** As a program that is not ours would: no envelope, no fence. */
const tamper = async (name: string, table: string, change: Change): Promise<void> => {
  const opening = indexedDB.open(`damage-${name}`);
  await settled(opening);
  const transaction = opening.result.transaction(table, "readwrite");
  change(transaction.objectStore(table));
  await new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = reject;
  });
  opening.result.close();
};

const settled = (request: IDBRequest): Promise<unknown> =>
  new Promise((resolve, reject) => {
    request.onsuccess = resolve;
    request.onerror = reject;
  });

/** Flips one bit of the value that a plain connection finds under the key. */
const flipBit = async (name: string, table: string, key: IDBValidKey): Promise<void> => {
  let value = new Uint8Array();
  await tamper(name, table, (rows) => {
    const request = rows.get(key);
    request.onsuccess = () => {
      // Every value of ours is an envelope, one Uint8Array
      value = new Uint8Array(request.result as Uint8Array<ArrayBuffer>);
    };
    return request;
  });
  const last = value.length - 1;
  value.set([(value[last] ?? 0) ^ 1], last);
  await tamper(name, table, (rows) => rows.put(value, key));
};

const openFilled = async (name: string): Promise<Store> => {
  const store = await adapter.open(name);
  await store.appendJournal([record(1, 1), record(2, 2), record(3, 3), record(4, 4)], "strict");
  await store.write({
    absorbedSequence: 1,
    segments: [1, 2, 3].map((first) => segment(place({ first }), first)),
    meta: new Map([
      ["a", bytes(1)],
      ["b", bytes(2)],
    ]),
  });
  return store;
};

test("a damaged segment is skipped, null by key, and listed once", async () => {
  const store = await openFilled("segment");
  const key = place({ first: 2 });
  await flipBit("segment", "segments", segmentKeyToBytes(key));
  const whole = [segment(place({ first: 1 }), 1), segment(place({ first: 3 }), 3)];
  expect(await collect(store.segments())).toEqual(whole);
  expect(await store.segment(key)).toBeNull();
  expect(await collect(store.segments(key.scope))).toEqual(whole);
  const reason = "checksum does not match";
  expect(store.damage()).toEqual([{ where: "segment", key: segmentKeyLabel(key), reason }]);
  await store.write({ segments: [segment(key, 22)] });
  expect(await store.segment(key)).toEqual(bytes(22));
  await store.close();
});

test("values of an unknown version, of another type, or under keys of another kind", async () => {
  const store = await openFilled("foreign");
  const put = (key: IDBValidKey, value: unknown): Promise<void> =>
    tamper("foreign", "segments", (rows) => rows.put(value, key));
  await put(segmentKeyToBytes(place({ first: 1 })), Uint8Array.of(9, 0, 0, 0, 0));
  await put(segmentKeyToBytes(place({ first: 2 })), "text");
  await put(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 0, 0, 0, 0));
  expect(await collect(store.segments())).toEqual([segment(place({ first: 3 }), 3)]);
  expect(new Set(store.damage().map(({ reason }) => reason))).toEqual(
    new Set(["format version 9 is not known", "no bytes", "not a segment's key"]),
  );
  await store.close();
});

test("damaged and missing journal records are listed, the others come", async () => {
  const store = await openFilled("journal");
  await flipBit("journal", "journal", 2);
  await tamper("journal", "journal", (rows) => rows.delete(3));
  expect(await collect(store.journal())).toEqual([record(4, 4)]);
  expect(store.damage()).toEqual([
    { where: "journal", key: "2", reason: "checksum does not match" },
    { where: "journal", key: "3…3", reason: "missing" },
  ]);
  await store.close();
});

test("a damaged meta value is listed, the others are there", async () => {
  const store = await openFilled("meta");
  await flipBit("meta", "meta", "a");
  expect(await store.meta()).toEqual(new Map([["b", bytes(2)]]));
  expect(store.damage()).toEqual([{ where: "meta", key: "a", reason: "checksum does not match" }]);
  await store.close();
});

test("a damaged epoch fences every older store all the same", async () => {
  const old = await openFilled("epoch");
  await flipBit("epoch", "meta", ["epoch"]);
  await expect(old.write({})).rejects.toMatchObject({ code: "Replaced" });
  const store = await adapter.open("epoch");
  expect(store.epoch).toBeGreaterThan(old.epoch);
  expect(store.damage()).toEqual([{ where: "meta", key: "epoch", reason: "unreadable" }]);
  await expect(old.write({})).rejects.toMatchObject({ code: "Replaced" });
  await store.write({ absorbedSequence: 4 });
  await Promise.all([old.close(), store.close()]);
});

test("a damaged absorbed sequence follows from the journal that is left", async () => {
  const old = await openFilled("absorbed");
  await old.close();
  await flipBit("absorbed", "meta", ["absorbed"]);
  const store = await adapter.open("absorbed");
  expect(store.absorbedSequence).toBe(1);
  expect(await collect(store.journal())).toEqual([record(2, 2), record(3, 3), record(4, 4)]);
  expect(store.damage()).toEqual([{ where: "meta", key: "absorbed", reason: "unreadable" }]);
  await store.appendJournal([record(5, 5)], "strict");
  await store.close();
});
