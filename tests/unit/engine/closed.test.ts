/**
 * Closed networks between engines: made, joined by invite, read and written by role, left behind by
 * whoever is removed. Real cryptography, over the in-memory network.
 */
import { expect, test } from "vitest";
import { writersOf } from "../../../src/engine/home.ts";
import { admitJoiner } from "../../../src/engine/closed/admit.ts";
import { beginJoining, completeJoining } from "../../../src/engine/closed/create.ts";
import { makeInvite, revokeInvite } from "../../../src/engine/closed/manage.ts";
import {
  change,
  closedOf,
  founder,
  hex,
  invited,
  join,
  joinWithout,
  membershipOf,
  open,
  share,
  standing,
  takeInvite,
  team,
  tell,
  verified,
} from "./closedWorld.ts";
import { failAt } from "./faults.ts";
import { createWorld } from "./world.ts";

test("who holds an invite joins, reads what was there, and is read", async () => {
  const world = createWorld();
  const a = await founder(world);
  await share(a);
  await a.insert("notes", [{ id: "1", n: 1 }]);
  const b = await join(world, a);
  await share(b);
  await world.until(verified(a, b), "verified");
  expect(b.get("notes", "1")).toEqual({ id: "1", n: 1 });
  await b.insert("notes", [{ id: "2", n: 2 }]);
  await world.until(() => a.get("notes", "2") !== undefined, "the other's document");
  await world.until(verified(a, b), "verified again");
  expect(closedOf(a)?.members.map(({ role, isSelf }) => [role, isSelf])).toEqual([
    ["owner", true],
    ["editor", false],
  ]);
  expect(closedOf(a)?.invites).toEqual([]);
  expect([...a.failures(), ...b.failures()]).toEqual([]);
});

test("all of it lasts over a reopening, on both sides", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a);
  for (const device of [a, b]) await share(device);
  await a.insert("notes", [{ id: "1" }]);
  await world.until(verified(a, b), "verified");
  for (const device of [a, b]) await device.reopen(undefined, { joined: false });
  await b.insert("notes", [{ id: "2" }]);
  await world.until(() => a.get("notes", "2") !== undefined, "the other's document");
  await world.until(verified(a, b), "verified");
  expect(standing(b)).toBe("editor");
});

test("a third joins by one who is not the sequencer, and waits for it", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a, { role: "owner" });
  for (const device of [a, b]) await share(device);
  await a.insert("notes", [{ id: "1" }]);
  await world.until(verified(a, b), "verified");
  const c = await joinWithout(world, a, b);
  expect(closedOf(b)?.waiting).toEqual(["admit"]);
  await share(c);
  await c.insert("notes", [{ id: "3" }]);
  expect(c.get("notes", "3")).toEqual({ id: "3" });
  // Nothing of it leaves, and nothing is given to who is not a member yet
  await world.pass(60_000);
  expect(c.get("notes", "1")).toBeUndefined();
  expect(b.get("notes", "3")).toBeUndefined();
  // What waits lasts, too
  await c.close();
  expect(c.journal()).not.toEqual([]);
  await c.reopen(undefined, { joined: false });
  expect(c.get("notes", "3")).toEqual({ id: "3" });
  await a.connect();
  await world.until(() => standing(c) === "editor", "admitted");
  await world.until(verified(a, b, c), "verified");
  for (const device of [a, b, c]) {
    expect(device.find("notes").map(({ id }) => id)).toEqual(["1", "3"]);
  }
});

test("who waits goes on with what it wrote before its page was loaded again", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a, { role: "owner" });
  for (const device of [a, b]) await share(device);
  // Nothing tells such a device that its last opening wrote no more
  const c = await joinWithout(world, a, b, {}, { journalProvesContinuity: false });
  await share(c);
  await c.insert("notes", [{ id: "3", n: 1 }]);
  await c.reopen(undefined, { joined: false });
  await c.update("notes", "3", { $set: { n: 2 } });
  await c.reopen(undefined, { joined: false });
  expect(c.get("notes", "3")).toEqual({ id: "3", n: 2 });
  await a.connect();
  await world.until(() => standing(c) === "editor", "admitted");
  await world.until(verified(a, b, c), "verified");
  expect(a.get("notes", "3")).toEqual({ id: "3", n: 2 });
});

test("what was written onto a log that somebody closed without having it is kept", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a);
  const c = await join(world, a);
  for (const device of [a, b, c]) await share(device);
  await world.until(verified(a, b, c), "verified");
  // a has nothing of what b begins, and c goes on from there
  world.hub.partition([[a.network], [b.network, c.network]]);
  await b.insert("notes", [{ id: "1", n: 1 }]);
  await world.until(() => c.get("notes", "1") !== undefined, "c has it");
  await c.upsert("notes", [{ id: "1", n: 2 }]);
  await c.insert("notes", [{ id: "2" }]);
  const account = hex(membershipOf(b).device.certificate.account);
  await change(a, { kind: "remove-account", account });
  world.hub.heal();
  await world.until(() => a.get("notes", "2") !== undefined, "written anew");
  await world.until(verified(a, c), "verified");
  await c.insert("notes", [{ id: "3" }]);
  await world.until(() => a.get("notes", "3") !== undefined, "c goes on");
  await world.until(verified(a, c), "verified again");
  expect(a.find("notes")).toEqual(c.find("notes"));
  expect([...a.failures(), ...c.failures()]).toEqual([]);
});

test("a used, a revoked and an expired invite lead nowhere", async () => {
  const world = createWorld();
  const a = await founder(world);
  const used = await invited(a);
  const first = await open(world);
  await takeInvite(first, used.link);
  await world.until(() => standing(first) === "editor", "admitted");
  const expiring = await invited(a, { expiresInMs: 60_000 });
  const late = await world.open({ joined: false, online: false });
  await beginJoining(late.engine, expiring.link);
  await world.pass(61_000);
  const second = await open(world);
  await takeInvite(second, used.link);
  await late.connect();
  await world.pass(120_000);
  for (const device of [late, second]) {
    expect(device.networks()).toMatchObject([{ networkId: team, kind: "joining" }]);
  }
  await expect(beginJoining(a.engine, used.link)).rejects.toMatchObject({
    code: "InvalidArgument",
  });
  await expect(beginJoining(a.engine, "#join=nonsense")).rejects.toMatchObject({
    code: "InvalidArgument",
  });
  await expect(beginJoining(first.engine, expiring.link)).rejects.toMatchObject({
    code: "InvalidArgument",
  });
});

test("an invite that was taken back lets nobody in, though the sequencer is away", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a, { role: "owner" });
  const { link, id } = await invited(b);
  const c = await open(world);
  const { publicKey, device } = await beginJoining(c.engine, link);
  await world.until(() => closedOf(b)?.invites[0]?.state === "open", "decided");
  await a.disconnect();
  expect(await revokeInvite(b.engine, membershipOf(b), id)).toBe(true);
  // It was shown before
  const answer = await admitJoiner(b.engine, membershipOf(b), publicKey, device.certificate);
  expect(answer).toBe("invite-revoked");
  await tell(b);
  expect(closedOf(b)?.waiting).toEqual(["revoke"]);
});

test("who lost the answer to an invite for one is handed it again, and nobody else", async () => {
  const world = createWorld();
  const a = await founder(world);
  const { link } = await invited(a);
  const [first, second] = [await open(world), await open(world)];
  const { publicKey, device } = await beginJoining(first.engine, link);
  // Admitted, and the channel broke before it heard of it
  await admitJoiner(a.engine, membershipOf(a), publicKey, device.certificate);
  await beginJoining(second.engine, link);
  for (const one of [second, first]) one.opened.sync.refresh();
  await world.until(() => standing(first) === "editor", "handed over again");
  await world.pass(120_000);
  expect(second.networks()).toMatchObject([{ networkId: team, kind: "joining" }]);
  expect(closedOf(a)?.members).toHaveLength(2);
});

test("decisions at once come one behind another", async () => {
  const world = createWorld();
  const a = await founder(world);
  const before = membershipOf(a).control.head().height;
  const made = await Promise.all([invited(a), invited(a), invited(a), invited(a)]);
  expect(new Set(made.map(({ id }) => id)).size).toBe(4);
  expect(closedOf(a)).toMatchObject({ isFrozen: false });
  expect(closedOf(a)?.invites.map(({ state }) => state)).toEqual(["open", "open", "open", "open"]);
  expect(membershipOf(a).control.head().height).toBe(before + 4);
  await a.reopen(undefined, { joined: false });
  expect(membershipOf(a).control.head().height).toBe(before + 4);
});

test("a decision that the disk refuses is none", async () => {
  const world = createWorld();
  const a = await founder(world);
  const head = membershipOf(a).control.head();
  const wanted = {
    purpose: "member",
    role: "editor",
    uses: 1,
    expiresInMs: null,
    name: null,
  } as const;
  // The second write is that of the record
  failAt(a, ["write"], "before", 2);
  const request = { requestId: a.nextId(), invite: wanted };
  await expect(makeInvite(a.engine, membershipOf(a), request)).rejects.toThrow();
  a.fault = null;
  expect(membershipOf(a).control.head()).toEqual(head);
  await makeInvite(a.engine, membershipOf(a), request);
  expect(membershipOf(a).control.head().height).toBe(head.height + 1);
});

test("a chain that does not know the link's record is not taken for the network's", async () => {
  const world = createWorld();
  const a = await founder(world);
  const { link } = await invited(a);
  const b = await world.open({ joined: false, online: false });
  const joining = await beginJoining(b.engine, link);
  const { control, networkSecret, keys } = membershipOf(a);
  const records = control.records().map(({ bytes }) => bytes);
  const handover = { networkSecret, keys, account: null };
  expect(await completeJoining(b.engine, joining, records.slice(0, -1), handover)).toBeNull();
  expect(await completeJoining(b.engine, joining, [], handover)).toBeNull();
  expect(b.engine.registry.networks.all()).toEqual([]);
  expect(await completeJoining(b.engine, joining, records, handover)).not.toBeNull();
});

test("a second device of a person is of the same account", async () => {
  const world = createWorld();
  const a = await founder(world);
  const phone = await join(world, a, { purpose: "device", role: "owner" });
  for (const device of [a, phone]) await share(device);
  await phone.insert("notes", [{ id: "1" }]);
  await world.until(() => a.get("notes", "1") !== undefined, "the document");
  expect(closedOf(a)?.members).toHaveLength(1);
  expect(closedOf(a)?.members[0]?.devices).toHaveLength(2);
  // And can bring in a third
  const tablet = await join(world, phone, { purpose: "device", role: "owner" });
  await world.until(() => closedOf(a)?.members[0]?.devices.length === 3, "three devices");
  expect(standing(tablet)).toBe("owner");
});

test("readers read, and are told in words that they may not write", async () => {
  const world = createWorld();
  const a = await founder(world);
  await share(a);
  await a.insert("notes", [{ id: "1" }]);
  const reader = await join(world, a, { role: "reader" });
  await reader.insert("notes", [{ id: "here" }]);
  await share(reader);
  await world.until(() => reader.get("notes", "1") !== undefined, "the document");
  await expect(reader.insert("notes", [{ id: "2" }])).rejects.toMatchObject({
    code: "NotPermitted",
  });
  await expect(reader.update("notes", "1", { $set: { x: 1 } })).rejects.toMatchObject({
    code: "NotPermitted",
  });
  await reader.insert("notes", [{ id: "mine" }], "private");
  expect(reader.get("notes", "mine")).toEqual({ id: "mine" });
  expect(reader.get("notes", "here")).toEqual({ id: "here" });
  expect(a.get("notes", "here")).toBeUndefined();
  await world.until(verified(a, reader), "verified");
  const account = closedOf(a)?.members.find(({ isSelf }) => !isSelf)?.account ?? "";
  await change(a, { kind: "role", account, role: "editor" });
  await world.until(() => standing(reader) === "editor", "told");
  await reader.insert("notes", [{ id: "2" }]);
  await world.until(() => a.get("notes", "2") !== undefined, "the document");
});

test("who is removed gets nothing more, and keeps what it had", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a);
  const c = await join(world, a);
  for (const device of [a, b, c]) await share(device);
  await b.insert("notes", [{ id: "b1" }]);
  await world.until(verified(a, b, c), "verified");
  const before = membershipOf(a).epochs.latest()?.id;
  const account = membershipOf(b).device.certificate.account;
  await change(a, { kind: "remove-account", account: hex(account) });
  await world.until(() => standing(b) === "removed", "told");
  await a.insert("notes", [{ id: "after" }]);
  await world.until(() => c.get("notes", "after") !== undefined, "the others go on");
  await world.until(verified(a, c), "verified");
  await world.pass(120_000);
  expect(membershipOf(a).epochs.latest()?.id).not.toBe(before);
  expect(membershipOf(c).epochs.latest()?.id).toBe(membershipOf(a).epochs.latest()?.id);
  expect(membershipOf(b).epochs.latest()?.id).toBe(before);
  expect(b.get("notes", "after")).toBeUndefined();
  expect(b.get("notes", "b1")).toEqual({ id: "b1" });
  expect(c.get("notes", "b1")).toEqual({ id: "b1" });
  await expect(b.insert("notes", [{ id: "b2" }])).rejects.toMatchObject({ code: "NotPermitted" });
  expect([...a.failures(), ...b.failures(), ...c.failures()]).toEqual([]);
});

test("what a removed device wrote meanwhile counts for nobody, and stays with it", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a);
  const c = await join(world, a);
  for (const device of [a, b, c]) await share(device);
  await b.insert("notes", [{ id: "b1", n: 1 }]);
  await world.until(verified(a, b, c), "verified");
  // b and c go on apart from a, which removes b
  world.hub.partition([[a.network], [b.network, c.network]]);
  await b.update("notes", "b1", { $set: { n: 2 } });
  await b.insert("notes", [{ id: "b2" }]);
  await world.until(() => c.get("notes", "b2") !== undefined, "c has it");
  const account = hex(membershipOf(b).device.certificate.account);
  await change(a, { kind: "remove-account", account });
  world.hub.heal();
  await world.until(() => standing(b) === "removed", "told");
  await world.until(() => c.get("notes", "b2") === undefined, "un-applied");
  await world.until(verified(a, c), "verified");
  expect(c.get("notes", "b1")).toEqual({ id: "b1", n: 1 });
  expect(b.get("notes", "b1")).toEqual({ id: "b1", n: 2 });
  expect(b.get("notes", "b2")).toEqual({ id: "b2" });
  await a.reopen(undefined, { joined: false });
  await c.reopen(undefined, { joined: false });
  expect(c.get("notes", "b2")).toBeUndefined();
  await world.until(verified(a, c), "verified after a reopening");
});

test("what is not cut when the device is removed is not cut any more", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a);
  for (const device of [a, b]) await share(device);
  await world.until(verified(a, b), "verified");
  await b.disconnect();
  const account = hex(membershipOf(b).device.certificate.account);
  await change(a, { kind: "remove-account", account });
  for (const id of ["b1", "b2"]) {
    await b.insert("notes", [{ id }]);
    // What follows is a segment of its own
    for (const writer of writersOf(b.shared("notes"))) writer.close();
  }
  const pending = (): readonly number[] =>
    writersOf(b.shared("notes")).map((writer) => writer.pendingOps());
  expect(pending()).toEqual([2]);
  // It learns of it while the first of two segments is sealed
  b.beforeSeal = async () => {
    b.beforeSeal = null;
    const { control } = membershipOf(b);
    for (const { bytes } of membershipOf(a).control.records()) await control.append(bytes);
  };
  await b.engine.cutter.cutAll(b.engine.registry.homes());
  expect(membershipOf(b).standing()).toBe("removed");
  expect(pending()).toEqual([1]);
});
