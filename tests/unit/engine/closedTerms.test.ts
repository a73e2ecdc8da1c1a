/**
 * Who was removed or let in beside the chain when a term begins: decisions of a sequencer that
 * contradicted itself count no more, and are made again; nobody comes back by that, or reads what
 * was written when everybody took him for removed.
 */
import { expect, test } from "vitest";
import { beginJoining } from "../../../src/engine/closed/create.ts";
import { manage } from "../../../src/engine/closed/manage.ts";
import { keysFor } from "../../../src/engine/closed/keys.ts";
import {
  accountOf,
  change,
  closedOf,
  contradict,
  founder,
  give,
  hex,
  invited,
  join,
  membershipOf,
  open,
  recordsOf,
  share,
  standing,
  takeInvite,
  team,
  tell,
  verified,
} from "./closedWorld.ts";
import { createWorld, type Device, type World } from "./world.ts";

const keysOf = (device: Device): readonly string[] => [...membershipOf(device).keys.keys()];
const epochOf = (device: Device): string => membershipOf(device).epochs.latest()?.id ?? "";
const openTerm = async (device: Device): Promise<void> => {
  await manage(device.engine, { kind: "term", networkId: team, device: null });
  await tell(device);
};

/** Each by itself. */
const part = (world: World, ...devices: readonly Device[]): void => {
  world.hub.partition(devices.map(({ network }) => [network]));
};

test("who was removed beside the chain gets no key of what came after", async () => {
  const world = createWorld();
  const a = await founder(world);
  const [b, c, d] = [await join(world, a), await join(world, a), await join(world, a)];
  for (const device of [a, b, c, d]) await share(device);
  await world.until(verified(a, b, c, d), "verified");
  const image = a.image();
  part(world, a, b, c, d);
  await change(a, { kind: "remove-account", account: accountOf(c) });
  await give(b, recordsOf(a));
  const orphaned = epochOf(b);
  await b.insert("notes", [{ id: "not for c" }]);
  await b.engine.cutter.cutAll(b.engine.registry.homes());
  const copy = await contradict(world, image);
  await give(d, copy.records);
  await copy.device.close();
  world.hub.heal();
  await world.until(() => [a, b, c, d].every((one) => closedOf(one)?.isFrozen === true), "frozen");
  await openTerm(a);
  await world.until(() => standing(c) === "removed", "removed again");
  await world.until(() => d.get("notes", "not for c") !== undefined, "read by who stays");
  await world.until(verified(a, b, d), "verified");
  expect(keysOf(c)).not.toContain(orphaned);
  // Nor is that key in use again
  expect(epochOf(a)).not.toBe(orphaned);
  for (const device of [a, b, d]) expect(keysOf(device)).toContain(epochOf(a));
  expect(keysOf(c)).not.toContain(epochOf(a));
  expect(c.get("notes", "not for c")).toBeUndefined();
  const { certificate } = membershipOf(c).device;
  expect([...keysFor(membershipOf(a), [certificate]).keys()]).not.toContain(orphaned);
});

test("who was let in and removed beside the chain does not come back with a term", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a);
  await b.disconnect();
  const image = a.image();
  const c = await join(world, a);
  await change(a, { kind: "remove-account", account: accountOf(c) });
  const orphaned = epochOf(a);
  part(world, a, b, c);
  const copy = await contradict(world, image);
  await copy.device.close();
  await give(a, copy.records);
  await openTerm(a);
  await give(c, recordsOf(a));
  world.hub.heal();
  await b.connect();
  await world.until(() => membershipOf(b).control.head().term === 1, "told");
  await world.pass(120_000);
  expect(closedOf(a)).toMatchObject({ isFrozen: false, waiting: [] });
  // It had the key of before, under which nothing goes on
  expect(keysOf(c)).not.toContain(orphaned);
  await give(c, recordsOf(a));
  expect(keysOf(c)).not.toContain(orphaned);
  expect(keysOf(c)).not.toContain(epochOf(a));
  expect(keysOf(b)).toContain(orphaned);
  // Not even for a moment
  const { devices } = membershipOf(a).control.state();
  expect([...devices.keys()]).not.toContain(hex(membershipOf(c).device.publicKey));
  expect(closedOf(b)?.members.map(({ account }) => account)).toEqual([accountOf(a), accountOf(b)]);
});

test("nor by who knows that it was let in, and not that it was removed", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a, { role: "owner" });
  const image = a.image();
  const { link } = await invited(b);
  await world.until(() => closedOf(b)?.invites[0]?.state === "open", "the invite is known");
  const c = await open(world);
  await takeInvite(c, link);
  await world.until(() => standing(c) === "editor", "admitted");
  part(world, a, b, c);
  await change(a, { kind: "remove-account", account: accountOf(c) });
  const copy = await contradict(world, image);
  await copy.device.close();
  // Both know of the contradiction, one of them what it was about
  await give(b, copy.records);
  await give(a, copy.records);
  await openTerm(a);
  const term = recordsOf(a).at(-1);
  await give(b, term === undefined ? [] : [term]);
  const kinds = [...membershipOf(b).proposals.values()].map(
    ({ proposal }) => proposal.content.kind,
  );
  expect(kinds).toEqual(["invite", "admit"]);
  world.hub.heal();
  await world.until(() => standing(c) === "removed", "it hears that it is removed");
  await world.pass(60_000);
  for (const device of [a, b]) {
    expect(closedOf(device)?.members.map(({ account }) => account)).toEqual([
      accountOf(a),
      accountOf(b),
    ]);
  }
});

test("who was let in on another branch is handed the keys of this one by the term", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a);
  for (const device of [a, b]) await share(device);
  await world.until(verified(a, b), "verified");
  const image = a.image();
  part(world, a, b);
  await manage(a.engine, { kind: "epoch", networkId: team });
  await give(b, recordsOf(a));
  const orphaned = epochOf(b);
  await b.insert("notes", [{ id: "under the orphaned key" }]);
  await b.engine.cutter.cutAll(b.engine.registry.homes());
  const copy = await world.open({ joined: false, image });
  const c = await open(world);
  world.hub.partition([[a.network], [b.network], [copy.network, c.network]]);
  await world.pass(40_000);
  const { link } = await invited(copy);
  await beginJoining(c.engine, link);
  c.opened.sync.refresh();
  await world.until(() => standing(c) === "editor", "admitted");
  await share(c);
  // Under another key they would not find each other
  await give(b, recordsOf(copy));
  await copy.close();
  world.hub.heal();
  await world.until(() => [a, b, c].every((one) => closedOf(one)?.isFrozen === true), "frozen");
  expect(keysOf(c)).not.toContain(orphaned);
  await openTerm(a);
  await world.until(() => c.get("notes", "under the orphaned key") !== undefined, "read by c");
  expect(keysOf(c)).toContain(orphaned);
  await world.until(verified(a, b, c), "verified");
});

test("what was written by who was let in beside the chain is written anew", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a);
  for (const device of [a, b]) await share(device);
  await world.until(verified(a, b), "verified");
  const image = a.image();
  const c = await open(world);
  world.hub.partition([[a.network, c.network], [b.network]]);
  const { link } = await invited(a);
  await takeInvite(c, link);
  await world.until(() => standing(c) === "editor", "admitted");
  await share(c);
  await c.insert("notes", [{ id: "c" }]);
  await world.until(() => a.get("notes", "c") !== undefined, "a has it");
  const copy = await contradict(world, image);
  await copy.device.close();
  // Who comes to the log only behind the term finds no right to it
  await give(b, copy.records);
  world.hub.heal();
  await world.until(() => [a, b, c].every((one) => closedOf(one)?.isFrozen === true), "frozen");
  expect(a.get("notes", "c")).toBeDefined();
  await openTerm(a);
  await world.until(() => b.get("notes", "c") !== undefined, "b has it, too");
  await world.until(verified(a, b, c), "verified");
  const headsOf = (device: Device) => device.shared("notes").tree.heads();
  for (const device of [b, c]) expect(headsOf(device)).toEqual(headsOf(a));
});

test("who was to be removed beside the chain, and stays, is given the key of it", async () => {
  const world = createWorld();
  const a = await founder(world);
  const [b, c, d] = [
    await join(world, a, { role: "owner" }),
    await join(world, a),
    await join(world, a),
  ];
  for (const device of [a, b, c, d]) await share(device);
  await world.until(verified(a, b, c, d), "verified");
  const image = a.image();
  world.hub.partition([[a.network, b.network], [c.network], [d.network]]);
  await change(b, { kind: "remove-account", account: accountOf(c) });
  await world.until(() => closedOf(b)?.waiting.length === 0, "decided");
  const orphaned = epochOf(b);
  await give(d, recordsOf(b));
  await d.insert("notes", [{ id: "not yet for c" }]);
  await d.engine.cutter.cutAll(d.engine.registry.homes());
  const copy = await contradict(world, image);
  await give(a, copy.records);
  await copy.device.close();
  await b.disconnect();
  await openTerm(a);
  world.hub.heal();
  await world.until(() => d.shared("notes").tree.size() === c.shared("notes").tree.size(), "sent");
  await world.pass(60_000);
  // Its removal may be made again: by b, who is away
  expect(keysOf(c)).not.toContain(orphaned);
  expect(keysOf(d)).toContain(orphaned);
  await change(a, { kind: "role", account: accountOf(b), role: "editor" });
  await world.until(() => c.get("notes", "not yet for c") !== undefined, "read by c");
  expect(keysOf(c)).toContain(orphaned);
  await b.connect();
  await world.until(() => closedOf(b)?.standing === "editor", "told");
  await world.until(() => closedOf(b)?.waiting.length === 0, "refused");
  await world.until(verified(a, b, c, d), "verified");
  expect(standing(c)).toBe("editor");
});

/** A decision that neither b nor c heard of yet; and the term that leaves it beside the chain. */
const leftBeside = async (world: World) => {
  const a = await founder(world);
  const [b, c] = [await join(world, a), await join(world, a)];
  for (const device of [a, b, c]) await share(device);
  await world.until(verified(a, b, c), "verified");
  const image = a.image();
  part(world, a, b, c);
  await change(a, { kind: "role", account: accountOf(b), role: "owner" });
  const beside = recordsOf(a);
  await a.close();
  const copy = await world.open({ joined: false, image });
  part(world, copy, b, c);
  await world.pass(40_000);
  await openTerm(copy);
  const term = recordsOf(copy);
  await copy.close();
  return { b, c, beside, term };
};

test("who never heard of a branch beside the chain is given it, and what is of it", async () => {
  const world = createWorld();
  const { b, c, beside, term } = await leftBeside(world);
  await give(b, beside);
  await b.insert("notes", [{ id: "under that branch" }]);
  await b.engine.cutter.cutAll(b.engine.registry.homes());
  for (const device of [b, c]) await give(device, term);
  expect(membershipOf(c).control.head()).toEqual(membershipOf(b).control.head());
  expect(recordsOf(c).length).toBe(recordsOf(b).length - 1);
  world.hub.heal();
  await world.until(() => c.get("notes", "under that branch") !== undefined, "read by c");
  await world.until(verified(b, c), "verified");
});

test("whoever learns of such a branch tells all that are there, once", async () => {
  const world = createWorld();
  const { b, c, beside, term } = await leftBeside(world);
  for (const device of [b, c]) await give(device, term);
  world.hub.heal();
  await world.until(verified(b, c), "verified");
  await world.pass(10_000);
  await give(b, beside);
  await tell(b);
  await world.until(() => recordsOf(c).length === recordsOf(b).length, "given");
  await world.pass(10_000);
  const { frames } = world.hub.stats();
  await world.pass(10_000);
  // Heartbeats alone
  expect(world.hub.stats().frames - frames).toBeLessThanOrEqual(4);
});
