/** Golden bytes in Node: what was written once is read for ever. */
import { expect, test } from "vitest";
import { goldenCases } from "./cases.ts";

test.each(goldenCases)("$name", async ({ check }) => {
  await check();
});

test("there is something to check", () => {
  expect(goldenCases.length).toBeGreaterThan(30);
});
