/**
 * The source designs' cases of documents, resolver and operations (T-114 … T-125, T-201 … T-210,
 * A-K06 … A-K08).
 */
import { describe, expect, test } from "vitest";
import { toDistributedDocument, toRegularDocument } from "../../../../src/core/surface/document.ts";
import { applyOperation, resolveConflict } from "../../../../src/core/surface/resolver.ts";
import {
  EntryType,
  MemoryCategory,
  MessageType,
  OperationType,
  type CRDTOperation,
  type DistributedDocument,
} from "../../../../src/core/surface/types.ts";

const made = (fields: Partial<DistributedDocument>): DistributedDocument => ({
  id: "1",
  _entryType: EntryType.MEMORY,
  _vector: { peer1: 1 },
  _timestamp: 1_000,
  _peerId: "peer1",
  ...fields,
});

const operation = (fields: Partial<CRDTOperation>): CRDTOperation => ({
  id: "peer1:1",
  type: OperationType.INSERT,
  collection: "users",
  documentId: "1",
  vector: { peer1: 1 },
  timestamp: 2_000,
  peerId: "peer1",
  ...fields,
});

describe("documents", () => {
  test("T-124 T-201: to distributed keeps fields and sets metadata", () => {
    const document = { id: "1", name: "Ada", tags: ["a"] };
    expect(toDistributedDocument(document, "peer1", 1_234)).toEqual({
      id: "1",
      name: "Ada",
      tags: ["a"],
      _entryType: "MEMORY",
      _vector: { peer1: 1 },
      _timestamp: 1_234,
      _peerId: "peer1",
    });
  });

  test("the kind is kept, other underscored fields of an earlier life are made anew", () => {
    const old = made({ _entryType: EntryType.AUTH, _vector: { peer9: 9 }, _stage: "post-pending" });
    const renewed = toDistributedDocument(old, "peer2", 5);
    expect(renewed).toEqual(
      made({ _entryType: EntryType.AUTH, _vector: { peer2: 1 }, _timestamp: 5, _peerId: "peer2" }),
    );
  });

  test("T-125 T-202 D-33: to regular strips all metadata", () => {
    const merged = resolveConflict(
      made({ name: "Ada", _stage: "post-pending", _posted: { at: 1 } }),
      made({ age: 36, _vector: { peer2: 1 }, _peerId: "peer2" }),
    );
    expect(toRegularDocument(merged)).toEqual({ id: "1", name: "Ada", age: 36 });
  });

  test("A-K08 G-075: nothing stays nothing", () => {
    expect(toRegularDocument(null)).toBeNull();
    expect(toRegularDocument(undefined)).toBeNull();
  });

  test("A-K08: copies are deep in every direction", () => {
    const tags = ["a"];
    const distributed = toDistributedDocument({ id: "1", tags, at: new Date(1) }, "peer1", 1);
    tags.push("b");
    const regular = toRegularDocument(distributed);
    expect(regular).toEqual({ id: "1", tags: ["a"], at: new Date(1) });
    expect(regular["tags"]).not.toBe(distributed["tags"]);
    const merged = resolveConflict(distributed, null);
    expect(merged["tags"]).not.toBe(distributed["tags"]);
    expect(merged._vector).not.toBe(distributed._vector);
  });

  test("G-074: a missing id, a bad value or peer is a typed error", () => {
    // What a caller without types can pass.
    const untyped = (input: unknown): { id: string } => input as { id: string };
    const convert =
      (input: unknown, peer = "p") =>
      () =>
        toDistributedDocument(untyped(input), peer, 1);
    expect(convert({ name: "x" })).toThrow(expect.objectContaining({ path: "id" }));
    expect(convert({ id: 5 })).toThrow(expect.objectContaining({ code: "InvalidDocument" }));
    expect(convert(null)).toThrow(expect.objectContaining({ code: "InvalidDocument" }));
    expect(convert({ id: "1", f: () => 1 })).toThrow(expect.objectContaining({ path: "f" }));
    expect(convert({ id: "1", _entryType: "X" })).toThrow(
      expect.objectContaining({ code: "InvalidEntryType" }),
    );
    expect(convert({ id: "1" }, "")).toThrow(expect.objectContaining({ code: "InvalidArgument" }));
  });
});

describe("resolveConflict", () => {
  test("T-116 T-203: local is after: local", () => {
    const local = made({ name: "new", _vector: { peer1: 2 }, _timestamp: 1 });
    const remote = made({ name: "old", extra: 1, _timestamp: 9_000 });
    expect(resolveConflict(local, remote)).toEqual(local);
  });

  test("T-116 T-204: local is before: remote", () => {
    const local = made({ name: "old" });
    const remote = made({ name: "new", _vector: { peer1: 1, peer2: 1 }, _peerId: "peer2" });
    expect(resolveConflict(local, remote)).toEqual(remote);
  });

  test("T-116: equal: local", () => {
    expect(resolveConflict(made({ name: "x" }), made({ name: "x" }))).toEqual(made({ name: "x" }));
  });

  test("T-117 T-120 T-205: concurrent: the later timestamp, vectors merged", () => {
    const local = made({ name: "local", _vector: { peer1: 2, peer2: 1 } });
    const remote = made({
      name: "remote",
      _vector: { peer1: 1, peer2: 2 },
      _timestamp: 2_000,
      _peerId: "peer2",
    });
    expect(resolveConflict(local, remote)).toMatchObject({
      name: "remote",
      _vector: { peer1: 2, peer2: 2 },
      _timestamp: 2_000,
      _peerId: "peer2",
    });
  });

  test("T-118 D-18: a tie of timestamps is broken by peer, alike on both sides", () => {
    const a = made({ name: "a" });
    const b = made({ name: "b", _vector: { peer2: 1 }, _peerId: "peer2" });
    expect(resolveConflict(a, b)["name"]).toBe("b");
    expect(resolveConflict(b, a)["name"]).toBe("b");
  });

  test("T-119 G-070: fields of the loser stay", () => {
    const a = made({ name: "a", phone: 1, _timestamp: 5 });
    const b = made({ name: "b", email: 2, _timestamp: 6, _vector: { peer2: 1 }, _peerId: "peer2" });
    expect(toRegularDocument(resolveConflict(a, b))).toEqual({
      id: "1",
      name: "b",
      phone: 1,
      email: 2,
    });
  });

  test("D-01: a field kept from the loser still ranks by its own time", () => {
    const old = made({ a: "old", _timestamp: 1 });
    const late = made({ b: 1, _timestamp: 9, _vector: { peer2: 1 }, _peerId: "peer2" });
    const middle = made({ a: "newer", _timestamp: 5, _vector: { peer3: 1 }, _peerId: "peer3" });
    expect(resolveConflict(resolveConflict(old, late), middle)["a"]).toBe("newer");
  });

  test("T-115 T-210: concurrent, one deleted: deleted, from both sides, vectors merged", () => {
    const live = made({ name: "x", _timestamp: 9_000 });
    const dead = made({ _deleted: true, _vector: { peer2: 1 }, _peerId: "peer2", _timestamp: 1 });
    for (const merged of [resolveConflict(live, dead), resolveConflict(dead, live)]) {
      expect(merged).toMatchObject({ _deleted: true, _vector: { peer1: 1, peer2: 1 } });
      // D-16: the stamp is the delete's as one value, not the time of one with the peer of the
      // other.
      expect(merged).toMatchObject({ _timestamp: 1, _peerId: "peer2" });
      expect(toRegularDocument(merged)).toEqual({ id: "1" });
    }
  });

  test("T-115: a causally later re-creation wins", () => {
    const dead = made({ _deleted: true, _timestamp: 9_000 });
    const born = made({ name: "again", _vector: { peer1: 1, peer2: 1 }, _peerId: "peer2" });
    expect(resolveConflict(dead, born)).toEqual(born);
    expect(resolveConflict(born, dead)).toEqual(born);
  });

  test("API.md: a live, a delete and a re-creation join alike in every order", () => {
    const live = made({ name: "a", phone: 1, _vector: { a: 1 } });
    const dead = made({ _deleted: true, _vector: { b: 1 }, _timestamp: 2_000 });
    const born = made({ name: "b", _vector: { b: 2 }, _timestamp: 3_000 });
    const left = resolveConflict(resolveConflict(live, dead), born);
    const right = resolveConflict(live, resolveConflict(dead, born));
    expect(left).toEqual(right);
    expect(toRegularDocument(left)).toEqual({ id: "1", name: "b", phone: 1 });
    expect(left._deleted).toBeUndefined();
  });

  test("A-K06 G-067: either argument may be missing", () => {
    const document = made({ name: "x", _vector: {} });
    expect(resolveConflict(document, null)).toEqual(document);
    expect(resolveConflict(undefined, document)).toEqual(document);
    expect(resolveConflict(null, undefined)).toBeNull();
  });

  test("a result survives JSON", () => {
    const merged = resolveConflict(made({ a: 1 }), made({ b: 1, _vector: { peer2: 1 } }));
    // It is what was written.
    const read = JSON.parse(JSON.stringify(merged)) as DistributedDocument;
    expect(read).toEqual(merged);
    expect(resolveConflict(read, merged)).toEqual(merged);
  });

  test("elements in another order, twice or superseded are the same document", () => {
    const old = made({ a: 0, _vector: { peer2: 1 } });
    const merged = resolveConflict(made({ a: 1 }), made({ b: 1, _vector: { peer2: 2 } }));
    const element = { kind: "document", vector: old._vector, timestamp: 1_000, peerId: "peer1" };
    const stale = { ...element, kind: "document" as const, fields: { a: 0 }, unset: [] };
    const { _elements = [] } = merged;
    const shuffled = [...[..._elements].reverse(), stale, ..._elements];
    expect(resolveConflict({ ...merged, _elements: shuffled }, null)).toEqual(merged);
  });

  test("who changes a result does not rewrite what it was made of", () => {
    const merged = resolveConflict(made({ a: [1] }), made({ b: 1, _vector: { peer2: 1 } }));
    // Readonly keeps nobody from it who has no types.
    (merged["a"] as unknown[]).push(2);
    expect(JSON.stringify(merged._elements)).not.toContain("[1,2]");
  });

  test("a result that was changed by hand and counted up counts as it is now", () => {
    const merged = resolveConflict(made({ a: 1 }), made({ b: 1, _vector: { peer2: 1 } }));
    const edited = { ...merged, a: 2, _vector: { ...merged._vector, peer3: 1 }, _timestamp: 1 };
    const { _elements, ...plain } = edited;
    expect(_elements).toHaveLength(2);
    expect(resolveConflict(edited, merged)).toEqual(plain);
    expect(resolveConflict(edited, null)).toEqual(plain);
  });

  test("C-01: a stage stays on the device that set it", () => {
    const staged = made({ _stage: "post-pending" });
    const later = made({ name: "x", _vector: { peer1: 2 } });
    expect(resolveConflict(staged, later)._stage).toBe("post-pending");
    expect(resolveConflict(later, staged)._stage).toBe("post-pending");
  });

  test("inputs are never changed", () => {
    const freeze = (document: DistributedDocument): DistributedDocument =>
      Object.freeze({ ...document, _vector: Object.freeze({ ...document._vector }) });
    const a = freeze(made({ name: "a" }));
    const b = freeze(made({ name: "b", _vector: { peer2: 1 } }));
    const merged = freeze(resolveConflict(a, b));
    resolveConflict(merged, made({ name: "c", _vector: { peer3: 1 } }));
    applyOperation(merged, operation({ type: OperationType.DELETE }));
    expect(a).toEqual(made({ name: "a" }));
  });

  test("two different documents are refused", () => {
    expect(() => resolveConflict(made({}), made({ id: "2" }))).toThrow(
      expect.objectContaining({ code: "InvalidArgument", path: "id" }),
    );
  });

  test.each<[string, Record<string, unknown>, string]>([
    ["clock", { _vector: { a: -1 } }, "_vector.a"],
    ["clock of text", { _vector: "x" }, "_vector"],
    ["counter NaN", { _vector: { a: NaN } }, "_vector.a"],
    ["time", { _timestamp: "now" }, "_timestamp"],
    ["time NaN", { _timestamp: NaN }, "_timestamp"],
    ["peer", { _peerId: 5 }, "_peerId"],
    ["elements", { _elements: {} }, "_elements"],
    ["no elements", { _elements: [] }, "_elements"],
    ["element", { _elements: [5] }, "_elements[0]"],
    ["kind", { _elements: [{ kind: "x" }] }, "_elements[0].kind"],
    ["name", { ["a.b"]: 1 }, "a.b"],
  ])("a document of wrong shape is refused: %s", (_, fields, path) => {
    // What a peer can send.
    const wrong = { ...made({}), ...fields } as DistributedDocument;
    expect(() => resolveConflict(made({}), wrong)).toThrow(
      expect.objectContaining({ code: "InvalidDocument", path }),
    );
  });
});

describe("applyOperation", () => {
  const ada = made({ name: "Ada", age: 36 });

  test("T-121 T-206 A-K07: an insert on nothing creates", () => {
    const insert = operation({ data: { id: "1", name: "Ada" } });
    expect(applyOperation(null, insert)).toEqual(made({ name: "Ada", _timestamp: 2_000 }));
  });

  test("T-207 A-K07: an update changes one field and keeps the others", () => {
    const update = operation({ type: "update", data: { age: 37 }, vector: { peer1: 2 } });
    const updated = applyOperation(ada, update);
    expect(updated).toMatchObject({ name: "Ada", age: 37, _vector: { peer1: 2 } });
    expect(updated).toMatchObject({ _timestamp: 2_000, _peerId: "peer1" });
    expect(ada["age"]).toBe(36);
  });

  test("T-045: the stamp is the last change's in causal order, be its clock behind", () => {
    const update = operation({
      type: "update",
      data: { age: 37 },
      vector: { peer1: 1, peer2: 1 },
      timestamp: 5,
      peerId: "peer2",
    });
    expect(applyOperation(ada, update)).toMatchObject({
      name: "Ada",
      age: 37,
      _timestamp: 5,
      _peerId: "peer2",
    });
  });

  test("an update takes fields away, by undefined and by name", () => {
    const update = operation({ type: "update", data: { age: undefined }, vector: { peer1: 2 } });
    expect(toRegularDocument(applyOperation(ada, update))).toEqual({ id: "1", name: "Ada" });
    const listed = operation({ type: "update", unset: ["name"], vector: { peer1: 2 } });
    expect(toRegularDocument(applyOperation(ada, listed))).toEqual({ id: "1", age: 36 });
  });

  test("an update changes neither id nor kind", () => {
    const data = { id: "2", _entryType: "AUTH", _vector: { x: 1 }, age: 1 };
    const update = operation({ type: "update", data, vector: { peer1: 2 } });
    expect(applyOperation(ada, update)).toMatchObject({ id: "1", _entryType: "MEMORY", age: 1 });
  });

  test("T-122 T-208 A-K07: a delete marks deleted", () => {
    const deleted = applyOperation(ada, operation({ type: "delete", vector: { peer1: 2 } }));
    expect(deleted).toEqual(made({ _deleted: true, _vector: { peer1: 2 }, _timestamp: 2_000 }));
  });

  test("T-122 D-09: a delete on nothing leaves a tombstone, which an older insert meets", () => {
    const tombstone = applyOperation(null, operation({ type: "delete", vector: { peer1: 2 } }));
    expect(tombstone).toMatchObject({ id: "1", _deleted: true });
    const insert = operation({ data: { name: "Ada" }, vector: { peer1: 1 } });
    expect(applyOperation(tombstone, insert)).toEqual(tombstone);
  });

  test("T-123 T-209: a stale operation is ignored", () => {
    const current = made({ name: "new", _vector: { peer1: 5 } });
    for (const type of ["insert", "update", "delete"] as const) {
      const stale = operation({ type, data: { name: "old" }, vector: { peer1: 3 } });
      expect(applyOperation(current, stale)).toEqual(current);
    }
  });

  test("D-07: an operation that was overtaken is not stale", () => {
    const first = operation({ type: "update", data: { name: "B" }, vector: { peer1: 2 } });
    const second = operation({ type: "update", data: { age: 37 }, vector: { peer1: 3 } });
    const inOrder = applyOperation(applyOperation(ada, first), second);
    expect(applyOperation(applyOperation(ada, second), first)).toEqual(inOrder);
    expect(inOrder).toMatchObject({ name: "B", age: 37 });
  });

  test("T-121 D-03: concurrent updates come out alike in either order", () => {
    const here = operation({ type: "update", data: { age: 1, a: 1 }, vector: { peer1: 2 } });
    const there = operation({
      type: "update",
      data: { age: 2, b: 1 },
      vector: { peer1: 1, peer2: 1 },
      timestamp: 1_500,
      peerId: "peer2",
    });
    const one = applyOperation(applyOperation(ada, here), there);
    expect(applyOperation(applyOperation(ada, there), here)).toEqual(one);
    expect(toRegularDocument(one)).toEqual({ id: "1", name: "Ada", age: 1, a: 1, b: 1 });
  });

  test("a delete and a concurrent update: deleted; an insert that saw the delete: alive", () => {
    const update = operation({ type: "update", data: { age: 1 }, vector: { peer1: 2 } });
    const remove = operation({ type: "delete", vector: { peer1: 1, peer2: 1 }, peerId: "peer2" });
    const dead = applyOperation(applyOperation(ada, update), remove);
    expect(dead?._deleted).toBe(true);
    const vector = { peer1: 2, peer2: 2 };
    const insert = operation({ data: { name: "again" }, vector, peerId: "peer2", timestamp: 1 });
    const alive = applyOperation(dead, insert);
    expect(alive).toEqual(
      made({ name: "again", _vector: vector, _peerId: "peer2", _timestamp: 1 }),
    );
  });

  test("an update does not bring a deleted document back", () => {
    const dead = made({ _deleted: true });
    const update = operation({ type: "update", data: { age: 1 }, vector: { peer1: 2 } });
    expect(applyOperation(dead, update)).toMatchObject({ _deleted: true, _vector: { peer1: 2 } });
  });

  test("the same operation twice is the same as once", () => {
    const update = operation({ type: "update", data: { age: 37 }, vector: { peer1: 2 } });
    const once = applyOperation(ada, update);
    expect(applyOperation(once, update)).toEqual(once);
  });

  test("G-073: an operation without anything to write changes nothing", () => {
    for (const empty of [operation({}), operation({ data: null }), operation({ type: "update" })]) {
      expect(applyOperation(null, empty)).toBeNull();
      expect(applyOperation(ada, empty)).toEqual(ada);
    }
  });

  test("nothing of the operation is kept by reference", () => {
    const tags = ["a"];
    const created = applyOperation(null, operation({ data: { tags } }));
    tags.push("b");
    expect(created?.["tags"]).toEqual(["a"]);
  });

  test.each<[string, Record<string, unknown>, string]>([
    ["type", { type: "upsert" }, "type"],
    ["document", { documentId: "" }, "documentId"],
    ["document of number", { documentId: 5 }, "documentId"],
    ["another document", { documentId: "2", data: {} }, "id"],
    ["clock", { vector: { a: 0.5 }, data: {} }, "vector.a"],
    ["time", { timestamp: Infinity, data: {} }, "timestamp"],
    ["peer", { peerId: "", data: {} }, "peerId"],
    ["data", { data: [] }, "data"],
    ["value", { data: { a: NaN } }, "data.a"],
    ["unset", { type: "update", unset: "a" }, "unset"],
  ])("an operation of wrong shape is refused: %s", (_, fields, path) => {
    // What a peer can send.
    const wrong = { ...operation({}), ...fields };
    expect(() => applyOperation(ada, wrong)).toThrow(expect.objectContaining({ path }));
  });
});

test("A-K22: the nine memory categories and the types of messages are told apart", () => {
  expect(new Set(Object.values(MemoryCategory)).size).toBe(9);
  expect(new Set(Object.values(MessageType)).size).toBe(6);
});
