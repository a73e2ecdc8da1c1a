/**
 * Who decides in a closed network, and what happens where its order is disturbed: sequencers that
 * were rolled back or are lost, records that contradict each other, terms opened by the recovery
 * key, keys that are due, and admissions that are refused after keys were handed over.
 */
import { expect, test } from "vitest";
import { bytesToHex } from "../../../src/core/base/bytes.ts";
import { makeProposal, makeRecord } from "../../../src/core/network/closed/make.ts";
import type { ControlContent } from "../../../src/core/network/closed/content.ts";
import type { ManageRequest } from "../../../src/core/wire/networks.ts";
import { admitJoiner } from "../../../src/engine/closed/admit.ts";
import { beginJoining } from "../../../src/engine/closed/create.ts";
import { manage } from "../../../src/engine/closed/manage.ts";
import { deviceNameOf } from "../../../src/engine/device.ts";
import {
  accountOf,
  change,
  closedOf,
  founder,
  give,
  heightOf,
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
import { createWorld, type Device } from "./world.ts";

const offline = { joined: false, online: false } as const;
const day = 86_400_000;

/** As the service does it. */
const ask = async (device: Device, request: ManageRequest) => {
  const { membership, ...managed } = await manage(device.engine, request);
  if (membership !== null) await device.opened.sync.chainChanged(membership);
  return managed;
};

const nameOf = (device: Device): string => deviceNameOf(membershipOf(device).device.publicKey);
const epochOf = (device: Device): string | undefined => membershipOf(device).epochs.latest()?.id;
const sequencerOf = (device: Device): string | undefined =>
  closedOf(device)
    ?.members.flatMap(({ devices }) => devices)
    .find(({ isSequencer }) => isSequencer)?.device;

/** A record that the sequencer's key makes behind its head, as one that was copied would. */
const recordBy = async (device: Device, content: ControlContent): Promise<Uint8Array> => {
  const { control, network, device: own } = membershipOf(device);
  const { networkHash } = network;
  const { crypto } = device.engine.deps;
  const [parent] = control.from(control.head().height);
  if (parent === undefined) throw new Error("the head is there");
  const signed = await makeProposal({ networkHash, base: control.head(), content }, [own], crypto);
  const time = { ms: device.engine.deps.timers.now(), counter: 0 };
  return makeRecord({ networkHash, parent, time, signed }, own.seed, crypto);
};

const policy = (byte: number): ControlContent => ({
  kind: "policy",
  bytes: new Uint8Array([byte]),
});

test("a sequencer that was rolled back hears of its decisions before it decides", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a);
  const image = a.image();
  await change(a, { kind: "role", account: accountOf(b), role: "owner" });
  await world.until(() => standing(b) === "owner", "told");
  const height = heightOf(a);
  await a.reopen(image, offline);
  expect(heightOf(a)).toBe(height - 1);
  // Alone it may have forgotten anything: what it is asked waits
  expect(await invited(a)).toMatchObject({ isWaiting: true });
  expect(closedOf(a)?.waiting).toEqual(["invite"]);
  await a.connect();
  await world.until(() => closedOf(a)?.waiting.length === 0, "decided");
  expect(closedOf(a)).toMatchObject({ isFrozen: false, invites: [{ state: "open" }] });
  await world.until(() => heightOf(b) === height + 1, "b follows");
  expect(heightOf(a)).toBe(height + 1);
  expect(closedOf(b)).toMatchObject({ isFrozen: false, standing: "owner" });
});

test("where nobody comes who could know better, it decides after half a minute", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a);
  await b.close();
  await a.reopen(undefined, { joined: false });
  expect(await invited(a)).toMatchObject({ isWaiting: true });
  const since = world.now();
  await world.until(() => closedOf(a)?.waiting.length === 0, "decided");
  expect(world.now() - since).toBeGreaterThanOrEqual(30_000);
  expect(world.now() - since).toBeLessThan(60_000);
  expect(closedOf(a)).toMatchObject({ waiting: [], invites: [{ state: "open" }] });
});

test("a proposal that reaches a sequencer too early is decided when it may", async () => {
  const world = createWorld();
  const a = await founder(world);
  const [b, c] = [await join(world, a, { role: "owner" }), await join(world, a)];
  const image = a.image();
  await change(a, { kind: "role", account: accountOf(c), role: "reader" });
  await world.until(() => standing(c) === "reader", "told");
  await a.reopen(image, offline);
  await b.disconnect();
  expect(await invited(b)).toMatchObject({ isWaiting: true });
  await Promise.all([b.connect(), a.connect()]);
  await world.until(() => closedOf(b)?.waiting.length === 0, "decided");
  expect(closedOf(b)).toMatchObject({ isFrozen: false, invites: [{ state: "open" }] });
  expect(closedOf(a)?.isFrozen).toBe(false);
  await world.until(() => heightOf(c) === heightOf(a), "c follows");
});

test("records that contradict each other freeze decisions, not data, for everybody", async () => {
  const world = createWorld();
  const a = await founder(world);
  const [b, c] = [await join(world, a), await join(world, a, { role: "owner" })];
  for (const device of [a, b, c]) await share(device);
  await world.until(verified(a, b, c), "verified");
  await world.until(() => [b, c].every((one) => heightOf(one) === heightOf(a)), "all follow");
  const records = [await recordBy(a, policy(1)), await recordBy(a, policy(2))];
  const frozen = (device: Device) => closedOf(device)?.isFrozen === true;
  // Each of them knows one
  world.hub.partition([[a.network], [b.network], [c.network]]);
  await give(b, records.slice(0, 1));
  await give(c, records.slice(1));
  world.hub.heal();
  await world.until(() => [a, b, c].every(frozen), "everybody has the proof");
  for (const device of [a, b, c]) {
    expect(membershipOf(device).control.records()).toHaveLength(heightOf(a) + 3);
  }
  await b.insert("notes", [{ id: "b" }]);
  await world.until(() => c.get("notes", "b") !== undefined, "data flows");
  await world.until(verified(a, b, c), "verified");
  // What is decided meanwhile waits
  expect(await invited(c)).toMatchObject({ isWaiting: true });
  expect(await invited(a)).toMatchObject({ isWaiting: true });
  await world.pass(60_000);
  expect(closedOf(a)?.waiting).toEqual(["invite"]);
  await a.reopen(undefined, { joined: false });
  expect(membershipOf(a).control.isFrozen()).toBe(true);
  expect(await ask(a, { kind: "term", networkId: team, device: null })).toMatchObject({
    isWaiting: false,
  });
  await world.until(() => ![a, b, c].some(frozen), "it goes on");
  await world.until(() => closedOf(c)?.waiting.length === 0, "what waited is decided");
  await world.until(() => closedOf(a)?.waiting.length === 0, "its own too");
  expect(membershipOf(b).control.head().term).toBe(1);
});

test("who stands where the chain froze, and knows of neither branch, is told", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a);
  const records = [await recordBy(a, policy(1)), await recordBy(a, policy(2))];
  await b.disconnect();
  await give(b, records);
  expect(membershipOf(b).control.isFrozen()).toBe(true);
  expect(membershipOf(b).control.head()).toEqual(membershipOf(a).control.head());
  await b.connect();
  await world.until(() => closedOf(a)?.isFrozen === true, "told");
  // A third record at that height would help nobody
  expect(await invited(a)).toMatchObject({ isWaiting: true });
});

test("the recovery key, kept as text, brings a network back whose sequencer is lost", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a, { role: "owner" });
  for (const device of [a, b]) await share(device);
  await b.insert("notes", [{ id: "1" }]);
  await world.until(verified(a, b), "verified");
  expect([closedOf(a)?.hasRecoveryKey, closedOf(b)?.hasRecoveryKey]).toEqual([true, false]);
  const request = { kind: "export-recovery-key", networkId: team } as const;
  const {
    recoveryKeys: [recoveryKey = ""],
  } = await ask(a, request);
  await expect(ask(b, request)).rejects.toMatchObject({ code: "NotPermitted" });
  await expect(ask(b, { kind: "term", networkId: team, device: null })).rejects.toMatchObject({
    code: "NotPermitted",
  });
  await a.close();
  const { link } = await invited(b);
  const take = (text: string) =>
    ask(b, { kind: "import-recovery-key", networkId: team, recoveryKey: text });
  const text = recoveryKey;
  await expect(take(text.slice(0, -1))).rejects.toMatchObject({ code: "InvalidArgument" });
  const other = text.startsWith("A") ? "B" : "A";
  await expect(take(other + text.slice(1))).rejects.toMatchObject({ code: "InvalidArgument" });
  await take(text.toLowerCase().replaceAll("-", " "));
  expect(closedOf(b)?.hasRecoveryKey).toBe(true);
  await b.reopen(undefined, { joined: false });
  await ask(b, { kind: "term", networkId: team, device: null });
  expect(sequencerOf(b)).toBe(nameOf(b));
  await world.until(() => closedOf(b)?.invites[0]?.state === "open", "what waited is decided");
  const c = await open(world);
  await takeInvite(c, link);
  await world.until(() => standing(c) === "editor", "a third joins");
  // The lost one turns up again: it is a member like any other
  await a.open({ joined: false });
  await world.until(() => sequencerOf(a) === nameOf(b), "a follows");
  await share(c);
  await world.until(verified(a, b, c), "verified");
});

test("a recovery key of another network is told apart", async () => {
  const world = createWorld();
  const [a, b] = [await founder(world), await founder(world)];
  const {
    recoveryKeys: [recoveryKey = ""],
  } = await ask(a, { kind: "export-recovery-key", networkId: team });
  const taken = ask(b, {
    kind: "import-recovery-key",
    networkId: team,
    recoveryKey,
  });
  await expect(taken).rejects.toMatchObject({ code: "InvalidArgument" });
});

test("a term can name another device; what was written beside it is read on", async () => {
  const world = createWorld();
  const a = await founder(world);
  const [b, c] = [await join(world, a), await join(world, a)];
  for (const device of [a, b, c]) await share(device);
  await world.until(verified(a, b, c), "verified");
  await world.until(() => [b, c].every((one) => heightOf(one) === heightOf(a)), "all follow");
  // The sequencer contradicts itself with two epochs: b knows one, c the other
  world.hub.partition([[a.network], [b.network], [c.network]]);
  const before = a.image();
  await ask(a, { kind: "epoch", networkId: team });
  const branch = membershipOf(a).control.records();
  await give(b, [branch.at(-1)?.bytes ?? new Uint8Array()]);
  const orphaned = epochOf(b) ?? "";
  await b.insert("notes", [{ id: "under the orphaned key" }]);
  await b.engine.cutter.cutAll(b.engine.registry.homes());
  const rolledBack = await world.open({ ...offline, image: before });
  const other = await recordBy(rolledBack, policy(1));
  await give(c, [other]);
  world.hub.heal();
  await world.until(() => [a, b, c].every((one) => closedOf(one)?.isFrozen === true), "frozen");
  // Its record came with the proof
  expect([...membershipOf(c).keys.keys()]).toContain(orphaned);
  expect(await ask(a, { kind: "term", networkId: team, device: nameOf(c) })).toMatchObject({
    isWaiting: true,
  });
  await world.until(() => sequencerOf(b) === nameOf(c), "c is the sequencer");
  expect(closedOf(a)?.isFrozen).toBe(false);
  await world.until(() => closedOf(a)?.waiting.length === 0, "nothing waits");
  await world.until(() => c.get("notes", "under the orphaned key") !== undefined, "read by c");
  await world.until(verified(a, b, c), "verified");
});

test("what a term leaves aside is decided again; terms can contradict, too", async () => {
  const world = createWorld();
  const a = await founder(world);
  const [b, c] = [await join(world, a, { role: "owner" }), await join(world, a)];
  const {
    recoveryKeys: [recoveryKey = ""],
  } = await ask(a, { kind: "export-recovery-key", networkId: team });
  const take = (device: Device) =>
    ask(device, {
      ...{ kind: "import-recovery-key", networkId: team },
      recoveryKey,
    });
  await take(b);
  // Its first sequencer goes on alone while b opens a term
  world.hub.partition([[a.network], [b.network], [c.network]]);
  const { id } = await invited(a);
  await change(a, { kind: "role", account: accountOf(c), role: "reader" });
  await ask(b, { kind: "term", networkId: team, device: null });
  world.hub.heal();
  await world.until(() => standing(c) === "reader", "decided again");
  await world.until(() => closedOf(a)?.invites[0]?.state === "open", "the invite, too");
  expect(closedOf(a)?.invites).toMatchObject([{ id, state: "open" }]);
  expect(membershipOf(c).control.head().term).toBe(1);
  // Two terms of one number: neither counts, and the next is above both
  world.hub.partition([[a.network], [b.network], [c.network]]);
  await ask(a, { kind: "term", networkId: team, device: null });
  await ask(b, { kind: "term", networkId: team, device: null });
  world.hub.heal();
  const all = [a, b, c];
  await world.until(() => all.every((device) => closedOf(device)?.isFrozen === true), "frozen");
  await ask(b, { kind: "term", networkId: team, device: null });
  await world.until(() => all.every((device) => closedOf(device)?.isFrozen === false), "over");
  for (const device of all) expect(membershipOf(device).control.head().term).toBe(3);
  expect(sequencerOf(c)).toBe(nameOf(b));
});

test("the order is handed on, and the first sequencer can then be removed", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a, { role: "owner" });
  const c = await join(world, a);
  for (const device of [a, b, c]) await share(device);
  await expect(change(b, { kind: "remove-account", account: accountOf(a) })).rejects.toMatchObject({
    code: "NotPermitted",
  });
  await change(b, { kind: "transfer", device: nameOf(b) });
  await world.until(() => sequencerOf(c) === nameOf(b), "told");
  await world.until(() => sequencerOf(b) === nameOf(b) && sequencerOf(a) === nameOf(b), "all");
  await change(b, { kind: "remove-account", account: accountOf(a) });
  await world.until(() => standing(a) === "removed", "told");
  await b.insert("notes", [{ id: "after" }]);
  await world.until(() => c.get("notes", "after") !== undefined, "they go on");
  // Asked again by a page that heard no answer: it is so already
  const height = heightOf(b);
  await change(b, { kind: "remove-account", account: accountOf(a) });
  await change(b, { kind: "transfer", device: nameOf(b) });
  expect(heightOf(b)).toBe(height);
});

test("a key is replaced after 90 days by the sequencer, and on demand by an owner", async () => {
  const world = createWorld();
  const a = await founder(world);
  const [b, c] = [await join(world, a, { role: "owner" }), await join(world, a)];
  const first = epochOf(a);
  a.skew = 89 * day;
  await world.pass(3_000);
  expect(epochOf(a)).toBe(first);
  a.skew = 91 * day;
  await world.until(() => epochOf(c) !== first, "replaced");
  await world.pass(10_000);
  const second = epochOf(a);
  expect([epochOf(b), epochOf(c)]).toEqual([second, second]);
  expect(membershipOf(a).control.state().epochs).toHaveLength(2);
  await expect(ask(c, { kind: "epoch", networkId: team })).rejects.toMatchObject({
    code: "NotPermitted",
  });
  await ask(b, { kind: "epoch", networkId: team });
  await world.until(() => epochOf(c) !== second, "replaced again");
  expect(membershipOf(a).control.state().epochs).toHaveLength(3);
});

test("keys that were handed over to one who is then refused are replaced", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a, { role: "owner" });
  const { link, id } = await invited(b);
  await world.until(() => closedOf(b)?.invites[0]?.state === "open", "known");
  await a.disconnect();
  // The sequencer learns that it is revoked before it hears of the joiner
  await change(a, { kind: "role", account: accountOf(b), role: "owner" });
  const revoked = await recordOfRevocation(a, id);
  await give(a, [revoked]);
  const stranger = await open(world);
  await takeInvite(stranger, link);
  await world.until(() => standing(stranger) === "waiting", "handed over");
  const before = epochOf(stranger);
  expect(before).toBe(epochOf(a));
  await world.pass(61_000);
  await a.connect();
  await world.until(() => epochOf(b) !== before, "replaced");
  expect(closedOf(b)?.waiting).toEqual([]);
  await world.pass(200_000);
  expect(standing(stranger)).toBe("waiting");
  expect(epochOf(stranger)).toBe(before);
  expect(membershipOf(a).control.state().epochs).toHaveLength(2);
});

const recordOfRevocation = (device: Device, id: string): Promise<Uint8Array> =>
  recordBy(device, { kind: "revoke", publicKey: Uint8Array.from(Buffer.from(id, "hex")) });

test("who comes in while a new key is on its way gets one that it can open", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a, { role: "owner" });
  const { link } = await invited(a, { uses: 2 });
  await a.disconnect();
  // Sealed to those that b knows of
  await ask(b, { kind: "epoch", networkId: team });
  const c = await open(world);
  const joining = await beginJoining(c.engine, link);
  const { certificate } = joining.device;
  expect(
    await admitJoiner(a.engine, membershipOf(a), joining.publicKey, certificate),
  ).not.toBeNull();
  c.opened.sync.refresh();
  await a.connect();
  await world.until(() => standing(c) === "editor", "admitted");
  await world.until(() => closedOf(b)?.waiting.length === 0, "decided");
  const last = () => membershipOf(a).control.state().epochs.at(-1)?.id;
  await world.until(() => epochOf(c) === last() && epochOf(b) === last(), "everybody has it");
  for (const device of [a, b, c]) await share(device);
  await c.insert("notes", [{ id: "c" }]);
  await world.until(() => a.get("notes", "c") !== undefined, "it writes under it");
});

test("an invite that is asked for again is the same", async () => {
  const world = createWorld();
  const a = await founder(world);
  const request: ManageRequest = {
    ...{ kind: "invite", networkId: team, requestId: "once" },
    invite: { purpose: "member", role: "reader", uses: 2, expiresInMs: 60_000, name: null },
  };
  const [first, second] = await Promise.all([ask(a, request), ask(a, request)]);
  await world.pass(1_000);
  await a.reopen(undefined, { joined: false });
  expect(second).toEqual(first);
  expect(await ask(a, request)).toEqual(first);
  expect(closedOf(a)?.invites).toHaveLength(1);
  const another = await ask(a, { ...request, requestId: "twice" });
  expect(another.link).not.toBe(first.link);
  // Revoked it does not come back
  await ask(a, { kind: "revoke", networkId: team, id: first.id ?? "" });
  await expect(ask(a, request)).rejects.toMatchObject({ code: "NotPermitted" });
});

test("an invite that waits for the sequencer is the same when it is asked for again", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a, { role: "owner" });
  await a.disconnect();
  const request: ManageRequest = {
    ...{ kind: "invite", networkId: team, requestId: "once" },
    invite: { purpose: "member", role: "reader", uses: 2, expiresInMs: 60_000, name: null },
  };
  const first = await ask(b, request);
  expect(first.isWaiting).toBe(true);
  await world.pass(1_000);
  await b.reopen(undefined, { joined: false });
  expect(await ask(b, request)).toEqual(first);
  expect(closedOf(b)?.waiting).toEqual(["invite"]);
});

test("what this program does not know it does not put in order", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a);
  const { control, network, device } = membershipOf(b);
  const content: ControlContent = { kind: "unknown", number: 99, bytes: new Uint8Array([1]) };
  const { decide } = await import("../../../src/engine/closed/decide.ts");
  await decide(b.engine, membershipOf(b), content);
  await tell(b);
  await world.until(() => closedOf(b)?.waiting.length === 0, "refused");
  expect(control.state().devices.has(bytesToHex(device.publicKey))).toBe(true);
  expect(control.from(0).some(({ proposal }) => proposal.content.kind === "unknown")).toBe(false);
  expect(network.suite).toBe(1);
});

test("records that come meanwhile wait for all that follows from those before", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a);
  for (const device of [a, b]) await share(device);
  await world.until(verified(a, b), "verified");
  await b.disconnect();
  await change(a, { kind: "role", account: accountOf(b), role: "reader" });
  const [first, height] = [recordsOf(a), heightOf(a)];
  await change(a, { kind: "role", account: accountOf(b), role: "editor" });
  let hold: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    hold = resolve;
  });
  b.fault = ({ kind, phase }) => (kind === "write" && phase === "before" ? held : undefined);
  const taken = Promise.all([give(b, first), give(b, recordsOf(a))]);
  await world.settle();
  // The second is not looked at while the first is being stored
  expect(heightOf(b)).toBe(height);
  hold();
  await taken;
  expect(heightOf(b)).toBe(heightOf(a));
});
