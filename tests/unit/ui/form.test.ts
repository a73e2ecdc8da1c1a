/** Documents as forms: what comes out is what went in, and each fault is at its field. */
import { describe, expect, test } from "vitest";
import {
  draftAsKind,
  draftsLike,
  draftsOf,
  emptyDraft,
  fieldsOf,
  type FieldDraft,
} from "../../../src/ui/text/form.ts";

const draft = (changes: Partial<FieldDraft>): FieldDraft => ({ ...emptyDraft(0), ...changes });

describe("a form", () => {
  const fields = {
    body: "two\nlines",
    count: -0.5,
    done: true,
    tags: ["a", null],
    title: "T",
    when: new Date(0),
  };

  test("of a document gives the document back", () => {
    expect(fieldsOf(draftsOf(fields))).toEqual({ ok: true, value: fields });
  });

  test("begins with what the document is called by", () => {
    expect(draftsOf(fields).map(({ name }) => name)).toEqual([
      "title",
      ...["body", "count", "done", "tags", "when"],
    ]);
  });

  test("like another document's leaves out what nobody fills in", () => {
    const drafts = draftsLike(fields);
    expect(fieldsOf(drafts)).toEqual({ ok: true, value: { done: false } });
    const filled = drafts.map((each) => (each.name === "count" ? { ...each, text: "3" } : each));
    expect(fieldsOf(filled)).toEqual({ ok: true, value: { count: 3, done: false } });
  });

  test.each([
    ["list", ["a", "b, c"], "a\nb, c"],
    ["list", [], ""],
    ["date", new Date("2026-12-24T00:00:00Z"), "2026-12-24"],
    ["moment", new Date("2026-12-24T08:30:00"), "2026-12-24T08:30"],
    ["moment", new Date("2026-12-24T08:30:07.010"), "2026-12-24T08:30:07.010"],
  ])("shows a %s without JSON, and gives back %j", (kind, value, text) => {
    const drafts = draftsOf({ value });
    expect(drafts).toMatchObject([{ kind, text }]);
    expect(fieldsOf(drafts)).toEqual({ ok: true, value: { value } });
  });

  test.each([
    ["a text of two lines", ["a\nb"]],
    ["an empty text", ["a", ""]],
    ["white space", [" a"]],
    ["what is no text", ["a", 1]],
    ["lists", [["a"]]],
    ["a year of five digits", new Date(8.64e15)],
    ["a year of three digits", new Date("0476-09-04T12:00:00Z")],
  ])("leaves to JSON what its kinds would change: %s", (_, value) => {
    const drafts = draftsOf({ value });
    expect(drafts).toMatchObject([{ kind: "json" }]);
    expect(fieldsOf(drafts)).toEqual({ ok: true, value: { value } });
  });

  test("keeps an empty text that the document had", () => {
    expect(fieldsOf(draftsOf({ note: "" }))).toEqual({ ok: true, value: { note: "" } });
  });

  test.each([
    [draft({ text: "x" }), "name", "Give this field a name."],
    [draft({ name: "n", kind: "number", text: "12a" }), "value", "Not a number."],
    [draft({ name: "n", kind: "number", text: "" }), "value", "Not a number."],
    [draft({ name: "n", kind: "number", text: "1e999" }), "value", "Not a number."],
    [draft({ name: "n", kind: "number", text: "9007199254740993" }), "value", "too large"],
    [draft({ name: "d", kind: "date", text: "" }), "value", "Not a date."],
    [draft({ name: "d", kind: "date", text: "2026-13-01" }), "value", "Not a date."],
    [draft({ name: "d", kind: "moment", text: "tomorrow" }), "value", "Not a date."],
    [draft({ name: "j", kind: "json", text: "{" }), "value", "Line 1, column 2: A name"],
  ])("%j has a fault in its %s", (each, part, start) => {
    const read = fieldsOf([each]);
    expect(!read.ok && read.error).toMatchObject([{ key: 0, part }]);
    expect(!read.ok && read.error[0]?.message).toContain(start);
  });

  test("refuses a name that stands there twice", () => {
    const read = fieldsOf([draft({ name: "a" }), draft({ key: 1, name: " a ", text: "x" })]);
    expect(!read.ok && read.error).toMatchObject([{ key: 1, part: "name" }]);
  });
});

describe("changing the kind of a field keeps what it can", () => {
  test.each([
    [{ kind: "text", text: "12" }, "number", { text: "12" }],
    [{ kind: "number", text: "12" }, "text", { text: "12" }],
    [{ kind: "text", text: "a" }, "json", { text: '"a"' }],
    [{ kind: "json", text: '"a"' }, "text", { text: "a" }],
    [{ kind: "json", text: "[1]" }, "text", { text: "[1]" }],
    [{ kind: "text", text: "true" }, "flag", { flag: true }],
    [{ kind: "flag", flag: true }, "text", { text: "true" }],
    [{ kind: "flag", flag: true }, "json", { text: "true" }],
    [{ kind: "text", text: "a, b c,d" }, "list", { text: "a\nb c\nd" }],
    [{ kind: "list", text: "a\nb" }, "text", { text: "a, b" }],
    [{ kind: "list", text: "a\n\n b" }, "json", { text: '[\n  "a",\n  "b"\n]' }],
    [{ kind: "json", text: '["a", "b"]' }, "list", { text: "a\nb" }],
    [{ kind: "text", text: "2026-12-24" }, "date", { text: "2026-12-24" }],
    [{ kind: "date", text: "2026-12-24" }, "moment", { text: "2026-12-24T00:00" }],
    [{ kind: "moment", text: "2026-12-24T08:30" }, "date", { text: "2026-12-24" }],
    [{ kind: "json", text: '{ "$date": "2026-12-24" }' }, "date", { text: "2026-12-24" }],
  ] as const)("%j as %s", (from, kind, expected) => {
    expect(draftAsKind(draft(from), kind)).toMatchObject({ kind, ...expected });
  });
});
