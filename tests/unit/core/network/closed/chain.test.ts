/**
 * What a control chain takes in and what it says then: rights, invites, removal with frontiers,
 * terms, and two records at one height. The tests play members that want more than they may.
 */
import { expect, test } from "vitest";
import { scopeIdOf, shortHashOf, writerIdOf } from "../../../../../src/core/base/ids.ts";
import {
  networkCollectionsMax,
  openInvitesPerDeviceMax,
} from "../../../../../src/core/base/limits.ts";
import { checkCertificate } from "../../../../../src/core/network/certificate.ts";
import { openClosedControl } from "../../../../../src/core/network/closed/chain.ts";
import type { ControlContent, Frontier } from "../../../../../src/core/network/closed/content.ts";
import { headOf, parseRecord } from "../../../../../src/core/network/closed/record.ts";
import {
  openInvite,
  proposalFault,
  roleOf,
  type ControlState,
  type InviteState,
} from "../../../../../src/core/network/closed/state.ts";
import {
  createTestNetwork,
  lastOf,
  nameOf,
  type Person,
  type TestNetwork,
} from "../../../../support/closedNetwork.ts";
import { createRandom } from "../../../../support/random.ts";

const epoch = new Uint8Array([1, 2, 3]);
const scope = scopeIdOf(new Uint8Array(16).fill(7));
const writer = writerIdOf(new Uint8Array(16).fill(8));
const other = writerIdOf(new Uint8Array(16).fill(9));
const header = shortHashOf(new Uint8Array(16).fill(10));
const noFrontier: Frontier = new Map();
const frontier: Frontier = new Map([[scope, [{ writer, n: 5, header }]]]);

const checked = async (network: TestNetwork, person: Person) => {
  const bytes = await network.certificate(person);
  const certificate = await checkCertificate(bytes, network.networkHash, network.crypto);
  if (!certificate.ok) throw new Error(certificate.error);
  return certificate.value;
};

const removal = (
  person: Person,
  options: { readonly frontier?: Frontier; readonly device?: boolean } = {},
): ControlContent => ({
  kind: "remove",
  account: options.device === true ? null : person.account.publicKey,
  devices: options.device === true ? [person.device.publicKey] : [],
  hostile: false,
  frontier: options.frontier ?? noFrontier,
  epoch,
});

const joined = async (network: TestNetwork, role: "owner" | "editor" | "reader" = "editor") => {
  const person = await network.person();
  expect(await network.decide(await network.admit(person, role))).toBeNull();
  return person;
};

test("the creator is owner, sequencer and the only member", async () => {
  const { chain, creator, networkHash } = await createTestNetwork();
  expect(chain.networkHash).toEqual(networkHash);
  expect(chain.state()).toMatchObject({ name: "team", sequencer: nameOf(creator.device) });
  expect(roleOf(chain.state(), nameOf(creator.device))).toBe("owner");
  expect(chain.head()).toEqual({ term: 0, height: 0, hash: headOf(lastOf(chain)).hash });
  expect(chain.isFrozen()).toBe(false);
});

test("a changed byte anywhere is no genesis and no record", async () => {
  const network = await createTestNetwork();
  const person = await network.person();
  const record = await network.record(await network.admit(person));
  const random = createRandom(5);
  for (let turn = 0; turn < 400; turn++) {
    for (const good of [network.genesis, record]) {
      const bad = good.slice();
      const at = random.integer(bad.length);
      bad[at] = (bad[at] ?? 0) ^ (1 << random.integer(8));
      const result =
        good === record
          ? await network.chain.append(bad)
          : await openClosedControl(bad, network.crypto);
      expect(result.ok, `${at}`).toBe(false);
    }
  }
  for (let length = 0; length < record.length; length++) {
    expect((await network.chain.append(record.subarray(0, length))).ok).toBe(false);
  }
  expect((await network.chain.append(record)).ok).toBe(true);
});

test("roles: who may decide what", async () => {
  const network = await createTestNetwork();
  const [owner, editor, reader] = [
    await joined(network, "owner"),
    await joined(network, "editor"),
    await joined(network, "reader"),
  ];
  const stranger = await network.person();
  const contents: readonly (readonly [ControlContent, readonly Person[]])[] = [
    [await network.admit(await network.person()), [owner]],
    [{ kind: "role", account: editor.account.publicKey, role: "editor", frontier }, [owner]],
    [{ kind: "epoch", epoch }, [owner]],
    [{ kind: "policy", bytes: epoch }, [owner]],
    [{ kind: "collection", scope, settings: epoch }, [owner, editor]],
    [{ kind: "transfer", device: network.creator.device.publicKey }, [owner]],
    [{ kind: "fork", scope, writer, headers: [] }, [owner]],
    [{ kind: "keys", keys: [{ id: header, sealed: epoch }] }, [owner, editor, reader]],
    [{ kind: "name", account: editor.account.publicKey, sealed: epoch }, [owner, editor]],
    [{ kind: "name", account: reader.account.publicKey, sealed: epoch }, [owner, reader]],
    [
      {
        ...{ kind: "invite", publicKey: (await network.key()).publicKey, purpose: "member" },
        ...{ role: "reader", uses: 1, expiry: null },
      },
      [owner],
    ],
  ];
  for (const [content, allowed] of contents) {
    for (const who of [stranger, reader, editor, owner]) {
      const fault = await network.decide(content, { signers: [who.device] });
      const expected = allowed.includes(who) ? null : "no-right";
      expect(fault, content.kind).toBe(expected);
    }
  }
});

test("editors share collections; how one is read that is there owners say", async () => {
  const network = await createTestNetwork();
  const [owner, editor] = [await joined(network, "owner"), await joined(network, "editor")];
  const first = { kind: "collection", scope, settings: epoch } as const;
  expect(await network.decide(first, { signers: [editor.device] })).toBeNull();
  const changed = { ...first, settings: new Uint8Array([4]) };
  expect(await network.decide(changed, { signers: [editor.device] })).toBe("no-right");
  expect(await network.decide(changed, { signers: [owner.device] })).toBeNull();
  expect(network.chain.state().collections.get(scope)).toEqual(changed.settings);
});

test("collections of a network and open invites of a device are bounded", async () => {
  const network = await createTestNetwork();
  const { chain, creator } = network;
  const name = nameOf(creator.device);
  const ask = (state: ControlState, content: ControlContent, ms = 0) =>
    proposalFault(state, content, {
      ...{ signers: [name], ms },
      evidence: { certificate: null, isInvited: false, knownHeight: 0 },
    });
  const scopes = Array.from({ length: networkCollectionsMax }, (_, index) => {
    const bytes = new Uint8Array(16);
    new DataView(bytes.buffer).setUint32(0, index);
    return [scopeIdOf(bytes), epoch] as const;
  });
  const full = { ...chain.state(), collections: new Map(scopes) };
  const added: ControlContent = { kind: "collection", scope, settings: epoch };
  expect(ask(full, added)).toBe("too-many");
  expect(ask({ ...full, collections: new Map(scopes.slice(1)) }, added)).toBeNull();
  const invite: InviteState = {
    ...{ maker: name, purpose: "member", role: "reader", usesLeft: 1 },
    ...{ expiry: 1_000, isRevoked: false },
  };
  const seeds = Array.from({ length: openInvitesPerDeviceMax }, (_, index) => {
    const key = new Uint8Array(32);
    new DataView(key.buffer).setUint32(0, index);
    return [Buffer.from(key).toString("hex"), invite] as const;
  });
  const { publicKey } = await network.key();
  const another: ControlContent = {
    ...{ kind: "invite", publicKey, purpose: "member", role: "reader", uses: 1, expiry: null },
  };
  const crowded = { ...chain.state(), invites: new Map(seeds) };
  expect(ask(crowded, another)).toBe("too-many");
  // Those that expired count no more
  expect(ask(crowded, another, 1_001)).toBeNull();
});

test("only the sequencer makes records, and each nonce counts once", async () => {
  const network = await createTestNetwork();
  const owner = await joined(network, "owner");
  const admit = await network.admit(await network.person());
  expect(await network.decide(admit, { sequencer: owner.device })).toBe("signature");
  const transfer: ControlContent = { kind: "transfer", device: owner.device.publicKey };
  expect(await network.decide(transfer)).toBeNull();
  expect(await network.decide(admit)).toBe("signature");
  expect(await network.decide(admit, { sequencer: owner.device })).toBeNull();
  // The same proposal in another record
  const { signed } = lastOf(network.chain);
  const { makeRecord } = await import("../../../../../src/core/network/closed/make.ts");
  const again = await makeRecord(
    {
      ...{ networkHash: network.networkHash, parent: lastOf(network.chain), signed },
      time: { ms: 1, counter: 0 },
    },
    owner.device.seed,
    network.crypto,
  );
  expect(await network.chain.append(again)).toEqual({ ok: false, error: "nonce-used" });
});

test("a proposal that came too late does not count", async () => {
  const network = await createTestNetwork();
  const admit = await network.admit(await network.person());
  expect(await network.decide(admit, { expiry: 1_999, ms: 2_000 })).toBe("expired");
  expect(await network.decide(admit, { expiry: 2_000, ms: 2_000 })).toBeNull();
});

test("invites: role, uses, expiry, maker, revocation, and the holder's signature", async () => {
  const network = await createTestNetwork();
  const maker = await joined(network, "owner");
  const another = await joined(network, "owner");
  const link = await network.key();
  const invite: ControlContent = {
    ...{ kind: "invite", publicKey: link.publicKey, purpose: "member" },
    ...{ role: "editor", uses: 2, expiry: 5_000 },
  };
  expect(await network.decide(invite, { signers: [maker.device] })).toBeNull();
  expect(await network.decide(invite, { signers: [maker.device] })).toBe("invite-void");
  const admit = async (
    seed = link,
    role: "owner" | "editor" = "editor",
  ): Promise<ControlContent> => {
    const certificate = await network.certificate(await network.person());
    const proof = await network.inviteProof(seed, certificate);
    const invited = { ...proof, publicKey: link.publicKey };
    return { kind: "admit", certificate, role, invite: invited };
  };
  const by = (signer: Person, ms = 2_000) => ({ signers: [signer.device], ms });
  expect(await network.decide(await admit(await network.key()), by(maker))).toBe("invite-void");
  expect(await network.decide(await admit(link, "owner"), by(maker))).toBe("no-right");
  expect(await network.decide(await admit(), by(another))).toBe("no-right");
  expect(await network.decide(await admit(), by(maker, 5_001))).toBe("invite-void");
  expect(await network.decide(await admit(), by(maker))).toBeNull();
  expect(await network.decide(await admit(), by(maker))).toBeNull();
  expect(await network.decide(await admit(), by(maker))).toBe("invite-void");
  expect(openInvite(network.chain.state(), link.publicKey, 0)).toBeNull();

  const second = await network.key();
  expect(await network.decide({ ...invite, publicKey: second.publicKey }, by(maker))).toBeNull();
  expect(openInvite(network.chain.state(), second.publicKey, 0)).not.toBeNull();
  const revoke: ControlContent = { kind: "revoke", publicKey: second.publicKey };
  const editor = await joined(network, "editor");
  expect(await network.decide(revoke, by(editor))).toBe("no-right");
  expect(await network.decide(revoke, by(maker))).toBeNull();
  expect(openInvite(network.chain.state(), second.publicKey, 0)).toBeNull();
  // An invite ends with its maker
  const third = await network.key();
  expect(await network.decide({ ...invite, publicKey: third.publicKey }, by(maker))).toBeNull();
  expect(await network.decide(removal(maker))).toBeNull();
  expect(openInvite(network.chain.state(), third.publicKey, 0)).toBeNull();
});

test("a second device comes in by its own account, and by no other", async () => {
  const network = await createTestNetwork();
  const reader = await joined(network, "reader");
  const tablet = { account: reader.account, device: await network.key() };
  const device = async (who: Person): Promise<ControlContent> => ({
    kind: "device",
    certificate: await network.certificate(who),
    invite: null,
  });
  expect(await network.decide(await device(tablet))).toBe("no-right");
  expect(await network.decide(await device(tablet), { signers: [reader.device] })).toBeNull();
  expect(await network.decide(await device(tablet), { signers: [reader.device] })).toBe(
    "known-device",
  );
  expect(roleOf(network.chain.state(), nameOf(tablet.device))).toBe("reader");
  const foreign = await device(await network.person());
  expect(await network.decide(foreign, { signers: [reader.device] })).toBe("unknown-account");
  // With the account go its devices
  expect(await network.decide(removal(reader))).toBeNull();
  for (const { publicKey, seed } of [reader.device, tablet.device]) {
    expect(roleOf(network.chain.state(), nameOf({ publicKey, seed }))).toBeNull();
  }
});

test("readers and strangers may not write; what a device may depends on the head", async () => {
  const network = await createTestNetwork();
  const { chain } = network;
  const before = chain.head();
  const person = await joined(network, "editor");
  const certificate = await checked(network, person);
  const admitted = chain.head();
  expect(chain.mayWrite(certificate, before)).toBe(false);
  expect(chain.mayWrite(certificate, admitted)).toBe(true);
  expect(chain.standingOf(certificate)).toBe("member");
  const account = person.account.publicKey;
  await network.decide({ kind: "role", account, role: "reader", frontier });
  expect(chain.mayWrite(certificate, admitted)).toBe(true);
  expect(chain.mayWrite(certificate, chain.head())).toBe(false);
  // The same key under another account
  const impostor = await checked(network, { ...(await network.person()), device: person.device });
  expect(chain.mayWrite(impostor, admitted)).toBe(false);
  expect(chain.standingOf(impostor)).toBe("removed");
  expect(chain.standingOf(await checked(network, await network.person()))).toBe("unknown");
});

test("removal closes logs at the frontier, and only those that began before it", async () => {
  const network = await createTestNetwork();
  const { chain } = network;
  const person = await joined(network, "editor");
  const key = person.device.publicKey;
  const since = chain.head().height;
  expect(chain.frontierOf(scope, writer, key, since)).toBeNull();
  expect(await network.decide(removal(person, { frontier }))).toBeNull();
  expect(chain.frontierOf(scope, writer, key, since)).toBe(5);
  expect(chain.frontierOf(scope, other, key, since)).toBe(0);
  expect(chain.frontierOf(scope, other, key, chain.head().height)).toBeNull();
  expect(chain.frontierOf(scope, writer, network.creator.device.publicKey, 0)).toBeNull();
  expect(chain.isVoidRow(scope, writer, 5)).toBe(false);
  expect(chain.isVoidRow(scope, writer, 6)).toBe(true);
  expect(chain.isVoidRow(scope, other, 6)).toBe(false);
  expect(chain.standingOf(await checked(network, person))).toBe("removed");
  const [genesis = lastOf(chain)] = chain.from(0);
  expect(chain.epochAt(chain.head())).not.toBe(chain.epochAt(headOf(genesis)));
  // Back with a new device, under a new incarnation
  const back = { account: person.account, device: await network.key() };
  expect(await network.decide(await network.admit(back))).toBeNull();
  expect(chain.standingOf(await checked(network, back))).toBe("member");
});

test("a lower role closes logs too, a higher one opens none anew", async () => {
  const network = await createTestNetwork();
  const person = await joined(network, "editor");
  const { chain } = network;
  const { publicKey } = person.device;
  const since = chain.head().height;
  const role = (name: "reader" | "editor"): ControlContent => ({
    ...{ kind: "role", account: person.account.publicKey, role: name, frontier },
  });
  await network.decide(role("editor"));
  expect(chain.frontierOf(scope, writer, publicKey, since)).toBeNull();
  await network.decide(role("reader"));
  await network.decide(role("editor"));
  expect(chain.frontierOf(scope, writer, publicKey, since)).toBe(5);
  expect(chain.frontierOf(scope, other, publicKey, chain.head().height)).toBeNull();
});

test("nobody is removed who must stay", async () => {
  const network = await createTestNetwork();
  const { creator } = network;
  expect(await network.decide(removal(creator))).toBe("is-sequencer");
  const editor = await joined(network, "editor");
  const transfer: ControlContent = { kind: "transfer", device: editor.device.publicKey };
  expect(await network.decide(transfer)).toBeNull();
  const by = { sequencer: editor.device };
  expect(await network.decide(removal(creator), by)).toBe("no-owner");
  const demoted: ControlContent = {
    ...{ kind: "role", account: creator.account.publicKey, role: "editor", frontier },
  };
  expect(await network.decide(demoted, by)).toBe("no-owner");
  const stranger = await network.person();
  expect(await network.decide(removal(stranger), by)).toBe("unknown-account");
  expect(await network.decide(removal(stranger, { device: true }), by)).toBe("unknown-device");
  const reader = await joined(network, "reader").catch(() => null);
  expect(reader).toBeNull();
});

test("people remove their own devices, and leave", async () => {
  const network = await createTestNetwork();
  const [person, another] = [await joined(network, "reader"), await joined(network, "editor")];
  const signers = [person.device];
  expect(await network.decide(removal(another), { signers })).toBe("no-right");
  expect(await network.decide(removal(another, { device: true }), { signers })).toBe("no-right");
  expect(await network.decide(removal(person), { signers })).toBeNull();
});

test("heads: known, unknown, impossible", async () => {
  const network = await createTestNetwork();
  const { chain } = network;
  const genesis = chain.head();
  await joined(network);
  const head = chain.head();
  expect(chain.find(genesis)).toEqual({ kind: "known", position: 0 });
  expect(chain.find(head)).toEqual({ kind: "known", position: 1 });
  expect(chain.find({ ...head, height: 2 })).toEqual({ kind: "impossible" });
  expect(chain.find({ ...head, term: 1 })).toEqual({ kind: "impossible" });
  expect(chain.find({ ...genesis, hash: header })).toEqual({ kind: "impossible" });
  expect(chain.find({ ...head, hash: header })).toEqual({ kind: "unknown" });
});

test("two records at one height freeze the chain before them, until a term", async () => {
  const network = await createTestNetwork();
  const { chain, creator, recovery } = network;
  const survivor = await joined(network, "owner");
  const before = lastOf(chain);
  const [one, two] = [await network.person(), await network.person()];
  const left = await network.record(await network.admit(one));
  const right = await network.record(await network.admit(two));
  expect((await chain.append(left)).ok).toBe(true);
  const orphan = chain.head();
  expect(chain.isFrozen()).toBe(false);
  expect(await chain.append(right)).toMatchObject({ ok: true, value: { hasMoved: true } });
  expect(chain.isFrozen()).toBe(true);
  expect(chain.head()).toEqual(headOf(before));
  // What was decided on a branch counts as what was before the split
  expect(chain.find(orphan)).toEqual({ kind: "known", position: before.height });
  expect(chain.mayWrite(await checked(network, one), orphan)).toBe(false);
  const term: ControlContent = {
    ...{ kind: "term", sequencer: survivor.device.publicKey, keys: [] },
  };
  const options = { sequencer: survivor.device, behind: before, base: headOf(before), term: 1 };
  expect(await network.decide(term, { ...options, signers: [creator.device] })).toBe("no-right");
  expect(await network.decide(term, { ...options, signers: [recovery], term: 0 })).toBe(
    "out-of-place",
  );
  expect(await network.decide(term, { ...options, signers: [recovery] })).toBeNull();
  expect(chain.isFrozen()).toBe(false);
  expect(chain.head()).toMatchObject({ term: 1, height: before.height + 1 });
  // Nobody goes on behind what was orphaned
  const parsed = parseRecord(left);
  if (!parsed.ok) throw new Error(parsed.error);
  const more = await network.record(await network.admit(await network.person()), {
    ...{ behind: parsed.value, base: orphan },
  });
  const head = chain.head();
  expect(await chain.append(more)).toMatchObject({ ok: true, value: { hasMoved: false } });
  expect(chain.head()).toEqual(head);
  const admit = await network.admit(two);
  expect(await network.decide(admit, { sequencer: survivor.device })).toBeNull();
});

test("replicas agree whatever order records come in, parents first", async () => {
  const network = await createTestNetwork(3);
  for (const role of ["owner", "editor", "reader"] as const) await joined(network, role);
  const twin = await network.record(await network.admit(await network.person()));
  await joined(network);
  await network.chain.append(twin);
  const records = network.chain.records().map(({ bytes }) => bytes);
  for (let seed = 0; seed < 20; seed++) {
    const random = createRandom(seed);
    const other = await network.replica();
    const left = records.slice(1);
    while (left.length > 0) {
      const [next] = left.splice(random.integer(left.length), 1);
      if (next === undefined) break;
      const taken = await other.append(next);
      if (!taken.ok) {
        expect(taken.error).toMatch(/no-parent|out-of-place/);
        left.push(next);
      }
    }
    expect(other.head()).toEqual(network.chain.head());
    expect(other.isFrozen()).toBe(true);
    expect(other.state()).toEqual(network.chain.state());
  }
});

test("another network's records are refused", async () => {
  const [a, b] = [await createTestNetwork(1), await createTestNetwork(2)];
  const foreign = await b.record(await b.admit(await b.person()));
  expect(await a.chain.append(foreign)).toEqual({ ok: false, error: "other-network" });
  expect(await a.chain.append(b.genesis)).toEqual({ ok: false, error: "other-network" });
});

test("a kind of a later version is kept, and a critical one freezes writing", async () => {
  const network = await createTestNetwork();
  const unknown: ControlContent = { kind: "unknown", number: 99, bytes: epoch };
  expect(await network.decide(unknown)).toBeNull();
  expect(lastOf(network.chain).proposal.content).toEqual(unknown);
  expect(network.chain.isFrozen()).toBe(false);
});
