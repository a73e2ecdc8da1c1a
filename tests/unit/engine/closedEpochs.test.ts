/**
 * Keys that members came too late for, and that the device that decides came too late for, too:
 * whoever has one carries it on, so that what was written under it is read by everybody. Nobody is
 * taken in by a false one.
 */
import { expect, test } from "vitest";
import { shortHashOf } from "../../../src/core/base/ids.ts";
import { sealEpochKey } from "../../../src/core/network/closed/epoch.ts";
import { makeProposal, makeRecord } from "../../../src/core/network/closed/make.ts";
import {
  encodeSignedProposal,
  parseSignedProposal,
  type ParsedProposal,
} from "../../../src/core/network/closed/record.ts";
import type { EpochKey } from "../../../src/core/network/keys.ts";
import { admitJoiner } from "../../../src/engine/closed/admit.ts";
import { beginJoining } from "../../../src/engine/closed/create.ts";
import { sequence } from "../../../src/engine/closed/decide.ts";
import { renewEpoch } from "../../../src/engine/closed/epochs.ts";
import type { ClosedMembership } from "../../../src/engine/closed/membership.ts";
import { deviceNameOf } from "../../../src/engine/device.ts";
import {
  change,
  closedOf,
  founder,
  give,
  invited,
  join,
  membershipOf,
  open,
  share,
  standing,
  tell,
  verified,
} from "./closedWorld.ts";
import { createWorld, type Device } from "./world.ts";

test("a sequencer that lacks the present key makes another, and is given that one", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a, { role: "owner" });
  for (const device of [a, b]) await share(device);
  const { link } = await invited(a, { uses: 2 });
  await world.until(verified(a, b), "verified");
  await a.disconnect();
  // Sealed to those that b knows of
  await renewEpoch(b.engine, membershipOf(b));
  const c = await open(world);
  const joining = await beginJoining(c.engine, link);
  const { certificate } = joining.device;
  await admitJoiner(a.engine, membershipOf(a), joining.publicKey, certificate);
  await change(a, { kind: "transfer", device: deviceNameOf(certificate.signingKey) });
  c.opened.sync.refresh();
  await a.connect();
  await world.until(() => standing(c) === "editor", "admitted");
  await tell(b);
  await world.until(() => closedOf(b)?.waiting.length === 0, "decided by the newcomer");
  const [, lacked] = membershipOf(b).control.state().epochs;
  await b.insert("notes", [{ id: "under that key" }]);
  await share(c);
  await world.until(() => c.get("notes", "under that key") !== undefined, "read by c");
  expect([...membershipOf(c).keys.keys()]).toContain(lacked?.id);
  await world.until(verified(a, b, c), "verified");
  await world.pass(30_000);
  const { length } = membershipOf(a).control.state().epochs;
  await world.pass(300_000);
  expect(membershipOf(a).control.state().epochs).toHaveLength(length);
});

test("what waited for a key goes out as soon as the chain brought it", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a);
  for (const device of [a, b]) await share(device);
  await world.until(verified(a, b), "verified");
  const { keys } = membershipOf(b);
  const [present] = [...keys];
  if (present === undefined) throw new Error("there is a key");
  keys.delete(present[0]);
  await b.insert("notes", [{ id: "b" }]);
  await world.pass(30_000);
  expect(a.get("notes", "b")).toBeUndefined();
  // As a record does, behind which nothing else comes
  keys.set(...present);
  await tell(b);
  await world.until(() => a.get("notes", "b") !== undefined, "read by a");
});

/** As the sequencer would hear it from that member. */
const proposedBy = async (
  { engine: { deps } }: Device,
  { network, device, control }: ClosedMembership,
  keys: readonly EpochKey[],
  under: Uint8Array,
): Promise<ParsedProposal> => {
  const { networkHash } = network;
  const sealed = keys.map((each) => sealEpochKey(each, under, networkHash, deps.crypto));
  const content = { kind: "keys", keys: await Promise.all(sealed) } as const;
  const request = { networkHash, base: control.head(), content };
  const signed = await makeProposal(request, [device], deps.crypto);
  const parsed = parseSignedProposal(encodeSignedProposal(signed));
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};

test("a false key, and one that all have, is not put in order", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a, { role: "reader" });
  await renewEpoch(a.engine, membershipOf(a));
  await tell(a);
  await world.until(() => membershipOf(b).keys.size === 2, "told");
  const [before, present] = Array.from(membershipOf(b).keys, ([id, key]) => ({ id, key }));
  if (before === undefined || present === undefined) throw new Error("there are two keys");
  const none = { id: shortHashOf(new Uint8Array(16).fill(7)), key: present.key };
  for (const keys of [[before], [{ id: before.id, key: present.key }], [none]]) {
    const proposed = await proposedBy(b, membershipOf(b), keys, present.key);
    const decision = await sequence(a.engine, membershipOf(a), proposed);
    expect(decision).toEqual({ kind: "refused", fault: "carries-nothing" });
  }
  const proposed = await proposedBy(b, membershipOf(b), [before], new Uint8Array(32));
  const decision = await sequence(a.engine, membershipOf(a), proposed);
  expect(decision).toEqual({ kind: "refused", fault: "carries-nothing" });
});

test("a false key that a lying sequencer puts in order is taken by nobody", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a);
  for (const device of [a, b]) await share(device);
  await world.until(verified(a, b), "verified");
  await renewEpoch(a.engine, membershipOf(a));
  await tell(a);
  await world.until(() => membershipOf(b).keys.size === 2, "told");
  const [before, present] = Array.from(membershipOf(a).keys, ([id, key]) => ({ id, key }));
  if (before === undefined || present === undefined) throw new Error("there are two keys");
  membershipOf(b).keys.delete(before.id);
  const { control, device } = membershipOf(a);
  const [parent] = control.from(control.head().height);
  if (parent === undefined) throw new Error("there is a head");
  const lie = [{ id: before.id, key: present.key }];
  const { signed } = await proposedBy(a, membershipOf(a), lie, present.key);
  const { networkHash } = membershipOf(a).network;
  const time = { ms: world.now(), counter: 0 };
  const made = { networkHash, parent, time, signed };
  const record = await makeRecord(made, device.seed, a.engine.deps.crypto);
  expect((await give(b, [record])).hasNew).toBe(true);
  // What the present epoch carries on is the right one
  expect(membershipOf(b).keys.get(before.id)).toEqual(before.key);
});
