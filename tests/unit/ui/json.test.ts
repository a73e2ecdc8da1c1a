/** Documents as JSON text: nothing is lost on the way and back, and each fault has its place. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findJsonFault } from "../../../src/ui/text/jsonFault.ts";
import { formatJson, parseJsonObject, parseJsonValue } from "../../../src/ui/text/json.ts";
import type { Value } from "../../../src/core/base/types.ts";

const leaf: fc.Arbitrary<Value> = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
  fc.boolean(),
  fc.constant(null),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array(),
  fc.float32Array({ noNaN: true, noDefaultInfinity: true }).map((list) => list.map((x) => x + 0)),
);
const value = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    leaf,
    fc.array(tie("value")),
    fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), tie("value"), { noNullPrototype: true }),
  ),
})).value;

describe("values", () => {
  test("of every kind come back as they were", () => {
    fc.assert(
      fc.property(value, (original) => {
        expect(parseJsonValue(formatJson(original))).toEqual({ ok: true, value: original });
      }),
    );
  });

  test("a field called __proto__ stays a field, for the database to refuse by name", () => {
    const parsed = parseJsonObject('{ "__proto__": { "x": 1 } }');
    expect(parsed.ok && Object.hasOwn(parsed.value, "__proto__")).toBe(true);
  });

  test("an object with more than a $ name is not taken for a date", () => {
    const text = '{ "a": { "$date": "2026-01-01", "b": 1 } }';
    const value = { a: { $date: "2026-01-01", b: 1 } };
    expect(parseJsonObject(text)).toEqual({ ok: true, value });
  });

  test.each([
    ['{ "when": { "$date": "someday" } }', "At when: ", "$date needs"],
    ['{ "a": [0, { "$bytes": "=" }] }', "At a[1]: ", "$bytes needs"],
    ['{ "v": { "$vector": [1, "2"] } }', "At v: ", "$vector needs"],
    ['{ "n": 9007199254740993 }', "", "9007199254740993 is a whole number too large"],
  ])("%s is refused with its path", (text, place, start) => {
    const parsed = parseJsonObject(text);
    expect(!parsed.ok && parsed.error.place).toBe(place);
    expect(!parsed.ok && parsed.error.message).toContain(start);
  });

  test("large numbers that JSON writes with an exponent are numbers", () => {
    expect(parseJsonValue("1e300")).toEqual({ ok: true, value: 1e300 });
  });

  test.each(["[1]", '"text"', "3", "null", '{ "$date": "2026-01-01" }'])(
    "%s is no document",
    (text) => {
      const parsed = parseJsonObject(text);
      expect(!parsed.ok && parsed.error.message).toContain("A document is a JSON object");
    },
  );
});

describe("faults", () => {
  test("are found exactly where JSON.parse finds one", () => {
    const text = fc
      .tuple(
        fc.json(),
        fc.nat(),
        fc.constantFrom("", "{", "}", "]", ",", '"', ":", "\\", "x", "\n"),
      )
      .map(([json, at, put]) => {
        const place = at % (json.length + 1);
        return json.slice(0, place) + put + json.slice(place + 1);
      });
    fc.assert(
      fc.property(text, (mutated) => {
        const fault = findJsonFault(mutated);
        let isJson = true;
        try {
          JSON.parse(mutated);
        } catch {
          isJson = false;
        }
        expect(fault === null).toBe(isJson);
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    ['{ "title": }', 11, "Line 1, column 12: ", "A value is expected"],
    ['{\n  "a": 1,\n}', 12, "Line 3, column 1: ", "A name in double quotes"],
    ['{ "a" 1 }', 6, "Line 1, column 7: ", "A colon"],
    ['{ "a": 1 "b": 2 }', 9, "Line 1, column 10: ", "A comma or }"],
    ["[1 2]", 3, "Line 1, column 4: ", "A comma or ]"],
    ["{} x", 3, "Line 1, column 4: ", "The document has ended"],
    ['{ "a": "x', 9, "Line 1, column 10: ", "not closed"],
    ['{ "a": "\\q" }', 8, "Line 1, column 9: ", "A backslash"],
    ['{ "a": "x\ny" }', 9, "Line 1, column 10: ", "cannot go over lines"],
    ["{ 'a': 1 }", 2, "Line 1, column 3: ", "A name in double quotes"],
    ['{ "a": 01 }', 7, "Line 1, column 8: ", "A value is expected"],
    ["", 0, "Line 1, column 1: ", "A value is expected"],
  ])("%j: at %d", (text, at, place, start) => {
    const parsed = parseJsonValue(text);
    expect(!parsed.ok && parsed.error).toMatchObject({ at, place });
    expect(!parsed.ok && parsed.error.message).toContain(start);
  });
});
