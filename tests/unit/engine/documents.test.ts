/** The documents of a scope: their ids stand in order, whatever comes and goes. */
import { expect, test } from "vitest";
import type { DocumentState } from "../../../src/core/doc/state.ts";
import { Documents } from "../../../src/engine/documents.ts";
import { place } from "../../contract/storeBench.ts";
import { emptyPages } from "../../support/emptyPages.ts";
import { createTestDocument } from "../../support/documents.ts";
import { createRandom } from "../../support/random.ts";

const stateOf = (id: string): DocumentState => {
  const document = createTestDocument(id);
  document.write("ada", [{ path: ["title"], set: id }], { birth: true });
  const state = document.state();
  if (state === null) throw new Error("it was just written");
  return state;
};

const createDocuments = (): Documents => new Documents(place({}).scope, emptyPages());

const filled = (...ids: readonly string[]): Documents => {
  const documents = createDocuments();
  for (const id of ids) documents.put(id, stateOf(id));
  return documents;
};

test("ids rise, in whatever order they came", () => {
  expect(filled("b", "c", "a").sortedIds()).toEqual(["a", "b", "c"]);
});

test("a forgotten document is gone, and shows once when it comes again", () => {
  const documents = filled("a", "b", "c");
  documents.put("b", null);
  expect(documents.sortedIds()).toEqual(["a", "c"]);
  documents.put("a", null);
  documents.put("a", stateOf("a"));
  documents.put("b", stateOf("b"));
  expect(documents.sortedIds()).toEqual(["a", "b", "c"]);
  documents.put("nobody", null);
  expect(documents.sortedIds()).toEqual(["a", "b", "c"]);
});

test("a list that somebody reads does not change under him when documents are forgotten", () => {
  const documents = filled("a", "b");
  const list = documents.sortedIds();
  documents.put("a", null);
  documents.sortedIds();
  expect(list).toEqual(["a", "b"]);
});

test("as a sorted Map would, by random puts", () => {
  const seed = 7;
  const random = createRandom(seed);
  const documents = createDocuments();
  const expected = new Map<string, DocumentState>();
  for (let step = 0; step < 500; step++) {
    const id = `d${random.integer(40)}`;
    const state = random.chance(0.4) ? null : stateOf(id);
    documents.put(id, state);
    if (state === null) expected.delete(id);
    else expected.set(id, state);
    if (random.chance(0.3)) {
      expect(documents.sortedIds(), `seed ${seed}, step ${step}`).toEqual(
        [...expected.keys()].sort(),
      );
    }
    expect(documents.sortedIds().length).toBe(expected.size);
  }
});
