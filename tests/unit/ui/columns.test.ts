/** Which fields become columns, and how values read in cells. */
import { expect, test } from "vitest";
import { cellText, columnsMax, learnColumns } from "../../../src/ui/text/columns.ts";

test("what titles usually are comes first, then what most documents have", () => {
  const documents = [
    { id: "1", rare: 1, often: 1 },
    { id: "2", often: 1, name: "x" },
    { id: "3", often: 1, also: 1 },
  ];
  expect(learnColumns([], documents)).toEqual(["name", "often", "also", "rare"]);
});

test("known ones keep their place when more are met", () => {
  const known = learnColumns([], [{ id: "1", b: 1 }]);
  expect(learnColumns(known, [{ id: "2", a: 1, title: "t" }])).toEqual(["b", "title", "a"]);
});

test("there are no more than anybody chooses from", () => {
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`f${n}`, n]));
  expect(learnColumns([], [{ ...many, id: "1" }])).toHaveLength(columnsMax);
});

test("a cell is one short line, and empty where there is no field", () => {
  expect(cellText(undefined)).toBe("");
  expect(cellText("two\nlines")).toBe("two lines");
  expect(cellText(["a", "b"])).toBe("a, b");
  expect(cellText(new Date("2026-12-24T00:00:00Z"))).toBe("2026-12-24");
  expect(cellText(new Date("2026-12-24T08:30:00"))).toBe("2026-12-24 08:30");
  expect(cellText(new Date(8.64e15))).toContain("275760");
  expect(cellText("x".repeat(1_000)).length).toBeLessThan(220);
});
