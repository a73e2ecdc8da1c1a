/** The greeting, and everything that somebody between, beside or opposite may try. */
import { expect, test } from "vitest";
import { equalBytes } from "../../../../src/core/base/bytes.ts";
import { encodeCbor } from "../../../../src/core/cbor/item.ts";
import { deriveKey, hash, hmac, labelled } from "../../../../src/core/crypto/hash.ts";
import { makeCertificate } from "../../../../src/core/network/certificate.ts";
import { openNetwork, publicKeyOf } from "../../../support/openNetwork.ts";
import { greet } from "../../../../src/core/sync/greeting.ts";
import { readHello } from "../../../../src/core/sync/greetingMessages.ts";
import {
  createManualTimers,
  createPipe,
  crypto,
  exchange,
  faultOf,
  idOf,
  memberOf,
  network,
  secret,
  soundWire,
  type Wire,
} from "./greetingPair.ts";

const flip =
  (wanted: number, at: number): Wire =>
  (frame, index) => {
    if (index === wanted) frame[at % frame.length] = (frame[at % frame.length] ?? 0) ^ 0x10;
    return [frame];
  };

test("members of one network greet each other and agree on everything", async () => {
  const mine = await memberOf(network);
  const theirs = await memberOf(network);
  const other = await memberOf(openNetwork("other", secret));
  const { i, r } = await exchange({ mine, theirs: [other, theirs] });
  if (!i.ok || !r.ok) throw new Error(`${faultOf(i)}, ${faultOf(r)}`);
  expect([i.value.role, r.value.role]).toEqual(["I", "R"]);
  expect(i.value.transcript).toEqual(r.value.transcript);
  expect(i.value.key).toEqual(network.greetingKey);
  expect(r.value.networkHash).toEqual(network.networkHash);
  expect(i.value.peer.signingKey).toEqual(theirs.certificate.signingKey);
  expect(r.value.peer.signingKey).toEqual(mine.certificate.signingKey);
  expect(i.value.peerControlHead).toEqual(network.controlHead);
  expect([i.value.standing, r.value.standing]).toEqual(["member", "member"]);
  expect([i.value.invite, r.value.invite]).toEqual([null, null]);
});

test("the bytes are those of FORMATS.md §7", async () => {
  const frames: Uint8Array[] = [];
  const record: Wire = (frame) => {
    frames.push(frame.slice());
    return [frame];
  };
  const mine = await memberOf(network);
  await exchange({ mine, toR: record, toI: record });
  expect(frames.map((frame) => frame[0])).toEqual([1, 1, 1, 1, 1, 1]);
  const [m1, m2, m3, m4, m5] = frames.map((frame) => frame.subarray(1));
  if (m1 === undefined || m2 === undefined || m5 === undefined) throw new Error("six messages");
  // array of 3, 1, 32 bytes …, empty array
  expect([...m1.subarray(0, 4), ...m1.subarray(-1)]).toEqual([0x83, 1, 0x58, 32, 0x80]);
  const t = hash("greeting", idOf("i"), idOf("r"), m1, m2);
  expect(m3).toEqual(hmac(network.greetingKey, encodeCbor(["I", t])));
  expect(m4).toEqual(hmac(network.greetingKey, encodeCbor(["R", t])));
  const key = deriveKey(network.greetingKey, "greeting", [t, "I"]);
  const { term, height } = network.controlHead;
  const head = [term, height, network.networkHash.slice(0, 16)];
  const signed = labelled("greeting", ["I", t, network.networkHash, mine.certificate.bytes, head]);
  const signature = await crypto.sign(mine.signingSeed, signed);
  const plain = encodeCbor([mine.certificate.bytes, head, [], signature]);
  expect(await crypto.open(key, t, m5)).toEqual(plain);
});

test("who has another secret learns and tells nothing", async () => {
  const stranger = await memberOf(openNetwork("family", "another secret that is long enough"));
  const seen: Uint8Array[] = [];
  const { i, r } = await exchange({
    mine: stranger,
    toI: (frame) => {
      seen.push(frame.slice());
      return [frame];
    },
  });
  expect([faultOf(i), faultOf(r)]).toEqual(["no-common-network", "closed"]);
  // m2 and 32 random bytes, and nothing after.
  expect(seen.map(({ length }) => length)).toEqual([38, 33]);
});

test("a stranger who goes on meets the same path until m5, or until time is up", async () => {
  for (const says of [crypto.randomBytes(200), null]) {
    const toR = createPipe(soundWire);
    const heard: Uint8Array[] = [];
    const timers = createManualTimers();
    const answer = greet({
      ...{ role: "R", networks: [await memberOf(network)], invites: [], crypto, timers },
      ...{ receive: toR.receive, peers: { idI: idOf("i"), idR: idOf("r") } },
      send: (frame) => {
        heard.push(frame);
        return Promise.resolve();
      },
    });
    await toR.send(Uint8Array.of(1, ...encodeCbor([1, new Uint8Array(32), []])));
    await toR.send(Uint8Array.of(1, ...new Uint8Array(32)));
    if (says !== null) await toR.send(Uint8Array.of(1, ...says));
    // Everything that is not waiting for time is done after this task.
    await new Promise((resolve) => setImmediate(resolve));
    expect(heard.length).toBe(2);
    timers.pass(9_999);
    timers.pass(1);
    expect(faultOf(await answer)).toBe(says === null ? "timeout" : "no-common-network");
    expect(timers.pending()).toBe(0);
  }
});

test("a changed bit anywhere ends it, and neither side takes the other for a member", async () => {
  for (let message = 0; message < 6; message++) {
    const isToR = message % 2 === 0;
    for (const at of [0, 1, 3, 10, 30, 36, 60, 100, 400]) {
      const wire = flip(Math.floor(message / 2), at);
      const { i, r } = await exchange(isToR ? { toR: wire } : { toI: wire });
      // R is done once it sent m6: whether that arrives it cannot know.
      const wronged = message === 5 ? [i] : [i, r];
      for (const outcome of wronged) expect(outcome.ok, `m${message + 1} at ${at}`).toBe(false);
    }
  }
});

test("truncated, overlong, empty and repeated messages, and others' turns end it", async () => {
  const wires: readonly (readonly [string, Wire])[] = [
    ["malformed", (frame, index) => [index === 0 ? frame.subarray(0, -1) : frame]],
    ["frame-length", (frame, index) => [index === 0 ? new Uint8Array(0) : frame]],
    ["frame-length", (frame, index) => [index === 2 ? new Uint8Array(4_097).fill(1) : frame]],
    ["not-sealed", (frame, index) => [index === 2 ? new Uint8Array(4_096).fill(1) : frame]],
    ["not-sealed", (frame, index) => [index === 2 ? frame.subarray(0, 10) : frame]],
    ["no-common-network", (frame, index) => (index === 0 ? [frame, frame] : [frame])],
    ["out-of-turn", (frame, index) => [index === 1 ? Uint8Array.of(5, 0x80) : frame]],
    ["version", (frame, index) => [index === 0 ? Uint8Array.of(1, 0x83, 2, 0, 0) : frame]],
  ];
  for (const [fault, toR] of wires) {
    const { r } = await exchange({ toR });
    expect(faultOf(r)).toBe(fault);
  }
});

test("builds of two versions both learn that they are, whoever opened the channel", async () => {
  const newer = Uint8Array.of(1, 0x83, 2, 0, 0);
  const first: Wire = (frame, index) => [index === 0 ? newer : frame];
  const answers: Uint8Array[] = [];
  const { r } = await exchange({
    toR: first,
    toI: (frame) => {
      answers.push(frame.slice());
      return [frame];
    },
  });
  expect(faultOf(r)).toBe("version");
  // By its own hello, and nothing else; which the other reads as this one reads the other's
  expect(answers.map((frame) => readHello(frame.subarray(1)).ok)).toEqual([true]);
  const { i } = await exchange({ toI: first });
  expect(faultOf(i)).toBe("version");
});

test("messages reflected at their sender prove nothing", async () => {
  const toI = createPipe(soundWire);
  const timers = createManualTimers();
  const outcome = await greet({
    ...{ role: "I", network: await memberOf(network), crypto, timers },
    ...{ receive: toI.receive, peers: { idI: idOf("i"), idR: idOf("r") }, send: toI.send },
  });
  expect(faultOf(outcome)).toBe("no-common-network");
});

test("a recorded exchange cannot be played again, in either role", async () => {
  const toR: Uint8Array[] = [];
  const toI: Uint8Array[] = [];
  await exchange({
    toR: (frame) => [toR[toR.push(frame.slice()) - 1] ?? frame],
    toI: (frame) => [toI[toI.push(frame.slice()) - 1] ?? frame],
  });
  const replayed = (recorded: readonly Uint8Array[]): Wire => {
    return (frame, index) => [recorded[index] ?? frame];
  };
  const asI = await exchange({ toR: replayed(toR) });
  expect(faultOf(asI.r)).toBe("closed");
  expect(faultOf(asI.i)).toBe("no-common-network");
  const asR = await exchange({ toI: replayed(toI) });
  expect(faultOf(asR.i)).toBe("no-common-network");
});

test("a middleman between two connections is found out by the peer ids", async () => {
  const viaMiddle = await exchange({
    peersOfI: { idI: idOf("i"), idR: idOf("middle") },
    peersOfR: { idI: idOf("middle"), idR: idOf("r") },
  });
  expect(viaMiddle.i.ok || viaMiddle.r.ok).toBe(false);
  const swapped = await exchange({ peersOfR: { idI: idOf("r"), idR: idOf("i") } });
  expect(swapped.i.ok || swapped.r.ok).toBe(false);
});

test("own peer id and own device are refused", async () => {
  const self = { idI: idOf("i"), idR: idOf("i") };
  const samePeer = await exchange({ peersOfI: self, peersOfR: self });
  expect([faultOf(samePeer.i), faultOf(samePeer.r)]).toEqual(["own-peer", "own-peer"]);
  const seed = crypto.randomBytes(32);
  const twins = { mine: await memberOf(network, seed), theirs: [await memberOf(network, seed)] };
  expect(faultOf((await exchange(twins)).r)).toBe("own-device");
});

test("who knows the secret but has no valid certificate is no member", async () => {
  const honest = await memberOf(network);
  const thief = crypto.randomBytes(32);
  const certify = (accountSeed: Uint8Array): Promise<Uint8Array> => {
    const account = publicKeyOf(accountSeed);
    const keys = { account, signingKey: publicKeyOf(thief), extensions: [] };
    const bare = { ...keys, xWingKey: null, vaultXWingKey: null };
    return makeCertificate(bare, network.networkHash, accountSeed, crypto);
  };
  const foreign = await certify(crypto.randomBytes(32));
  const broken = (await certify(network.account.seed)).map((byte, at) =>
    at === 100 ? byte ^ 1 : byte,
  );
  const cases = [
    ["not-a-member", foreign, thief],
    ["certificate-signature", broken, thief],
    ["certificate-form", Uint8Array.of(0x80), thief],
    // Another member's certificate, without its key.
    ["signature", (await memberOf(network)).certificate.bytes, thief],
  ] as const;
  for (const [fault, bytes, signingSeed] of cases) {
    const certificate = { ...honest.certificate, bytes };
    const { r } = await exchange({ mine: { ...honest, certificate, signingSeed } });
    expect(faultOf(r)).toBe(fault);
  }
});

test("a control head that cannot be of this network is refused", async () => {
  const honest = await memberOf(network);
  const controlHead = { ...network.controlHead, height: 1 };
  expect(faultOf((await exchange({ mine: { ...honest, controlHead } })).r)).toBe("control-head");
});

test("a closed channel and a send that never ends are faults, not hangs", async () => {
  const timers = createManualTimers();
  const peers = { idI: idOf("i"), idR: idOf("r") };
  const role = "I" as const;
  const base = { role, network: await memberOf(network), crypto, timers, peers };
  const closed = greet({
    ...base,
    send: () => Promise.reject(new Error("closed")),
    receive: () => Promise.resolve(null),
  });
  expect(faultOf(await closed)).toBe("closed");
  const stuck = greet({
    ...base,
    send: () => new Promise(() => undefined),
    receive: () => new Promise(() => undefined),
  });
  timers.pass(10_000);
  expect(faultOf(await stuck)).toBe("timeout");
});

test("no more than 256 networks are tried", async () => {
  const others = Array.from({ length: 256 }, () => ({
    ...{ networkHash: crypto.randomBytes(32), greetingKey: crypto.randomBytes(32) },
  }));
  const mine = await memberOf(network);
  const theirs = [...others.map((keys) => ({ ...mine, ...keys })), await memberOf(network)];
  expect((await exchange({ mine, theirs })).i.ok).toBe(false);
  expect((await exchange({ mine, theirs: theirs.slice(1) })).i.ok).toBe(true);
  expect(equalBytes(others[0]?.greetingKey ?? mine.greetingKey, mine.greetingKey)).toBe(false);
});
