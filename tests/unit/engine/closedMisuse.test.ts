/**
 * What somebody who is in the network, or was, can make others do by what the rules allow: freeze
 * the chain to come back, fill it, end others' logs, have keys replaced, use an invite twice.
 */
import { expect, test } from "vitest";
import { certify } from "../../../src/core/network/certificate.ts";
import type { Frontier } from "../../../src/core/network/closed/content.ts";
import { makeProposal } from "../../../src/core/network/closed/make.ts";
import {
  encodeSignedProposal,
  parseSignedProposal,
} from "../../../src/core/network/closed/record.ts";
import { rowOfHead } from "../../../src/core/segment/tree.ts";
import { proposalsAtOnceMax } from "../../../src/core/base/limits.ts";
import { admitJoiner } from "../../../src/engine/closed/admit.ts";
import { decide, type Decision } from "../../../src/engine/closed/decide.ts";
import { newEpoch } from "../../../src/engine/closed/keys.ts";
import { manage } from "../../../src/engine/closed/manage.ts";
import type { ClosedMembership } from "../../../src/engine/closed/membership.ts";
import { isMemberOf } from "../../../src/engine/identity.ts";
import { crypto, renamed, saying, speak, watched } from "./attacker.ts";
import {
  accountOf,
  change,
  closedOf,
  contradict,
  founder,
  give,
  heightOf,
  hex,
  invited,
  join,
  membershipOf,
  share,
  standing,
  team,
  tell,
  verified,
} from "./closedWorld.ts";
import { createWorld, type Device } from "./world.ts";

test("who handed the order on and was removed does not come back by a contradiction", async () => {
  const world = createWorld();
  const a = await founder(world);
  const [b, c] = [await join(world, a, { role: "owner" }), await join(world, a)];
  for (const device of [a, b, c]) await share(device);
  await world.until(verified(a, b, c), "verified");
  const image = a.image();
  const { recoveryKeys } = await manage(a.engine, {
    ...{ kind: "export-recovery-key", networkId: team },
  });
  await change(b, { kind: "transfer", device: membershipOf(b).device.name });
  const { device } = membershipOf(b);
  const decides = (each: Device): boolean =>
    membershipOf(each).control.state().sequencer === hex(device.publicKey);
  await world.until(() => [a, b, c].every(decides), "handed on");
  await change(b, { kind: "remove-account", account: accountOf(a) });
  await world.until(() => standing(a) === "removed", "removed");
  await world.until(() => heightOf(c) === heightOf(b), "c knows");
  await world.until(verified(b, c), "verified");
  await a.disconnect();
  // Another record at the height of the hand-over, made where nobody else is
  const { records } = await contradict(createWorld(5), image);
  for (const each of [a, b, c]) await give(each, records.slice(-1));
  for (const each of [b, c]) {
    const { control, epochs } = membershipOf(each);
    expect(control.isFrozen()).toBe(true);
    const isServed = ({ device: { certificate } }: ClosedMembership): boolean =>
      isMemberOf(membershipOf(each), certificate);
    expect([isServed(membershipOf(a)), isServed(membershipOf(b))]).toEqual([false, true]);
    // Where it is frozen the key is one that a has
    expect(epochs.writing()).toBeNull();
  }
  expect(membershipOf(a).standing()).toBe("owner");
  await a.connect();
  await b.insert("notes", [{ id: "not for a" }]);
  await a.insert("notes", [{ id: "by a" }]);
  await world.pass(120_000);
  expect(a.find("notes")).toEqual([{ id: "by a" }]);
  expect(b.find("notes")).toEqual([{ id: "not for a" }]);
  expect(c.find("notes")).toEqual([]);
  // Whoever keeps the recovery key says what counts, and what was written goes on
  const [recoveryKey = ""] = recoveryKeys;
  await manage(b.engine, { kind: "import-recovery-key", networkId: team, recoveryKey });
  await manage(b.engine, { kind: "term", networkId: team, device: null });
  await tell(b);
  await world.until(() => c.get("notes", "not for a") !== undefined, "it goes on");
  await world.until(verified(b, c), "verified");
  await world.until(() => standing(a) === "removed", "removed again");
  expect(a.get("notes", "not for a")).toBeUndefined();
  expect(c.find("notes")).toEqual([{ id: "not for a" }]);
});

test("an invite for one lets one in, though two come at once", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a, { role: "owner" });
  const { id } = await invited(b);
  await world.until(() => closedOf(b)?.invites[0]?.state === "open", "open");
  const shown = await Promise.all([renamed(b), renamed(b)]);
  const publicKey = Uint8Array.from(Buffer.from(id, "hex"));
  const answers = await Promise.all(
    shown.map(({ certificate }) => admitJoiner(b.engine, membershipOf(b), publicKey, certificate)),
  );
  expect(answers.map((answer) => (typeof answer === "string" ? answer : "handed over"))).toEqual([
    "handed over",
    "invite-used",
  ]);
});

test("a stranger who asks to be let in makes nobody replace the key", async () => {
  const { names, wrap } = watched();
  const world = createWorld(1, wrap);
  const a = await founder(world);
  const [b, c] = [await join(world, a), await join(world, a)];
  await change(a, { kind: "remove-account", account: accountOf(b) });
  await world.until(() => standing(b) === "removed", "removed");
  await b.disconnect();
  await world.pass(200_000);
  const before = heightOf(a);
  const { network, control } = membershipOf(b);
  const who = await renamed(b);
  const { bytes: certificate } = who.certificate;
  const content = { kind: "admit", role: "owner", invite: null, certificate } as const;
  const signer = { seed: who.signingSeed, publicKey: who.certificate.signingKey };
  const request = { networkHash: network.networkHash, base: control.head(), content };
  const signed = encodeSignedProposal(await makeProposal(request, [signer], crypto));
  const spoken = await speak({ world, names }, a, saying(b, who, [{ kind: "proposal", signed }]));
  expect(spoken.fault).toBe("greeted");
  await world.pass(200_000);
  expect([heightOf(a), heightOf(c)]).toEqual([before, before]);
});

test("nobody ends a log of another's by removing a device of its own", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a);
  for (const device of [a, b]) await share(device);
  await a.insert("notes", [{ id: "1" }, { id: "2" }]);
  await world.until(verified(a, b), "verified");
  const membership = membershipOf(b);
  const { device, network, accountSeed, control } = membership;
  const { account } = device.certificate;
  const { certificate: shown } = await renamed(b);
  const second = await certify({ ...shown, account }, network.networkHash, accountSeed, crypto);
  await decide(b.engine, membership, {
    ...{ kind: "device", certificate: second.bytes, invite: null },
  });
  await tell(b);
  await world.until(() => control.state().devices.has(hex(second.signingKey)), "in");
  const { tree, scope } = b.shared("notes");
  const [victim] = tree.heads();
  if (victim === undefined) throw new Error("there is a log of a's");
  const removing = (frontier: Frontier): Promise<Decision> =>
    decide(b.engine, membership, async (base) => ({
      ...{ kind: "remove", account: null, devices: [second.signingKey], hostile: false },
      frontier,
      epoch: await newEpoch(
        b.engine,
        membership,
        { base, previous: membership.epochs.latest() },
        new Set([hex(second.signingKey)]),
      ),
    }));
  await removing(new Map([[scope, [{ ...rowOfHead(victim), n: 1 }]]]));
  await tell(b);
  await world.until(() => closedOf(b)?.waiting.length === 0, "refused");
  expect(membershipOf(a).control.state().closures).toEqual([]);
  await removing(new Map());
  await tell(b);
  await world.until(() => control.state().closures.length === 1, "removed");
});

test("a member that proposes without end is decided for slowly, and nothing is lost", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a, { role: "reader" });
  const { network, control, device, proposals } = membershipOf(b);
  const account = Uint8Array.from(Buffer.from(accountOf(b), "hex"));
  const before = heightOf(a);
  const count = proposalsAtOnceMax + 20;
  for (let at = 0; at < count; at++) {
    const content = { kind: "name", account, sealed: crypto.randomBytes(64) } as const;
    const request = { networkHash: network.networkHash, base: control.head(), content };
    const signed = encodeSignedProposal(await makeProposal(request, [device], crypto));
    const parsed = parseSignedProposal(signed);
    if (!parsed.ok) throw new Error(parsed.error);
    proposals.set(parsed.value.name, parsed.value);
  }
  await tell(b);
  await world.pass(30_000);
  const soon = heightOf(a) - before;
  expect(soon).toBeGreaterThanOrEqual(proposalsAtOnceMax);
  expect(soon).toBeLessThan(count);
  await world.until(() => heightOf(a) - before >= count, "all are decided in the end");
  await world.until(() => proposals.size === 0, "nothing waits");
});
