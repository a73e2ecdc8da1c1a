/**
 * A store that fails while a peer's segments are taken in: it is reported, and the same session
 * brings them and verifies, once the store answers again.
 */
import { expect, test } from "vitest";
import type { StoreOperation } from "../../../src/storage/memory.ts";
import { failAt } from "./faults.ts";
import { createWorld, type Device, type World } from "./world.ts";

const pair = async (world: World): Promise<readonly [Device, Device]> => {
  const [a, b] = [await world.open(), await world.open()];
  for (const device of [a, b]) await device.share("notes");
  await a.insert("notes", [{ id: "1" }]);
  await world.until(() => a.isVerified("notes") && b.isVerified("notes"), "verified");
  return [a, b];
};

const all: readonly StoreOperation["kind"][] = ["write", "segment", "segments", "pages", "meta"];

/** b's store fails so while a writes; then it answers again, and time passes. */
const during = async (
  fail: (b: Device) => void,
  write: (a: Device) => Promise<unknown>,
): Promise<void> => {
  const world = createWorld();
  const [a, b] = await pair(world);
  const { linked } = world.hub.stats();
  fail(b);
  await write(a);
  await world.until(() => b.failures().length > 0, "reported");
  await world.pass(3_000);
  b.fault = null;
  await world.until(
    () => a.isVerified("notes") && b.isVerified("notes") && b.get("notes", "2") !== undefined,
    "verified later",
  );
  expect(b.find("notes")).toEqual(a.find("notes"));
  expect(b.failures()[0]).toMatchObject({ code: "StorageFailed" });
  // And it is the same session
  expect(world.hub.stats().linked).toBe(linked);
  await b.reopen();
  expect(b.find("notes")).toEqual(a.find("notes"));
};

test.each([
  ["one write, before it takes effect", ["write"], "before", 1],
  ["one write that took effect", ["write"], "after", 1],
  ["all writes, for a while", ["write"], "before", null],
  ["everything, for a while", all, "before", null],
] as const)("what is pushed while the store fails: %s", async (_name, kinds, phase, only) => {
  const insert = (a: Device): Promise<unknown> => a.insert("notes", [{ id: "2" }]);
  await during((b) => {
    failAt(b, kinds, phase, only);
  }, insert);
});

test("what was asked for while the store fails", async () => {
  const world = createWorld();
  const [a, b] = await pair(world);
  await b.disconnect();
  for (let at = 2; at < 40; at++) await a.insert("notes", [{ id: String(at) }]);
  const { linked } = world.hub.stats();
  await b.connect();
  failAt(b, ["write"], "before");
  await world.until(() => b.failures().length > 0, "reported");
  await world.pass(5_000);
  b.fault = null;
  await world.until(() => a.isVerified("notes") && b.isVerified("notes"), "verified later");
  expect(b.find("notes")).toEqual(a.find("notes"));
  expect(world.hub.stats().linked).toBe(linked + 1);
});
