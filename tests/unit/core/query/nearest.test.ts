/** Which word a mistyped one is taken for. */
import { expect, test } from "vitest";
import { nearest, suggestion } from "../../../../src/core/query/nearest.ts";

const words = ["$gt", "$gte", "$elemMatch", "$startsWith", "$in"];

test.each([
  ["$gtt", "$gt"],
  ["$gte", "$gte"],
  ["$elemmatch", "$elemMatch"],
  ["$elmMatch", "$elemMatch"],
  ["$startWiths", "$startsWith"],
  ["$ni", "$in"],
  ["$frobnicate", null],
  ["", null],
  ["$".repeat(1_000_000), null],
])("%s", (word, expected) => {
  expect(nearest(word, words)).toBe(expected);
});

test("a suggestion is a clause, or nothing", () => {
  expect(suggestion("$gtt", words)).toBe("; did you mean $gt?");
  expect(suggestion("xyz", words)).toBe("");
});
