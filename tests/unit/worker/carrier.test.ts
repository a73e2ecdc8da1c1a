/**
 * Worker and page, joined by a real MessagePort, over real peers and a real relay: what the worker
 * sends reaches another worker.
 */
import { afterEach, expect, test } from "vitest";
import type { RunningRelay } from "../../../relay/start.ts";
import { NebulusError } from "../../../src/core/base/errors.ts";
import type { Carrier, CarrierStatus } from "../../../src/core/net/carrier.ts";
import { createBridge, type OpenPageNode } from "../../../src/net/bridge.ts";
import { createPortCarrier } from "../../../src/worker/carrier.ts";
import {
  createCleanup,
  createSignal,
  record,
  startTestNode,
  startTestRelay,
  type ReceivedChannel,
} from "../../support/nodePeers.ts";

const cleanup = createCleanup();
afterEach(() => cleanup.run());

const tag = "d".repeat(32);

interface Joined {
  readonly carrier: Carrier;
  readonly statuses: readonly CarrierStatus[];
  channel(at: number): Promise<ReceivedChannel>;
  until(isReached: (status: CarrierStatus) => boolean): Promise<unknown>;
}

const join = (openNode: OpenPageNode): Joined => {
  const { port1, port2 } = new MessageChannel();
  const bridge = createBridge(port1, openNode);
  cleanup.add(() => bridge.stop());
  const carrier = createPortCarrier(port2);
  const changed = createSignal();
  const channels: ReceivedChannel[] = [];
  const statuses: CarrierStatus[] = [];
  carrier.onChannel((channel) => {
    channels.push(record(channel));
    changed.raise();
  });
  carrier.onStatus((status) => {
    statuses.push(status);
    changed.raise();
  });
  return {
    carrier,
    statuses,
    channel: (at) => changed.until(() => channels[at]),
    until: (isReached) => changed.until(() => statuses.slice(-1).some(isReached)),
  };
};

const joinRelay = (relay: RunningRelay): Joined =>
  join((privateKey) => startTestNode([relay], privateKey));

test("frames go from worker to worker, in order, and the sender keeps its bytes", async () => {
  const relay = await startTestRelay(cleanup);
  const [one, two] = [joinRelay(relay), joinRelay(relay)];
  one.carrier.setTags([tag]);
  const [identity] = await Promise.all([one.carrier.start(null), two.carrier.start(null)]);
  two.carrier.setTags([tag]);
  const [first, second] = await Promise.all([one.channel(0), two.channel(0)]);
  expect(first.channel.localPeer).toBe(identity.peerId);
  expect(second.channel.remotePeer).toBe(identity.peerId);
  expect(second.channel.remotePeerBytes).toEqual(first.channel.localPeerBytes);
  expect(first.channel.initiator).toBe(!second.channel.initiator);

  // A part of a larger buffer, sent again and again: nothing of it may be moved away.
  const whole = new Uint8Array(64 * 1024 + 2).fill(3);
  const frame = whole.subarray(1, -1);
  const sends = Array.from({ length: 60 }, (_, at) => {
    frame[0] = at;
    return first.channel.send(frame);
  });
  await Promise.all(sends);
  expect(whole.length).toBe(64 * 1024 + 2);
  const received = await second.received(60);
  expect(received.map((bytes) => [bytes.length, bytes[0]])).toEqual(
    sends.map((_, at) => [64 * 1024, at]),
  );

  await second.channel.send(Uint8Array.of(1));
  second.channel.close();
  await Promise.all([first.closed, second.closed]);
  expect(first.frames).toEqual([Uint8Array.of(1)]);
  await expect(first.channel.send(frame)).rejects.toMatchObject({ code: "PeerUnreachable" });
  await expect(second.channel.send(frame)).rejects.toMatchObject({ code: "PeerUnreachable" });
});

test("the key that start gives makes the same peer again", async () => {
  const relay = await startTestRelay(cleanup);
  const [one, two] = [joinRelay(relay), joinRelay(relay)];
  const first = await one.carrier.start(null);
  one.carrier.stop();
  expect(await two.carrier.start(first.privateKey)).toEqual(first);
});

test("P-041 who is at an address is reached without a tag", async () => {
  const relay = await startTestRelay(cleanup);
  const [one, two] = [joinRelay(relay), joinRelay(relay)];
  const [, identity] = await Promise.all([one.carrier.start(null), two.carrier.start(null)]);
  const isReserved = ({ relays }: CarrierStatus): boolean => relays[0]?.state === "reserved";
  await Promise.all([one.until(isReserved), two.until(isReserved)]);
  const [at] = relay.addresses;
  await one.carrier.connect?.(`${at}/p2p-circuit/p2p/${identity.peerId}`);
  const [first, second] = await Promise.all([one.channel(0), two.channel(0)]);
  expect(first.channel).toMatchObject({ remotePeer: identity.peerId, initiator: true });
  await first.channel.send(Uint8Array.of(4));
  expect(await second.received(1)).toEqual([Uint8Array.of(4)]);
});

test("C-42 why an address is not reached is told in the worker, each to who asked", async () => {
  const relay = await startTestRelay(cleanup);
  const joined = joinRelay(relay);
  const { carrier } = joined;
  const overTcp = "/ip4/127.0.0.1/tcp/4001";
  await expect(carrier.connect?.(overTcp)).rejects.toMatchObject({ code: "Closed" });
  const { peerId } = await carrier.start(null);
  await joined.until(({ relays }) => relays[0]?.state === "reserved");
  const absent = `${relay.addresses[0]}/p2p-circuit/p2p/${(await otherIdentity()).peerId}`;
  const answers = [absent, overTcp, `${relay.addresses[0]}/p2p-circuit/p2p/${peerId}`].map(
    (address) => carrier.connect?.(address),
  );
  const unsupported = { code: "UnsupportedAddress", path: "address", retryable: false };
  await Promise.all([
    expect(answers[0]).rejects.toMatchObject({ code: "PeerUnreachable", retryable: true }),
    expect(answers[1]).rejects.toMatchObject(unsupported),
    // It is this one itself: there is nothing to do
    expect(answers[2]).resolves.toBeUndefined(),
  ]);
  const late = carrier.connect?.(absent);
  carrier.stop();
  await expect(late).rejects.toMatchObject({ code: "Closed", retryable: true });
  await expect(carrier.connect?.(absent)).rejects.toMatchObject({ code: "Closed" });
});

test("what libp2p itself throws reaches the worker as an error that may pass", async () => {
  const relay = await startTestRelay(cleanup);
  const { carrier } = join(async (privateKey) => ({
    ...(await startTestNode([relay], privateKey)),
    connect: () => Promise.reject(new RangeError("of libp2p")),
  }));
  await carrier.start(null);
  await expect(carrier.connect?.("/memory/1")).rejects.toMatchObject({
    ...{ code: "PeerUnreachable", retryable: true, cause: "RangeError: of libp2p" },
  });
});

/** Of a peer that is not there any more. */
const otherIdentity = async (): Promise<{ readonly peerId: string }> => {
  const node = await startTestNode([]);
  await node.stop();
  return node;
};

test("the worker hears how relay and peers stand, and loses its channels on stop", async () => {
  const relay = await startTestRelay(cleanup);
  const [one, two] = [joinRelay(relay), joinRelay(relay)];
  for (const { carrier } of [one, two]) {
    await carrier.start(null);
    carrier.setTags([tag]);
  }
  const { closed } = await one.channel(0);
  await one.until(({ relays }) => relays[0]?.state === "reserved");
  await one.until(({ peers }) => peers[0]?.path === "relayed");
  one.carrier.stop();
  await closed;
  await two.until(({ peers }) => peers.length === 0);
});

test("a page that cannot open the network says why", async () => {
  const { carrier } = join(() => Promise.reject(new TypeError("no RTCPeerConnection")));
  const failure: unknown = await carrier.start(null).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(NebulusError);
  expect(failure).toMatchObject({
    code: "NotSupported",
    cause: "TypeError: no RTCPeerConnection",
  });
});

test("frames of no or too many bytes never leave the worker", async () => {
  const relay = await startTestRelay(cleanup);
  const [one, two] = [joinRelay(relay), joinRelay(relay)];
  for (const { carrier } of [one, two]) {
    await carrier.start(null);
    carrier.setTags([tag]);
  }
  const { channel } = await one.channel(0);
  for (const length of [0, 256 * 1024 + 1]) {
    await expect(channel.send(new Uint8Array(length))).rejects.toMatchObject({ code: "TooLarge" });
  }
  await channel.send(new Uint8Array(256 * 1024));
  expect(await (await two.channel(0)).received(1)).toHaveLength(1);
});
