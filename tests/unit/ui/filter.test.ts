/** Words of a filter as a query, tried with the engine's own matching. */
import { describe, expect, test } from "vitest";
import { compileFilter } from "../../../src/core/query/match.ts";
import { learnTextNames, queryOfWords } from "../../../src/ui/text/filter.ts";

const matches = (
  words: string,
  document: { id: string; [name: string]: string | string[] },
): boolean => compileFilter(queryOfWords(words, ["tags", "title"]))(document);

const stored = async function* (count: number): AsyncGenerator<{ [name: string]: unknown }> {
  for (let at = 0; at < count; at++) yield { id: "x", title: "t", n: 1, _hidden: "h" };
  yield { id: "last", late: ["x"], numbers: [1] };
};

describe("words", () => {
  const document = { id: "abc-1", title: "Moving house (1+1)", tags: ["Home", "spring"] };

  test.each(["", "  ", "house", "HOUSE mov", "(1+1)", "home spring", "abc-1", "[", "a.c"])(
    "%j: each word must be somewhere",
    (words) => {
      expect(matches(words, document)).toBe(!["[", "a.c"].includes(words));
    },
  );

  test("every character stands for itself", () => {
    for (let code = 33; code < 0x2000; code++) {
      const character = String.fromCharCode(code);
      if (/\s/.test(character)) continue;
      expect(matches(character, { id: "", title: `é${character}é` })).toBe(true);
    }
  });
});

describe("names of fields with text", () => {
  test("are learnt from all documents", async () => {
    const learnt = await learnTextNames(stored(3), 10);
    expect(learnt).toEqual({ names: ["late", "title"], isPart: false });
  });

  test("or from the first ones, and that is said", async () => {
    expect(await learnTextNames(stored(3), 3)).toEqual({ names: ["title"], isPart: true });
  });
});
