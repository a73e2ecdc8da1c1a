/**
 * The digest of a scope, kept as documents change: equal to one made anew, and no document is read
 * again that did not change.
 */
import { expect, test } from "vitest";
import { createDigest, stateHash } from "../../../src/core/doc/digest.ts";
import { EncodedInsert } from "../../../src/core/doc/insert.ts";
import type { DocumentState } from "../../../src/core/doc/state.ts";
import { RowsReader } from "../../../src/core/wire/rowsReader.ts";
import { createStateDigest } from "../../../src/engine/stateDigest.ts";
import { createTestDocument } from "../../support/documents.ts";
import { createRandom } from "../../support/random.ts";
import { writerOf } from "../../support/model.ts";
import { createWorld, rowsOf } from "./world.ts";

const madeAnew = (states: Iterable<DocumentState | null>): Uint8Array => {
  const digest = createDigest();
  for (const state of states) {
    const hash = stateHash(state);
    if (hash !== null) digest.add(hash);
  }
  return digest.bytes();
};

const born = (id: string): ReturnType<typeof createTestDocument> => {
  const document = createTestDocument(id);
  document.write("a", [{ path: ["n"], set: 0 }], { birth: true });
  return document;
};

/** Whose entries are hashed one by one, as its birth no longer stands for all of them. */
const changed = (id: string): ReturnType<typeof createTestDocument> => {
  const document = born(id);
  document.write("a", [{ path: ["n"], set: -1 }]);
  return document;
};

test("Q-042 the digest follows every change, and is the same as one made anew", () => {
  const random = createRandom(11);
  const digest = createStateDigest();
  const documents = Array.from({ length: 20 }, (_, at) => born(`d${String(at)}`));
  const note = (before: DocumentState | null, after: DocumentState | null): void => {
    digest.replace((before ?? after)?.id ?? "", before, after);
  };
  for (const document of documents) note(null, document.state());
  for (let step = 1; step <= 300; step++) {
    const document = random.pick(documents);
    const before = document.state();
    const isDead = stateHash(before) === null;
    if (!isDead && random.chance(0.1)) document.remove("b");
    else document.write("a", [{ path: ["n"], set: step }], { birth: isDead });
    note(before, document.state());
    if (!random.chance(0.3)) continue;
    expect(digest.value()).toEqual(madeAnew(documents.map((each) => each.state())));
  }
});

test("Q-042 a change is hashed alone, once however often the document changed", () => {
  let reads = 0;
  const watched = (state: DocumentState | null): DocumentState => {
    if (state === null) throw new Error("a state");
    return new Proxy(state, {
      get: (target, name): unknown => {
        reads += name === "id" ? 0 : 1;
        return Reflect.get(target, name);
      },
    });
  };
  const readsOf = (run: () => unknown): number => {
    reads = 0;
    run();
    return reads;
  };
  const digest = createStateDigest();
  const still = watched(changed("still").state());
  const document = changed("changes");
  const first = watched(document.state());
  digest.replace("still", null, still);
  digest.replace("changes", null, first);
  const both = readsOf(() => digest.value());
  expect(both).toBeGreaterThan(0);
  expect(readsOf(() => digest.value())).toBe(0);
  let before = first;
  for (let n = 1; n <= 50; n++) {
    document.write("a", [{ path: ["n"], set: n }]);
    const after = watched(document.state());
    expect(readsOf(() => digest.replace("changes", before, after))).toBe(0);
    before = after;
  }
  // The document as it stood in the sum and as it is now: no more than two were at first.
  expect(readsOf(() => digest.value())).toBeLessThanOrEqual(both);
  expect(digest.value()).toEqual(madeAnew([still, before]));
});

test("Q-042 an insert is hashed as its state is, and none of its values is read", () => {
  let values = 0;
  class WatchedRows extends RowsReader {
    override valueAt(start: number): ReturnType<RowsReader["valueAt"]> {
      values += 1;
      return super.valueAt(start);
    }
  }
  const documents = [{ id: "a", n: 1, nested: { z: "last", b: [true] } }, { id: "empty" }];
  const rows = new WatchedRows(rowsOf(documents));
  const inserts = documents.map(({ id }, row) => {
    const dot = { writer: writerOf("a"), n: row + 7 };
    return new EncodedInsert({ rows, row, id, dot, time: { ms: 1, counter: 0 } });
  });
  const digest = createStateDigest();
  for (const insert of inserts) digest.replace(insert.id, null, insert);
  const value = digest.value();
  expect(values).toBe(0);
  expect(value).toEqual(madeAnew(inserts.map((insert) => insert.state())));
});

test("Q-042 what changed is hashed a few documents at a time, and comes to the same", () => {
  const documents = Array.from({ length: 25 }, (_, at) => changed(`d${String(at)}`).state());
  const digest = createStateDigest();
  for (const state of documents) digest.replace(state?.id ?? "", null, state);
  const isLeft = Array.from({ length: 3 }, () => digest.hashSome(10));
  expect(isLeft).toEqual([true, true, false]);
  expect(digest.value()).toEqual(madeAnew(documents));
});

test("Q-042 written with nobody there, it is hashed before anybody asks", async () => {
  const world = createWorld();
  const device = await world.open();
  await device.write({ kind: "make-collection", collection: "notes" });
  await device.share("notes");
  const documents = Array.from({ length: 1_200 }, (_, at) => ({ id: `n${String(at)}` }));
  await device.insert("notes", documents);
  const { digest } = device.shared("notes");
  expect(digest.hashSome(0)).toBe(true);
  await world.pass(1_100);
  expect(digest.hashSome(0)).toBe(false);
});
