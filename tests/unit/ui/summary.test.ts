/** Documents in two lines. */
import { expect, test } from "vitest";
import { summaryOf } from "../../../src/ui/text/summary.ts";

test("a usual name is the title, wherever it stands; the rest follows", () => {
  expect(summaryOf({ id: "1", about: "x", done: true, title: "T", tags: ["a", "b"] })).toEqual({
    title: "T",
    details: [
      { name: "about", text: "x" },
      { name: "done", text: "Yes" },
      { name: "tags", text: "a, b" },
    ],
  });
});

test("without one the first text, then the first field", () => {
  expect(summaryOf({ id: "1", n: 1, city: " Basel\n " }).title).toBe("Basel");
  expect(summaryOf({ id: "1", n: 1, when: new Date(0) })).toEqual({
    title: "n: 1",
    details: [{ name: "when", text: "1970-01-01" }],
  });
  expect(summaryOf({ id: "1" })).toEqual({ title: "Empty document", details: [] });
});

test("what is long is cut between characters", () => {
  const { title } = summaryOf({ id: "1", title: "😀".repeat(100) + "x" });
  expect(title.isWellFormed()).toBe(true);
  expect(title).toBe(`${"😀".repeat(60)}…`);
  expect(summaryOf({ id: "1", title: `x${"😀".repeat(100)}` }).title.isWellFormed()).toBe(true);
});
