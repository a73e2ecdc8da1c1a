/**
 * A run is told by its seed alone: what failed once can be looked at again.
 */
import { expect, test } from "vitest";
import { simulate } from "./native.ts";

test("a seed runs the same way twice", { timeout: 60_000 }, async () => {
  const first = await simulate(7, { commands: 60 });
  expect(await simulate(7, { commands: 60 })).toEqual(first);
  expect((await simulate(8, { commands: 60 })).fingerprint).not.toBe(first.fingerprint);
});
