/** What members of a closed network are called, between engines. */
import { expect, test } from "vitest";
import { manage } from "../../../src/engine/closed/manage.ts";
import {
  accountOf,
  change,
  closedOf,
  founder,
  join,
  joinWithout,
  standing,
  team,
  tell,
} from "./closedWorld.ts";
import { createWorld, type Device } from "./world.ts";

const nameOf = (device: Device, who: Device): string | null | undefined =>
  closedOf(device)?.members.find(({ account }) => account === accountOf(who))?.name;

const call = async (device: Device, who: Device, name: string): Promise<boolean> => {
  const request = { kind: "name", networkId: team, account: accountOf(who), name } as const;
  const { isWaiting } = await manage(device.engine, request);
  await tell(device);
  return isWaiting;
};

test("everybody names themselves, readers too, and owners anybody, for all to see", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a, { role: "reader" });
  expect(nameOf(a, b)).toBeNull();
  expect(await call(b, b, "  Bob ")).toBe(true);
  await world.until(() => nameOf(a, b) === "Bob" && nameOf(b, b) === "Bob", "named");
  await call(a, a, "Ada");
  await call(a, b, "Robert");
  await world.until(() => nameOf(b, b) === "Robert" && nameOf(b, a) === "Ada", "named by an owner");
  await expect(call(b, a, "no")).rejects.toMatchObject({ code: "NotPermitted" });
  await expect(call(a, b, "two\nlines")).rejects.toMatchObject({ code: "InvalidArgument" });
  const c = await join(world, a);
  expect([nameOf(c, a), nameOf(c, b), nameOf(c, c)]).toEqual(["Ada", "Robert", null]);
  for (const device of [a, c]) await device.reopen(undefined, { joined: false });
  expect([nameOf(c, a), nameOf(a, b)]).toEqual(["Ada", "Robert"]);
  await call(a, b, "");
  await world.until(() => nameOf(c, b) === null, "taken back");
});

test("who comes in is called as the invite says, also where its maker has to ask", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a, { role: "owner", name: "Bob" });
  await world.until(() => nameOf(b, b) === "Bob", "named by the invite");
  const c = await joinWithout(world, a, b, { name: "Cleo" });
  await a.connect();
  await world.until(() => nameOf(a, c) === "Cleo" && nameOf(c, c) === "Cleo", "named");
  await call(c, c, "Cleopatra");
  await world.until(() => nameOf(a, c) === "Cleopatra", "named by itself");
  await b.reopen(undefined, { joined: false });
  await world.pass(60_000);
  expect(nameOf(a, c)).toBe("Cleopatra");
});

test("a name under keys that a removed device has not is none for it", async () => {
  const world = createWorld();
  const a = await founder(world);
  const [b, c] = [await join(world, a), await join(world, a)];
  await change(a, { kind: "remove-account", account: accountOf(b) });
  await world.until(() => standing(b) === "removed", "removed");
  await call(a, c, "Cleo");
  await world.until(() => nameOf(c, c) === "Cleo", "named");
  await world.pass(60_000);
  expect(nameOf(b, c) ?? null).toBeNull();
});
