/** Replicas in pages and in Node must agree on every byte: Chromium runs the list Node runs. */
import { test } from "vitest";
import { goldenCases } from "../golden/cases.ts";

test.each(goldenCases)("$name", async ({ check }) => {
  await check();
});
