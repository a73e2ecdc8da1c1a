import { test } from "vitest";
import { goldenCases } from "../golden/cases.ts";

// Replicas in pages and in Node must agree on every byte, so both run one list.
test.each(goldenCases)("$name", async ({ check }) => {
  await check();
});
