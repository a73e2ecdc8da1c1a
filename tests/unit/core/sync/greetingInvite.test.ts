/** The greeting for an invite: what it gives, its bytes, and which claims each side believes. */
import { expect, test } from "vitest";
import { bytesToHex } from "../../../../src/core/base/bytes.ts";
import { greetingFrameBytesMax } from "../../../../src/core/base/limits.ts";
import { encodeCbor } from "../../../../src/core/cbor/item.ts";
import { deriveKey, labelled } from "../../../../src/core/crypto/hash.ts";
import { certificateBytesMax } from "../../../../src/core/network/certificate.ts";
import { controlHeadToItem } from "../../../../src/core/network/control.ts";
import type { Extension } from "../../../../src/core/network/extensions.ts";
import {
  against,
  certify,
  createClosed,
  deviceOf,
  headAt,
  helloBody,
  introduction,
  inviteKey,
  invitedBy,
  proofOf,
  sealFor,
  introductionParts,
  transcriptOf,
  type ClosedNetwork,
  type Played,
  type Shown,
} from "./greetingClosed.ts";
import { crypto, exchange, faultOf, type Wire } from "./greetingPair.ts";
import type {
  GreetingInvite,
  GreetingNetwork,
  OpenInvite,
} from "../../../../src/core/sync/greeting.ts";

interface World {
  readonly closed: ClosedNetwork;
  readonly maker: GreetingNetwork;
  readonly open: OpenInvite;
  readonly held: GreetingInvite;
}

const createWorld = async (extensions: readonly Extension[] = []): Promise<World> => {
  const closed = createClosed();
  const maker = await deviceOf(closed, "member", extensions);
  return { closed, maker, ...(await invitedBy(maker, extensions)) };
};

const recorder = (frames: Uint8Array[]): Wire => {
  return (frame) => [frames[frames.push(frame.slice()) - 1] ?? frame];
};

test("the holder of a link and its maker greet each other and agree on everything", async () => {
  const { closed, maker, open, held } = await createWorld();
  const other = await invitedBy(maker);
  const { i, r } = await exchange({ invite: held, theirs: [maker], invites: [other.open, open] });
  if (!i.ok || !r.ok) throw new Error(`${faultOf(i)}, ${faultOf(r)}`);
  expect([i.value.role, r.value.role]).toEqual(["I", "R"]);
  for (const { value } of [i, r]) {
    expect(value.invite).toEqual(held.publicKey);
    expect(value.key).toEqual(inviteKey(held.publicKey));
    expect(value.networkHash).toEqual(closed.networkHash);
    expect(value.transcript).toEqual(i.value.transcript);
    // Neither asked the chain: no data flows by the greeting alone.
    expect(value.standing).toBe("unknown");
  }
  expect(i.value.peer.bytes).toEqual(maker.certificate.bytes);
  expect(r.value.peer.bytes).toEqual(held.certificate.bytes);
  expect(i.value.peerControlHead).toEqual(maker.controlHead);
});

test("the bytes for an invite are those of FORMATS.md §7", async () => {
  const { maker, open, held } = await createWorld();
  const toR: Uint8Array[] = [];
  const toI: Uint8Array[] = [];
  const wires = { toR: recorder(toR), toI: recorder(toI) };
  await exchange({ invite: held, theirs: [maker], invites: [open], ...wires });
  const [m1, m3, m5] = toR.map((frame) => frame.subarray(1));
  const [m2, m4, m6] = toI.map((frame) => frame.subarray(1));
  if (m1 === undefined || m2 === undefined || m5 === undefined || m6 === undefined) {
    throw new Error("six messages");
  }
  const t = transcriptOf(m1, m2);
  const k = deriveKey(held.publicKey, "invite", []);
  expect([m3, m4]).toEqual([proofOf(k, "I", t), proofOf(k, "R", t)]);
  const certificate = held.certificate.bytes;
  const head = controlHeadToItem(held.controlHead);
  const text = labelled("greeting", ["I", t, held.networkHash, certificate, head]);
  const signature = await crypto.sign(held.signingSeed, text);
  const fifth = await crypto.sign(held.seed, text);
  expect(await crypto.open(deriveKey(k, "greeting", [t, "I"]), t, m5)).toEqual(
    encodeCbor([certificate, head, [], signature, fifth]),
  );
  const mine = { ...maker, certificate: maker.certificate.bytes, head: maker.controlHead };
  const answer = await introductionParts("R", t, { ...mine, seeds: [maker.signingSeed] });
  expect(answer.length).toBe(4);
  expect(await crypto.open(deriveKey(k, "greeting", [t, "R"]), t, m6)).toEqual(encodeCbor(answer));
});

test("every frame fits, with X-Wing keys, both signatures, the longest certificate", async () => {
  const plain = await createWorld();
  expect(plain.held.certificate.bytes.length).toBeGreaterThan(2_560);
  // An extension fills the certificate up to what may be.
  const room = certificateBytesMax - plain.held.certificate.bytes.length - 6;
  const full = await createWorld([{ id: 1, critical: false, bytes: crypto.randomBytes(room) }]);
  expect(full.held.certificate.bytes.length).toBe(certificateBytesMax);
  for (const { closed, maker, open, held } of [plain, full]) {
    // The greatest numbers that a head may have, in the longest form.
    const controlHead = { ...headAt(Number.MAX_SAFE_INTEGER), term: Number.MAX_SAFE_INTEGER };
    const asMaker = { ...maker, controlHead };
    const frames: Uint8Array[] = [];
    const wires = { toR: recorder(frames), toI: recorder(frames) };
    const met = await exchange({
      ...{ invite: { ...held, controlHead }, theirs: [], ...wires },
      invites: [{ ...open, network: asMaker }],
    });
    expect([met.i.ok, met.r.ok]).toEqual([true, true]);
    const fellow = await deviceOf(closed, "member");
    const members = await exchange({ mine: fellow, theirs: [asMaker], ...wires });
    expect([members.i.ok, members.r.ok]).toEqual([true, true]);
    expect(frames.length).toBe(12);
    const lengths = frames.map(({ length }) => length);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(greetingFrameBytesMax);
    // Type, certificate, head, no extensions, signatures, tag: the longest is known.
    const parts = controlHeadToItem(controlHead);
    const signatures = [new Uint8Array(64), new Uint8Array(64)];
    const m5 = encodeCbor([held.certificate.bytes, parts, [], ...signatures]).length + 16 + 1;
    expect(lengths[4]).toBe(m5);
  }
});

/** A joiner played by hand that shows what it likes to a maker of one invite. */
const joinBy = async (
  { maker, open, held }: World,
  show: Partial<Shown>,
  change: (plain: Uint8Array) => Uint8Array = (plain) => plain,
): Promise<Played> =>
  against({ networks: [maker], invites: [open] }, async ({ say, hear }) => {
    const k = inviteKey(held.publicKey);
    const m1 = helloBody();
    await say(m1);
    const t = transcriptOf(m1, await hear());
    await say(proofOf(k, "I", t));
    expect(await hear()).toEqual(proofOf(k, "R", t));
    const shown = {
      ...{ networkHash: held.networkHash, certificate: held.certificate.bytes },
      ...{ head: held.controlHead, seeds: [held.signingSeed, held.seed], ...show },
    };
    const plain = encodeCbor(await introductionParts("I", t, shown));
    await say(await sealFor(k, "I", t, change(plain)));
    await hear();
  });

test("a joiner need not be known, nor its head; who is refused hears no m6", async () => {
  const world = await createWorld();
  const { closed, maker, held } = world;
  expect(faultOf((await joinBy(world, {})).outcome)).toBe("greeted");
  // One that was removed may come back by a link: whether it is admitted is for the maker to say.
  closed.standings.set(bytesToHex(held.certificate.signingKey), "removed");
  expect(faultOf((await joinBy(world, {})).outcome)).toBe("greeted");
  for (const head of [closed.heads[0], headAt(9)]) {
    const { outcome } = await joinBy(world, { head });
    expect(outcome).toMatchObject({ ok: true, value: { peerControlHead: head } });
  }
  const seedOfOther = crypto.randomBytes(32);
  const elsewhere = await certify(createClosed(), held.signingSeed);
  const critical = [{ id: 9, critical: true, bytes: new Uint8Array(0) }];
  const newer = await certify(closed, held.signingSeed, critical);
  const cases: readonly (readonly [string, Partial<Shown>])[] = [
    // The right link's name, by who does not hold it: a member that read the chain.
    ["invite-signature", { seeds: [held.signingSeed, seedOfOther] }],
    ["invite-signature", { seeds: [held.signingSeed, held.signingSeed] }],
    ["signature", { seeds: [held.seed, held.signingSeed] }],
    ["signature", { seeds: [held.seed, held.seed] }],
    // Of another device, without its key.
    ["signature", { certificate: (await deviceOf(closed, "member")).certificate.bytes }],
    ["malformed", { seeds: [held.signingSeed] }],
    ["malformed", { seeds: [held.signingSeed, held.seed, held.seed] }],
    ["malformed", { seeds: [] }],
    ["control-head", { head: headAt(4) }],
    ["certificate-signature", { certificate: elsewhere.bytes }],
    ["certificate-form", { certificate: Uint8Array.of(0x80) }],
    ["critical-extension", { certificate: newer.bytes }],
    ["signature", { networkHash: crypto.randomBytes(32) }],
  ];
  for (const [fault, show] of cases) {
    const { outcome, told } = await joinBy(world, show);
    expect(faultOf(outcome)).toBe(fault);
    expect(told.map(({ length }) => length)).toEqual([38, 33]);
  }
  const self = { certificate: maker.certificate.bytes, seeds: [maker.signingSeed, held.seed] };
  expect(faultOf((await joinBy(world, self)).outcome)).toBe("own-device");
});

test("five parts are due, and signatures of 64 bytes", async () => {
  const world = await createWorld();
  for (const cut of [1, 2, 65, 66, 67, 131, 132]) {
    const { outcome } = await joinBy(world, {}, (plain) => plain.subarray(0, -cut));
    expect(faultOf(outcome)).toBe("malformed");
  }
  const longer = await joinBy(world, {}, (plain) => Uint8Array.of(...plain, 0));
  expect(faultOf(longer.outcome)).toBe("malformed");
  // Five parts that say they are fewer or more.
  for (const head of [0x83, 0x84, 0x86]) {
    const { outcome } = await joinBy(world, {}, (plain) => plain.with(0, head));
    expect(faultOf(outcome)).toBe("malformed");
  }
  // 63 bytes, well formed.
  const shorter = await joinBy(world, {}, (plain) => {
    const changed = plain.slice(0, -1);
    changed[plain.length - 65] = 63;
    return changed;
  });
  expect(faultOf(shorter.outcome)).toBe("malformed");
});

test("an extension that must be known and is not ends it; others are passed over", async () => {
  const { maker, open, held } = await createWorld();
  const k = inviteKey(held.publicKey);
  for (const [critical, expected] of [
    [false, "greeted"],
    [true, "critical-extension"],
  ] as const) {
    const { outcome } = await against(
      { networks: [maker], invites: [open] },
      async ({ say, hear }) => {
        const m1 = helloBody();
        await say(m1);
        const t = transcriptOf(m1, await hear());
        await say(proofOf(k, "I", t));
        await hear();
        const { networkHash, certificate, controlHead: head, signingSeed, seed } = held;
        const shown = { networkHash, certificate: certificate.bytes, head };
        const seeds = [signingSeed, seed];
        const parts = await introductionParts("I", t, { ...shown, seeds });
        const extended = parts.with(2, [[9, critical, new Uint8Array(3)]]);
        await say(await sealFor(k, "I", t, encodeCbor(extended)));
        await hear();
      },
    );
    expect(faultOf(outcome)).toBe(expected);
  }
});

/** A maker played by hand by any device that knows the invite's public key. */
const answerBy = async (held: GreetingInvite, show: Partial<Shown>): Promise<Played> =>
  against({ invite: held }, async ({ say, hear }) => {
    const k = inviteKey(held.publicKey);
    const m2 = helloBody();
    const t = transcriptOf(await hear(), m2);
    await say(m2);
    expect(await hear()).toEqual(proofOf(k, "I", t));
    await say(proofOf(k, "R", t));
    await hear();
    const shown = {
      ...{ networkHash: held.networkHash, certificate: new Uint8Array(0) },
      ...{ head: held.controlHead, seeds: [], ...show },
    };
    await say(await introduction(k, "R", t, shown));
  });

test("a joiner takes the maker for its maker, and nobody else", async () => {
  const { closed, maker, held } = await createWorld();
  const certificate = maker.certificate.bytes;
  const asMaker = { certificate, seeds: [maker.signingSeed] };
  for (const head of [maker.controlHead, closed.heads[0], headAt(77), headAt(4)]) {
    const { outcome } = await answerBy(held, { ...asMaker, head });
    expect(outcome).toMatchObject({ ok: true, value: { peerControlHead: head } });
  }
  const fellow = await deviceOf(closed, "member");
  const ofFellow = { certificate: fellow.certificate.bytes, seeds: [fellow.signingSeed] };
  // The maker's own account on another device would be no maker either.
  const cases: readonly (readonly [string, Partial<Shown>])[] = [
    ["not-the-maker", ofFellow],
    ["signature", { certificate, seeds: [fellow.signingSeed] }],
    ["signature", { certificate, seeds: [held.seed] }],
    // An answer has four parts: the link's seed proves nothing of its maker.
    ["malformed", { certificate, seeds: [maker.signingSeed, held.seed] }],
    ["malformed", { certificate, seeds: [] }],
    ["own-device", { certificate: held.certificate.bytes, seeds: [held.signingSeed] }],
    ["certificate-form", { seeds: [maker.signingSeed] }],
    ["signature", { ...asMaker, networkHash: crypto.randomBytes(32) }],
  ];
  for (const [fault, show] of cases) {
    expect(faultOf((await answerBy(held, show)).outcome)).toBe(fault);
  }
  const elsewhere = await certify(createClosed(), maker.signingSeed);
  const foreign = { certificate: elsewhere.bytes, seeds: [maker.signingSeed] };
  expect(faultOf((await answerBy(held, foreign)).outcome)).toBe("certificate-signature");
});

test("members among themselves have four parts, never five", async () => {
  const { closed, maker } = await createWorld();
  const fellow = await deviceOf(closed, "member");
  for (const [seeds, expected] of [
    [[fellow.signingSeed], "greeted"],
    [[fellow.signingSeed, fellow.signingSeed], "malformed"],
  ] as const) {
    const { outcome } = await against({ networks: [maker], invites: [] }, async (talk) => {
      const m1 = helloBody();
      await talk.say(m1);
      const t = transcriptOf(m1, await talk.hear());
      await talk.say(proofOf(closed.greetingKey, "I", t));
      await talk.hear();
      const { networkHash, controlHead: head } = fellow;
      const shown = { networkHash, certificate: fellow.certificate.bytes, head, seeds };
      await talk.say(await introduction(closed.greetingKey, "I", t, shown));
      await talk.hear();
    });
    expect(faultOf(outcome)).toBe(expected);
  }
});

test("a link never opens the network's own door, nor a network's key a link's", async () => {
  const { closed, maker, open, held } = await createWorld();
  // Open invites of R do not stand in for members' greeting, and the other way round.
  const fellow = await deviceOf(closed, "member");
  const noNetwork = await exchange({ mine: fellow, theirs: [], invites: [open] });
  expect([faultOf(noNetwork.i), faultOf(noNetwork.r)]).toEqual(["no-common-network", "closed"]);
  const noInvite = await exchange({ invite: held, theirs: [maker], invites: [] });
  expect([faultOf(noInvite.i), faultOf(noInvite.r)]).toEqual(["no-common-network", "closed"]);
});

test("networks are tried first, then invites, 256 in all", async () => {
  const { maker, open, held } = await createWorld();
  const others = Array.from({ length: 256 }, () => ({
    ...maker,
    greetingKey: crypto.randomBytes(32),
  }));
  const links = others.map(() => ({ network: maker, publicKey: crypto.randomBytes(32) }));
  const isMet = async (networks: number, before: number): Promise<boolean> => {
    const invites = [...links.slice(0, before), open];
    const { i } = await exchange({ invite: held, theirs: others.slice(0, networks), invites });
    return i.ok;
  };
  expect(await isMet(0, 255)).toBe(true);
  expect(await isMet(255, 0)).toBe(true);
  expect(await isMet(100, 155)).toBe(true);
  expect(await isMet(256, 0)).toBe(false);
  expect(await isMet(0, 256)).toBe(false);
  expect(await isMet(100, 156)).toBe(false);
  // More networks than are tried leave no place at all.
  const many = [...others, ...others.slice(0, 44)];
  const crowded = await exchange({ invite: held, theirs: many, invites: [open, ...links] });
  expect(crowded.i.ok).toBe(false);
});
