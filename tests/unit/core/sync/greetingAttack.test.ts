/**
 * Attackers of the greeting in closed networks, each with real cryptography: with which code it
 * ends on the honest side, and that what was told up to then is of the same lengths for everybody
 * and holds no certificate.
 */
import { describe, expect, test } from "vitest";
import { bytesToHex } from "../../../../src/core/base/bytes.ts";
import type {
  GreetingInvite,
  GreetingNetwork,
  OpenInvite,
} from "../../../../src/core/sync/greeting.ts";
import {
  against,
  createClosed,
  deviceOf,
  headAt,
  helloBody,
  introduction,
  inviteKey,
  invitedBy,
  proofOf,
  standsIn,
  transcriptOf,
  type ClosedNetwork,
  type Played,
  type Victim,
} from "./greetingClosed.ts";
import {
  crypto,
  exchange,
  faultOf,
  idOf,
  soundWire,
  type Exchange,
  type Outcome,
  type Wire,
} from "./greetingPair.ts";

interface World {
  readonly closed: ClosedNetwork;
  readonly maker: GreetingNetwork;
  readonly fellow: GreetingNetwork;
  readonly open: OpenInvite;
  readonly held: GreetingInvite;
  readonly kinds: readonly Kind[];
  /** What must never be read off the wire. */
  readonly certificates: readonly Uint8Array[];
}

/** An honest exchange, and its sides alone. */
interface Kind {
  readonly both: Exchange;
  readonly asI: Victim;
  readonly asR: Victim;
}

const createWorld = async (): Promise<World> => {
  const closed = createClosed();
  const maker = await deviceOf(closed, "member");
  const fellow = await deviceOf(closed, "member");
  const { open, held } = await invitedBy(maker);
  const answering = { theirs: [maker], invites: [open] };
  const asR = { networks: [maker], invites: [open] };
  const joiner = { invites: [], joinings: [held] };
  const kinds: readonly Kind[] = [
    { both: { mine: fellow, ...answering }, asI: { network: fellow }, asR },
    { both: { invite: held, ...answering }, asI: { invite: held }, asR },
    // The maker dials.
    { both: { open, theirs: [], ...joiner }, asI: { open }, asR: { networks: [], ...joiner } },
  ];
  const certificates = [maker, fellow, held].map(({ certificate }) => certificate.bytes);
  return { closed, maker, fellow, open, held, kinds, certificates };
};

interface Watched {
  readonly faults: readonly [i: string, r: string];
  readonly i: Outcome;
  readonly r: Outcome;
  /** Frames as their senders let them go, whatever arrived. */
  readonly fromI: readonly Uint8Array[];
  readonly fromR: readonly Uint8Array[];
}

/** An exchange under the eyes of who sits between, who may also alter what passes. */
const watch = async (options: Exchange): Promise<Watched> => {
  const fromI: Uint8Array[] = [];
  const fromR: Uint8Array[] = [];
  const noting = (frames: Uint8Array[], wire = soundWire): Wire => {
    return (frame, index) => {
      frames.push(frame.slice());
      return wire(frame, index);
    };
  };
  const wires = { toR: noting(fromI, options.toR), toI: noting(fromR, options.toI) };
  const { i, r } = await exchange({ ...options, ...wires });
  return { faults: [faultOf(i), faultOf(r)], i, r, fromI, fromR };
};

const lengthsOf = (frames: readonly Uint8Array[]): readonly number[] =>
  frames.map(({ length }) => length);

/** m1 and m3, or m2 and m4: type, and 37 or 32 bytes. */
const unproven = [38, 33];

const nothingStands = (world: World, frames: readonly Uint8Array[]): void => {
  for (const certificate of world.certificates) expect(standsIn(frames, certificate)).toBe(false);
};

/** Plays I with a key up to m5, which shows this device. */
const playI = (
  { maker, open }: Pick<World, "maker" | "open">,
  k: Uint8Array,
  device: GreetingNetwork,
  seeds: readonly Uint8Array[] = [device.signingSeed],
): Promise<Played> =>
  against({ networks: [maker], invites: [open] }, async ({ say, hear }) => {
    const m1 = helloBody();
    await say(m1);
    const t = transcriptOf(m1, await hear());
    await say(proofOf(k, "I", t));
    await hear();
    const { networkHash, certificate, controlHead: head } = device;
    await say(
      await introduction(k, "I", t, { networkHash, certificate: certificate.bytes, head, seeds }),
    );
    await hear();
  });

describe("strangers", () => {
  test("a wrong, a revoked and no invite at all meet one path of one shape", async () => {
    const world = await createWorld();
    const { maker, open, held } = world;
    const wrong = await invitedBy(await deviceOf(createClosed(), "member"));
    const second = await invitedBy(maker);
    const cases: readonly Exchange[] = [
      { invite: wrong.held, theirs: [maker], invites: [open] },
      // Revoked: it is not in R's list any more, another of the same maker is.
      { invite: held, theirs: [maker], invites: [second.open] },
      { invite: held, theirs: [maker], invites: [] },
      { invite: held, theirs: [], invites: [] },
      { mine: await deviceOf(createClosed(), "member"), theirs: [maker], invites: [open] },
    ];
    for (const options of cases) {
      const { faults, fromI, fromR } = await watch(options);
      expect(faults).toEqual(["no-common-network", "closed"]);
      expect([lengthsOf(fromI), lengthsOf(fromR)]).toEqual([unproven, unproven]);
      nothingStands(world, [...fromI, ...fromR]);
    }
    // The right one up to m4 has the same lengths.
    const { fromI, fromR } = await watch({ invite: held, theirs: [maker], invites: [open] });
    expect(lengthsOf(fromI).slice(0, 2)).toEqual(unproven);
    expect(lengthsOf(fromR).slice(0, 2)).toEqual(unproven);
  });

  test("one who goes on to m5 hears nothing, and what it heard is even noise", async () => {
    const world = await createWorld();
    const seen = new Set<string>();
    let ones = 0;
    const runs = 200;
    for (let run = 0; run < runs; run++) {
      const k = crypto.randomBytes(32);
      const { outcome, told } = await playI(world, k, world.fellow);
      expect(faultOf(outcome)).toBe("no-common-network");
      expect(lengthsOf(told)).toEqual(unproven);
      nothingStands(world, told);
      const m4 = told[1]?.subarray(1) ?? new Uint8Array(0);
      seen.add(bytesToHex(m4));
      for (const byte of m4) for (let bit = 0; bit < 8; bit++) ones += (byte >> bit) & 1;
    }
    expect(seen.size).toBe(runs);
    // Of 51,200 bits half, within five standard deviations.
    expect(Math.abs(ones - runs * 128)).toBeLessThan(5 * Math.sqrt(runs * 64));
  });

  test("somebody who answers a joiner without knowing the link learns nothing", async () => {
    const world = await createWorld();
    const { held } = world;
    const { outcome, told } = await against({ invite: held }, async ({ say, hear }) => {
      const m1 = await hear();
      const m2 = helloBody();
      await say(m2);
      await hear();
      await say(proofOf(crypto.randomBytes(32), "R", transcriptOf(m1, m2)));
      await hear();
    });
    expect(faultOf(outcome)).toBe("no-common-network");
    expect(lengthsOf(told)).toEqual(unproven);
    nothingStands(world, told);
  });
});

describe("between two honest sides", () => {
  test("a recorded run opens nothing again, in either role", async () => {
    const world = await createWorld();
    for (const kind of world.kinds) {
      const first = await watch(kind.both);
      expect(first.faults).toEqual(["greeted", "greeted"]);
      nothingStands(world, [...first.fromI, ...first.fromR]);
      const toR = await against(kind.asR, async ({ say, hear }) => {
        for (const frame of first.fromI) {
          await say(frame.subarray(1));
          await hear();
        }
      });
      expect(faultOf(toR.outcome)).toBe("no-common-network");
      const toI = await against(kind.asI, async ({ say, hear }) => {
        await hear();
        for (const frame of first.fromR) {
          await say(frame.subarray(1)).catch(() => undefined);
          await hear();
        }
      });
      expect(faultOf(toI.outcome)).toBe("no-common-network");
      for (const { told } of [toR, toI]) {
        expect(lengthsOf(told)).toEqual(unproven);
        nothingStands(world, told);
      }
    }
  });

  test("messages sent back to their sender prove nothing", async () => {
    for (const { asI } of (await createWorld()).kinds) {
      const { outcome } = await against(asI, async ({ say, hear }) => {
        await say(await hear());
        await say(await hear());
      });
      expect(faultOf(outcome)).toBe("no-common-network");
    }
  });

  test("swapped peer ids, and a middleman with connections of his own, are found out", async () => {
    const world = await createWorld();
    const [idI, idR, middle] = [idOf("i"), idOf("r"), idOf("middle")];
    const cases = [
      { peersOfR: { idI: idR, idR: idI } },
      { peersOfI: { idI, idR: middle }, peersOfR: { idI: middle, idR } },
      { peersOfI: { idI, idR: middle } },
      { peersOfR: { idI: middle, idR } },
    ];
    for (const kind of world.kinds) {
      for (const peers of cases) {
        const { faults, fromI, fromR } = await watch({ ...kind.both, ...peers });
        expect(faults).toEqual(["no-common-network", "closed"]);
        expect([lengthsOf(fromI), lengthsOf(fromR)]).toEqual([unproven, unproven]);
        nothingStands(world, [...fromI, ...fromR]);
      }
      const self = { idI, idR: idI };
      const { faults } = await watch({ ...kind.both, peersOfI: self, peersOfR: self });
      expect(faults).toEqual(["own-peer", "own-peer"]);
    }
  });

  /** With what each message altered in its body ends, at I and at R. */
  const ends: readonly (readonly [i: string, r: string])[] = [
    ["no-common-network", "closed"],
    ["no-common-network", "closed"],
    ["no-common-network", "closed"],
    ["no-common-network", "closed"],
    ["closed", "not-sealed"],
    // R is done once it sent m6: whether that arrives it cannot know.
    ["not-sealed", "greeted"],
  ];

  const altering = (message: number, alter: (frame: Uint8Array) => Uint8Array): Exchange => {
    const wanted = Math.floor(message / 2);
    const wire: Wire = (frame, index) => [index === wanted ? alter(frame) : frame];
    return message % 2 === 0 ? { toR: wire } : { toI: wire };
  };

  test("each message replaced by another of its kind ends it", async () => {
    const world = await createWorld();
    for (const kind of world.kinds) {
      for (const [message, expected] of ends.entries()) {
        // A hello of one's own, and noise of the same length for the others.
        const replace = (frame: Uint8Array): Uint8Array =>
          Uint8Array.of(1, ...(message < 2 ? helloBody() : crypto.randomBytes(frame.length - 1)));
        const { faults, fromI, fromR } = await watch({
          ...kind.both,
          ...altering(message, replace),
        });
        expect(faults, `m${String(message + 1)}`).toEqual(expected);
        nothingStands(world, [...fromI, ...fromR]);
      }
    }
  });

  test("one bit anywhere ends it, with the code of the place", async () => {
    const world = await createWorld();
    const flip = (at: number, bit: number) => (frame: Uint8Array) =>
      frame.map((byte, index) => (index === at % frame.length ? byte ^ (1 << bit) : byte));
    for (const kind of world.kinds) {
      for (const [message, expected] of ends.entries()) {
        const isHello = message < 2;
        // Within a hello's nonce, or anywhere in what is proven or sealed.
        const places = isHello ? [5, 20, 36] : [1, 2, 15, 32, 100, 1_000, 2_600, 2_700];
        for (const at of places) {
          for (const bit of [0, 4, 7]) {
            const { faults } = await watch({ ...kind.both, ...altering(message, flip(at, bit)) });
            expect(faults, `m${String(message + 1)} at ${String(at)}`).toEqual(expected);
          }
        }
        const typed = await watch({ ...kind.both, ...altering(message, flip(0, 1)) });
        expect(typed.faults).toEqual(outOfTurn(message));
        if (!isHello) continue;
        // Version 0; an array of two; no bytes but text; a feature that does not come.
        for (const [at, bit, fault] of [
          [2, 0, "version"],
          [1, 0, "malformed"],
          [3, 5, "malformed"],
          [37, 0, "malformed"],
        ] as const) {
          const { faults } = await watch({ ...kind.both, ...altering(message, flip(at, bit)) });
          expect(faults).toEqual(message === 0 ? ["closed", fault] : [fault, "closed"]);
        }
      }
    }
  });

  const outOfTurn = (message: number): readonly [string, string] => {
    if (message === 5) return ["out-of-turn", "greeted"];
    return message % 2 === 0 ? ["closed", "out-of-turn"] : ["out-of-turn", "closed"];
  };
});

describe("insiders", () => {
  test("a member that pretends to be the maker is found out, and gains nothing", async () => {
    const world = await createWorld();
    const { maker, fellow, open, held } = world;
    const k = inviteKey(held.publicKey);
    let taken = new Uint8Array(0);
    const { outcome, told } = await against({ invite: held }, async ({ say, hear }) => {
      const m2 = helloBody();
      const t = transcriptOf(await hear(), m2);
      await say(m2);
      await hear();
      // It reads the link's public key in the chain, as all members can.
      await say(proofOf(k, "R", t));
      taken = Uint8Array.from(await hear());
      const { networkHash, controlHead: head, signingSeed } = fellow;
      const certificate = fellow.certificate.bytes;
      const shown = { networkHash, certificate, head, seeds: [signingSeed] };
      await say(await introduction(k, "R", t, shown));
      await hear();
    });
    expect(faultOf(outcome)).toBe("not-the-maker");
    nothingStands(world, told);
    // The joiner's m5, given to the maker on a connection of its own.
    const passedOn = await against({ networks: [maker], invites: [open] }, async (talk) => {
      const m1 = helloBody();
      await talk.say(m1);
      const t = transcriptOf(m1, await talk.hear());
      await talk.say(proofOf(k, "I", t));
      await talk.hear();
      await talk.say(taken);
      await talk.hear();
    });
    expect(faultOf(passedOn.outcome)).toBe("not-sealed");
    expect(lengthsOf(passedOn.told)).toEqual(unproven);
  });

  test("a member that greets for a link that it only read of holds no seed", async () => {
    const world = await createWorld();
    const { fellow, held } = world;
    const seeds = [fellow.signingSeed, crypto.randomBytes(32)];
    const { outcome, told } = await playI(world, inviteKey(held.publicKey), fellow, seeds);
    expect(faultOf(outcome)).toBe("invite-signature");
    expect(lengthsOf(told)).toEqual(unproven);
    nothingStands(world, told);
  });

  test("a removed member passes m3 and m4, and fails at m5 and m6", async () => {
    const world = await createWorld();
    const { closed, maker, open, fellow } = world;
    const removed = await deviceOf(closed, "removed");
    // An older head, at which it still was a member, and a later one change nothing.
    for (const controlHead of [closed.heads[0], closed.heads[2], headAt(99)]) {
      const shown = { ...removed, controlHead };
      const asI = await playI({ maker, open }, closed.greetingKey, shown);
      expect(asI.outcome).toMatchObject({ ok: true, value: { standing: "removed" } });
      // It is told so in one word, by whom it is not
      expect(lengthsOf(asI.told)).toEqual([...unproven, 26]);
      nothingStands(world, asI.told);
      const impostor = [crypto.randomBytes(32)];
      const lied = await playI({ maker, open }, closed.greetingKey, shown, impostor);
      expect(faultOf(lied.outcome)).toBe("signature");
      expect(lengthsOf(lied.told)).toEqual(unproven);
      const asR = await watch({ mine: fellow, theirs: [shown] });
      expect(asR.i).toMatchObject({ ok: true, value: { standing: "removed" } });
      expect(lengthsOf(asR.fromR).slice(0, 2)).toEqual(unproven);
      nothingStands(world, [...asR.fromI, ...asR.fromR]);
      const dismissed = await watch({ mine: shown, theirs: [maker] });
      expect(dismissed.faults).toEqual(["removed", "greeted"]);
    }
    const stranger = await deviceOf(closed, "refused");
    const refused = await playI({ maker, open }, closed.greetingKey, stranger);
    expect(faultOf(refused.outcome)).toBe("not-a-member");
    expect(lengthsOf(refused.told)).toEqual(unproven);
    // m4 was a true one: that much it is told, and openly said.
    const heard: Uint8Array[] = [];
    await against({ networks: [maker], invites: [] }, async ({ say, hear }) => {
      const m1 = helloBody();
      await say(m1);
      const t = transcriptOf(m1, await hear());
      await say(proofOf(closed.greetingKey, "I", t));
      heard.push(proofOf(closed.greetingKey, "R", t), await hear());
    });
    expect(heard[1]).toEqual(heard[0]);
  });

  test("a removed member who finds a link open is one joiner more, and no member", async () => {
    const { closed, maker, open, held } = await createWorld();
    closed.standings.set(bytesToHex(held.certificate.signingKey), "removed");
    const { faults, r } = await watch({ invite: held, theirs: [maker], invites: [open] });
    expect(faults).toEqual(["greeted", "greeted"]);
    expect(r).toMatchObject({ value: { standing: "unknown", invite: held.publicKey } });
  });

  test("an unknown device is let in and told apart, on either side", async () => {
    const { closed, maker } = await createWorld();
    const newcomer = await deviceOf(closed, "member");
    // The maker's chain is behind: it has not read that record yet.
    const behind: GreetingNetwork = { ...maker, standingOf: () => "unknown" };
    const asked = await watch({ mine: newcomer, theirs: [behind], invites: [] });
    expect(asked.i).toMatchObject({ ok: true, value: { standing: "member", invite: null } });
    expect(asked.r).toMatchObject({ ok: true, value: { standing: "unknown", invite: null } });
    const asking = await watch({ mine: behind, theirs: [newcomer], invites: [] });
    expect(asking.i).toMatchObject({ ok: true, value: { standing: "unknown" } });
    expect(asking.r).toMatchObject({ ok: true, value: { standing: "member" } });
    // Unknown is no excuse for what is checked of everybody.
    const impostor = { ...newcomer, signingSeed: crypto.randomBytes(32) };
    const lied = await watch({ mine: impostor, theirs: [behind], invites: [] });
    expect(lied.faults).toEqual(["closed", "signature"]);
    const odd = { ...newcomer, controlHead: headAt(4) };
    const impossible = await watch({ mine: odd, theirs: [behind], invites: [] });
    expect(impossible.faults).toEqual(["closed", "control-head"]);
  });

  test("an older head is taken as shown, and an impossible one refused on both sides", async () => {
    const { closed, maker, fellow, open, held } = await createWorld();
    const older = { ...fellow, controlHead: closed.heads[0] };
    const met = await watch({ mine: older, theirs: [maker], invites: [] });
    expect(met.r).toMatchObject({ ok: true, value: { peerControlHead: closed.heads[0] } });
    const answered = await watch({ mine: maker, theirs: [older], invites: [] });
    expect(answered.i).toMatchObject({ ok: true, value: { peerControlHead: closed.heads[0] } });
    const odd = { ...fellow, controlHead: headAt(5) };
    const asI = await watch({ mine: odd, theirs: [maker], invites: [] });
    expect(asI.faults).toEqual(["closed", "control-head"]);
    const asR = await watch({ mine: maker, theirs: [odd], invites: [] });
    expect(asR.faults).toEqual(["control-head", "greeted"]);
    // A link of an older head, and one of a chain that is not the maker's.
    const late = { ...held, controlHead: closed.heads[1] };
    const joined = await watch({ invite: late, theirs: [maker], invites: [open] });
    expect(joined.faults).toEqual(["greeted", "greeted"]);
    const forged = { ...held, controlHead: headAt(3) };
    const refused = await watch({ invite: forged, theirs: [maker], invites: [open] });
    expect(refused.faults).toEqual(["closed", "control-head"]);
  });
});
