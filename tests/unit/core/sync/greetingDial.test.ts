/**
 * The maker of a link may be the one who dials, and its holder the one who answers: the same claims
 * as in greetingInvite.test.ts, each made by the other role.
 */
import { expect, test } from "vitest";
import { bytesToHex } from "../../../../src/core/base/bytes.ts";
import { greetingFrameBytesMax } from "../../../../src/core/base/limits.ts";
import { encodeCbor } from "../../../../src/core/cbor/item.ts";
import { certificateBytesMax } from "../../../../src/core/network/certificate.ts";
import type {
  GreetingInvite,
  GreetingNetwork,
  OpenInvite,
} from "../../../../src/core/sync/greeting.ts";
import {
  against,
  certify,
  createClosed,
  deviceOf,
  headAt,
  helloBody,
  introduction,
  introductionParts,
  inviteKey,
  invitedBy,
  proofOf,
  sealFor,
  standsIn,
  transcriptOf,
  type ClosedNetwork,
  type Played,
  type Shown,
} from "./greetingClosed.ts";
import { crypto, exchange, faultOf, type Exchange } from "./greetingPair.ts";

interface World {
  readonly closed: ClosedNetwork;
  readonly maker: GreetingNetwork;
  readonly open: OpenInvite;
  readonly held: GreetingInvite;
}

const createWorld = async (): Promise<World> => {
  const closed = createClosed();
  const maker = await deviceOf(closed, "member");
  return { closed, maker, ...(await invitedBy(maker)) };
};

const answers = (...joinings: readonly GreetingInvite[]): Exchange => {
  return { theirs: [], invites: [], joinings };
};

test("they agree on everything, and the holder alone shows the link's seed", async () => {
  const { closed, maker, open, held } = await createWorld();
  const other = await invitedBy(maker);
  const frames: Uint8Array[] = [];
  const record = (frame: Uint8Array) => [frames[frames.push(frame.slice()) - 1] ?? frame];
  const wires = { toR: record, toI: record };
  const { i, r } = await exchange({ open, ...answers(other.held, held), ...wires });
  if (!i.ok || !r.ok) throw new Error(`${faultOf(i)}, ${faultOf(r)}`);
  const k = inviteKey(held.publicKey);
  for (const { value } of [i, r]) {
    const { invite, key, networkHash, standing } = value;
    expect({ invite, key, standing }).toEqual({
      ...{ invite: held.publicKey, key: k, standing: "unknown" },
    });
    expect(networkHash).toEqual(closed.networkHash);
  }
  expect(i.value.peer.bytes).toEqual(held.certificate.bytes);
  expect(r.value.peer.bytes).toEqual(maker.certificate.bytes);
  const [m1, m2, , , m5, m6] = frames.map((frame) => frame.subarray(1));
  if (m1 === undefined || m2 === undefined) throw new Error("six messages");
  const t = transcriptOf(m1, m2);
  const shown = { ...maker, certificate: maker.certificate.bytes, head: maker.controlHead };
  const byMaker = await introductionParts("I", t, { ...shown, seeds: [maker.signingSeed] });
  expect([byMaker.length, m5]).toEqual([4, await sealFor(k, "I", t, encodeCbor(byMaker))]);
  const asJoiner = { ...held, certificate: held.certificate.bytes, head: held.controlHead };
  const seeds = [held.signingSeed, held.seed];
  const byJoiner = await introductionParts("R", t, { ...asJoiner, seeds });
  expect([byJoiner.length, m6]).toEqual([5, await sealFor(k, "R", t, encodeCbor(byJoiner))]);
});

test("every frame fits with the longest certificate", async () => {
  const closed = createClosed();
  const maker = await deviceOf(closed, "member");
  const short = await invitedBy(maker);
  const room = certificateBytesMax - short.held.certificate.bytes.length - 6;
  const full = await invitedBy(maker, [
    { id: 1, critical: false, bytes: crypto.randomBytes(room) },
  ]);
  expect(full.held.certificate.bytes.length).toBe(certificateBytesMax);
  const controlHead = { ...headAt(Number.MAX_SAFE_INTEGER), term: Number.MAX_SAFE_INTEGER };
  const lengths: number[] = [];
  const { i, r } = await exchange({
    ...{ open: full.open, ...answers({ ...full.held, controlHead }) },
    toI: (frame) => {
      lengths.push(frame.length);
      return [frame];
    },
  });
  expect([i.ok, r.ok, lengths.length]).toEqual([true, true, 3]);
  expect(Math.max(...lengths)).toBeLessThanOrEqual(greetingFrameBytesMax);
});

/** Dials who holds a link, as anybody who knows its public key may. */
const dialBy = async ({ held }: World, show: Partial<Shown>): Promise<Played> =>
  against({ networks: [], invites: [], joinings: [held] }, async ({ say, hear }) => {
    const k = inviteKey(held.publicKey);
    const m1 = helloBody();
    await say(m1);
    const t = transcriptOf(m1, await hear());
    await say(proofOf(k, "I", t));
    expect(await hear()).toEqual(proofOf(k, "R", t));
    const shown = {
      ...{ networkHash: held.networkHash, certificate: new Uint8Array(0) },
      ...{ head: held.controlHead, seeds: [], ...show },
    };
    await say(await introduction(k, "I", t, shown));
    await hear();
  });

test("a holder shows itself to the maker alone", async () => {
  const world = await createWorld();
  const { closed, maker, held } = world;
  const certificate = maker.certificate.bytes;
  for (const head of [maker.controlHead, closed.heads[0], headAt(77), headAt(4)]) {
    const { outcome, told } = await dialBy(world, {
      ...{ certificate, head, seeds: [maker.signingSeed] },
    });
    expect(outcome).toMatchObject({ ok: true, value: { peerControlHead: head } });
    expect(told.length).toBe(3);
  }
  const fellow = await deviceOf(closed, "member");
  const elsewhere = await certify(createClosed(), maker.signingSeed);
  const cases: readonly (readonly [string, Partial<Shown>])[] = [
    // A member that read the link's public key in the chain.
    ["not-the-maker", { certificate: fellow.certificate.bytes, seeds: [fellow.signingSeed] }],
    ["signature", { certificate, seeds: [fellow.signingSeed] }],
    ["signature", { certificate, seeds: [held.seed] }],
    ["malformed", { certificate, seeds: [maker.signingSeed, held.seed] }],
    ["malformed", { certificate, seeds: [] }],
    ["own-device", { certificate: held.certificate.bytes, seeds: [held.signingSeed] }],
    ["certificate-signature", { certificate: elsewhere.bytes, seeds: [maker.signingSeed] }],
    ["certificate-form", { seeds: [maker.signingSeed] }],
  ];
  for (const [fault, show] of cases) {
    const { outcome, told } = await dialBy(world, show);
    expect(faultOf(outcome)).toBe(fault);
    // The pretender has not even seen the certificate of who holds the link.
    expect(told.map(({ length }) => length)).toEqual([38, 33]);
    expect(standsIn(told, held.certificate.bytes)).toBe(false);
  }
});

/** Answers a maker that dials. */
const answerBy = async ({ open, held }: World, show: Partial<Shown>): Promise<Played> =>
  against({ open }, async ({ say, hear }) => {
    const k = inviteKey(held.publicKey);
    const m2 = helloBody();
    const t = transcriptOf(await hear(), m2);
    await say(m2);
    expect(await hear()).toEqual(proofOf(k, "I", t));
    await say(proofOf(k, "R", t));
    await hear();
    const shown = {
      ...{ networkHash: held.networkHash, certificate: held.certificate.bytes },
      ...{ head: held.controlHead, seeds: [held.signingSeed, held.seed], ...show },
    };
    await say(await introduction(k, "R", t, shown));
  });

test("a maker takes who holds the link, and nobody else", async () => {
  const world = await createWorld();
  const { closed, maker, held } = world;
  closed.standings.set(bytesToHex(held.certificate.signingKey), "removed");
  for (const head of [held.controlHead, closed.heads[0], headAt(9)]) {
    const { outcome } = await answerBy(world, { head });
    expect(outcome).toMatchObject({ ok: true, value: { peerControlHead: head } });
  }
  const fellow = await deviceOf(closed, "member");
  const byFellow = { certificate: fellow.certificate.bytes };
  const cases: readonly (readonly [string, Partial<Shown>])[] = [
    ["malformed", { ...byFellow, seeds: [fellow.signingSeed] }],
    ["invite-signature", { ...byFellow, seeds: [fellow.signingSeed, fellow.signingSeed] }],
    ["invite-signature", { seeds: [held.signingSeed, crypto.randomBytes(32)] }],
    ["signature", { ...byFellow }],
    ["own-device", { certificate: maker.certificate.bytes, seeds: [maker.signingSeed, held.seed] }],
    ["control-head", { head: headAt(4) }],
  ];
  for (const [fault, show] of cases) {
    expect(faultOf((await answerBy(world, show)).outcome)).toBe(fault);
  }
});

test("two holders of one link, and a maker and its clone, are nothing to each other", async () => {
  const { closed, maker, open, held } = await createWorld();
  const signingSeed = crypto.randomBytes(32);
  const second = { ...held, signingSeed, certificate: await certify(closed, signingSeed) };
  const holders = await exchange({ invite: held, ...answers(second) });
  expect([faultOf(holders.i), faultOf(holders.r)]).toEqual(["closed", "malformed"]);
  const makers = await exchange({ open, theirs: [maker], invites: [open] });
  expect([faultOf(makers.i), faultOf(makers.r)]).toEqual(["closed", "malformed"]);
});

test("links that are held come last among the 256 that are tried", async () => {
  const { maker, open, held } = await createWorld();
  const some = <T>(count: number, make: () => T): readonly T[] =>
    Array.from({ length: count }, make);
  const network = (): GreetingNetwork => ({ ...maker, greetingKey: crypto.randomBytes(32) });
  const link = (): OpenInvite => ({ network: maker, publicKey: crypto.randomBytes(32) });
  const other = (): GreetingInvite => ({ ...held, publicKey: crypto.randomBytes(32) });
  const isMet = async (networks: number, links: number, others: number): Promise<boolean> => {
    const theirs = some(networks, network);
    const joinings = [...some(others, other), held];
    const { r } = await exchange({ open, theirs, invites: some(links, link), joinings });
    return r.ok;
  };
  expect(await isMet(100, 100, 55)).toBe(true);
  expect(await isMet(100, 100, 56)).toBe(false);
  expect(await isMet(300, 0, 0)).toBe(false);
});
