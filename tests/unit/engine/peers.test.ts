/**
 * Peers as the engine deals with them, on virtual time: signs of life, refused ends, messages to
 * members and nobody else.
 */
import { expect, test } from "vitest";
import { NebulusError } from "../../../src/core/base/errors.ts";
import {
  applicationMessagesBurst,
  applicationMessagesPerSecond,
  peerSilenceMillisecondsMax,
} from "../../../src/core/base/limits.ts";
import type { Carrier, PeerChannel } from "../../../src/core/net/carrier.ts";
import { encodeApplicationMessage } from "../../../src/core/sync/applicationMessage.ts";
import { encodeMessage, messageTypes } from "../../../src/core/sync/frames.ts";
import type { PeerMessage, PeerOutcome } from "../../../src/core/wire/peers.ts";
import type { PeerSnapshot } from "../../../src/core/wire/snapshots.ts";
import { createWorld, networkId, type Device, type World } from "./world.ts";

const pair = async (world: World): Promise<readonly [Device, Device]> => {
  const [a, b] = [await world.open(), await world.open()];
  for (const device of [a, b]) await device.share("notes");
  await world.until(() => peersOf(a).length === 1 && peersOf(b).length === 1, "met");
  return [a, b];
};

const peersOf = (device: Device): readonly PeerSnapshot[] => device.networks()[0]?.peers ?? [];

const messagesOf = (device: Device): readonly PeerMessage[] =>
  device.events.flatMap((event) => (event.kind === "message" ? [event.message] : []));

const send = (device: Device, to: string | null, payload = 0): Promise<readonly PeerOutcome[]> =>
  device.opened.sync.askPeers({ kind: "message", networkId, to, type: "t", payload });

/** The device's own channels, so that a test can say what the program never does. */
const withChannel = async (
  device: Device,
): Promise<{ readonly channels: PeerChannel[]; readonly mute: { isMute: boolean } }> => {
  const channels: PeerChannel[] = [];
  const mute = { isMute: false };
  const carrier: Carrier = {
    ...device.network,
    onChannel: (handler) => {
      device.network.onChannel((channel) => {
        channels.push(channel);
        handler({
          ...channel,
          send: (frame) => (mute.isMute ? Promise.resolve() : channel.send(frame)),
        });
      });
    },
  };
  await device.opened.sync.carry(carrier);
  return { channels, mute };
};

const codeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => "resolved",
    (error: unknown) => (error instanceof NebulusError ? error.code : String(error)),
  );

test("T-070 T-090 the round trip is measured, both ways, again and again", async () => {
  const world = createWorld();
  world.hub.setFaults({ delayMs: 40 });
  const [a, b] = await pair(world);
  await world.until(() => peersOf(a)[0]?.roundTripMs === 80, "measured");
  await world.until(() => peersOf(b)[0]?.roundTripMs === 80, "there too");
  world.hub.setFaults({ delayMs: 120 });
  await world.pass(31_000);
  expect(peersOf(a)[0]?.roundTripMs).toBe(80 + 160 / 8);
});

test("Q-025 a peer that says nothing any more is let go, and met again", async () => {
  const world = createWorld();
  const a = await world.open();
  const b = await world.open({ online: false });
  for (const device of [a, b]) await device.share("notes");
  const { mute } = await withChannel(b);
  await world.until(() => a.isVerified("notes"), "met");
  const lastSeen = peersOf(a)[0]?.lastSeen ?? 0;
  mute.isMute = true;
  await world.pass(peerSilenceMillisecondsMax - 15_000);
  expect(peersOf(a)).toMatchObject([{ lastSeen }]);
  const silent = world.now();
  await world.until(() => peersOf(a).length === 0, "let go");
  expect(world.now() - silent).toBeLessThan(31_000);
  mute.isMute = false;
  await world.until(() => a.isVerified("notes"), "met again");
});

test("P-042 who is disconnected stays away, however often it comes", async () => {
  const world = createWorld();
  const [a, b] = await pair(world);
  const [peer] = peersOf(a);
  const address = peer?.addresses[0] ?? "";
  await a.opened.sync.askPeers({ kind: "disconnect", device: peer?.device ?? "" });
  await world.until(() => peersOf(b).length === 0, "gone");
  const { linked } = world.hub.stats();
  await world.pass(20_000);
  // Neither dials the other, by tags or by address, and nor does whoever opens the network anew
  expect(await codeOf(dialled(world, b, address))).toBe("PeerUnreachable");
  await a.disconnect();
  await a.connect();
  await world.pass(20_000);
  expect(world.hub.stats()).toMatchObject({ linked, open: 0 });
  expect([peersOf(a), peersOf(b)]).toEqual([[], []]);
  const connecting = a.opened.sync.askPeers({ kind: "connect", address });
  await world.until(() => peersOf(a).length === 1, "back");
  expect(await connecting).toEqual([{ device: peer?.device, error: null }]);
});

test("P-041 connecting ends after ten seconds with somebody of no common network", async () => {
  const world = createWorld();
  const [a] = await pair(world);
  const stranger = await world.open({ joined: false });
  await stranger.join("another");
  await world.until(() => peersOf(a).length === 1, "as before");
  const other = await addressOf(stranger);
  const connecting = codeOf(a.opened.sync.askPeers({ kind: "connect", address: other }));
  await world.pass(11_000);
  expect(await connecting).toBe("PeerUnreachable");
});

test("connecting without a network, or by a carrier that cannot dial", async () => {
  const world = createWorld();
  const [a, b] = await pair(world);
  const address = peersOf(a)[0]?.addresses[0] ?? "";
  const alone = await world.open({ online: false });
  const ask = (device: Device, to: string): Promise<string> =>
    codeOf(device.opened.sync.askPeers({ kind: "connect", address: to }));
  expect(await ask(alone, address)).toBe("PeerUnreachable");
  await alone.opened.sync.carry({
    start: (key) => alone.network.start(key),
    setTags: (tags) => {
      alone.network.setTags(tags);
    },
    ...{ onChannel: () => undefined, onStatus: () => undefined, stop: () => undefined },
    setRefused: () => undefined,
  });
  expect(await ask(alone, `/p2p/${"a".repeat(20)}`)).toBe("UnsupportedAddress");
  expect(await ask(alone, "/memory/")).toBe("UnsupportedAddress");
  await b.close();
});

test("T-254 messages have a burst and a pace of their own, and a peer's ends nothing", async () => {
  const world = createWorld();
  const [a, b] = await pair(world);
  const to = peersOf(a)[0]?.device ?? "";
  const sendMany = async (count: number): Promise<number> => {
    let sent = 0;
    for (let n = 0; n < count; n++) sent += (await send(a, to, n))[0]?.error === null ? 1 : 0;
    return sent;
  };
  expect(await sendMany(400)).toBe(applicationMessagesBurst);
  await world.pass(2_000);
  expect(await sendMany(400)).toBe(2 * applicationMessagesPerSecond);
  await world.pass(1_000);
  expect(messagesOf(b)).toHaveLength(applicationMessagesBurst + 2 * applicationMessagesPerSecond);
  expect(peersOf(a)).toHaveLength(1);
  // At that pace for minutes
  for (let second = 0; second < 120; second++) {
    await sendMany(applicationMessagesPerSecond);
    await a.insert("notes", [{ id: `n${second}` }]);
    await world.pass(1_000);
  }
  expect([peersOf(a).length, peersOf(b).length]).toEqual([1, 1]);
  expect(b.find("notes")).toHaveLength(120);
});

test("T-093 T-253 what no program of ours sends ends the session with who sent it", async () => {
  const world = createWorld();
  const a = await world.open();
  const b = await world.open({ online: false });
  const { channels } = await withChannel(b);
  await world.until(() => peersOf(a).length === 1, "met");
  const body = encodeApplicationMessage({ type: "ok", timestamp: 1, payload: "fine" });
  await channels.at(-1)?.send(encodeMessage({ kind: "message", body }));
  await world.until(() => messagesOf(a).length === 1, "a good one");
  expect(messagesOf(a)).toMatchObject([{ type: "ok", payload: "fine", networkId }]);
  expect(messagesOf(a)[0]?.device).toBe(peersOf(a)[0]?.device);
  const frame = encodeMessage({ kind: "message", body: body.subarray(1) });
  await channels.at(-1)?.send(frame);
  await world.until(() => peersOf(a).length === 0, "the end of it");
  expect(messagesOf(a)).toHaveLength(1);
  expect(frame[0]).toBe(messageTypes.message);
});

const dialled = async (world: World, device: Device, address: string): Promise<unknown> => {
  const dialling = device.network.connect?.(address);
  const settled = Promise.allSettled([dialling]);
  await world.pass(1_000);
  await settled;
  return dialling;
};

/** Where others find it: as its one peer would list it. */
const addressOf = async (device: Device): Promise<string> => {
  const { peerId } = await device.network.start(device.engine.identity.peerKey);
  return `/memory/${peerId}`;
};
