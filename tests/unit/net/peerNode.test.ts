/**
 * Peers meet through a real relay. In Node there is no WebRTC, so every channel here is relayed;
 * the direct ones are tested in Chromium (tests/e2e/net.spec.ts).
 */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { createServer as createTcpServer, type Server as TcpServer } from "node:net";
import { afterEach, expect, test } from "vitest";
import type { RunningRelay } from "../../../relay/start.ts";
import { systemClock } from "../../../src/net/clock.ts";
import { createHangingWebrtc } from "../../support/hangingWebrtc.ts";
import {
  createCleanup,
  createSignal,
  startTestPeer,
  startTestRelay,
  temporaryDirectory,
  type TestPeer,
} from "../../support/nodePeers.ts";
import { readMetrics } from "../../support/relayMetrics.ts";

const cleanup = createCleanup();
afterEach(() => cleanup.run());

const tagA = "a".repeat(32);
const tagB = "b".repeat(32);

const isReserved = (peer: TestPeer): Promise<unknown> =>
  peer.until(({ relays }) => relays.every(({ state }) => state === "reserved"));

/** Nobody's. */
const stranger = "12D3KooWJy8QZLC1qz49usZgb5MTRBU1EwTFro1W4u4reS6QAX4i";

const portOf = (server: Server | TcpServer): number => {
  const address = server.address();
  return address !== null && typeof address === "object" ? address.port : 0;
};

const namesOf = (peer: TestPeer): readonly string[] =>
  peer
    .status()
    .peers.map(({ peer: id }) => id)
    .sort();

test("two peers with a tag in common get one channel, dialed by the smaller id", async () => {
  const relay = await startTestRelay(cleanup);
  const [one, two] = [await startTestPeer(cleanup, [relay]), await startTestPeer(cleanup, [relay])];
  one.setTags([tagA]);
  two.setTags([tagB, tagA]);
  const [first, second] = await Promise.all([one.channel(0), two.channel(0)]);

  expect(first.channel.remotePeer).toBe(two.peerId);
  expect(second.channel.remotePeer).toBe(one.peerId);
  expect(first.channel.initiator).toBe(one.peerId < two.peerId);
  expect(second.channel.initiator).toBe(two.peerId < one.peerId);
  expect(first.channel.path).toBe("relayed");
  expect(first.channel.localPeerBytes).toEqual(second.channel.remotePeerBytes);
  expect(first.channel.localPeerBytes).toHaveLength(38);

  const frames = [Uint8Array.of(1), new Uint8Array(256 * 1024).fill(7), Uint8Array.of(9, 8)];
  await Promise.all(frames.map((frame) => first.channel.send(frame)));
  expect(await second.received(3)).toEqual(frames);
  await second.channel.send(Uint8Array.of(4, 2));
  expect(await first.received(1)).toEqual([Uint8Array.of(4, 2)]);
  expect([one.channels.length, two.channels.length]).toEqual([1, 1]);
});

test("a peer that leaves a tag is no longer named; another tag brings it back", async () => {
  const relay = await startTestRelay(cleanup);
  const [one, two] = [await startTestPeer(cleanup, [relay]), await startTestPeer(cleanup, [relay])];
  one.setTags([tagA, tagB]);
  two.setTags([tagA]);
  const { channel, closed } = await one.channel(0);
  await Promise.all([one, two].map(isReserved));
  const registered = "nebulus_relay_registrations_total";
  const before = (await readMetrics(relay.port)).of(registered);
  // The same says nothing new; what comes behind it does
  one.setTags([tagA, tagB]);
  one.setTags([tagA, tagB, "c".repeat(32)]);
  await one.until(({ relays }) => relays.every(({ isRegistered }) => isRegistered === true));
  expect((await readMetrics(relay.port)).of(registered)).toBe(before + 1);
  two.setTags([]);
  channel.close();
  await closed;
  await one.until(({ peers }) => peers.length === 0);

  two.setTags([tagB]);
  await one.channel(1);
  expect(namesOf(one)).toEqual([two.peerId]);
  await two.stop();
  await one.until(({ peers }) => peers.length === 0);
});

test("peers without a tag in common never meet", async () => {
  const relay = await startTestRelay(cleanup);
  const peers = await Promise.all([0, 1, 2].map(() => startTestPeer(cleanup, [relay])));
  const [one, two, three] = peers;
  if (one === undefined || two === undefined || three === undefined) throw new Error("three");
  await Promise.all(peers.map(isReserved));
  one.setTags([tagA]);
  two.setTags([tagB]);
  // What the third is told last shows that the relay had heard of both before.
  three.setTags([tagA, tagB]);
  await three.until(({ peers: named }) => named.length === 2);
  await Promise.all([one.channel(0), two.channel(0)]);
  expect([namesOf(one), namesOf(two)]).toEqual([[three.peerId], [three.peerId]]);
});

test("a channel that one side closes is dialed again, by the same side", async () => {
  const relay = await startTestRelay(cleanup);
  const [one, two] = [await startTestPeer(cleanup, [relay]), await startTestPeer(cleanup, [relay])];
  for (const peer of [one, two]) peer.setTags([tagA]);
  const [first, second] = await Promise.all([one.channel(0), two.channel(0)]);
  // What was accepted before the close still arrives.
  await first.channel.send(Uint8Array.of(25));
  first.channel.close();
  await Promise.all([first.closed, second.closed]);
  expect(second.frames).toEqual([Uint8Array.of(25)]);
  await expect(first.channel.send(Uint8Array.of(1))).rejects.toMatchObject({
    code: "PeerUnreachable",
  });

  const [again, answered] = await Promise.all([one.channel(1), two.channel(1)]);
  expect(again.channel.initiator).toBe(first.channel.initiator);
  await again.channel.send(Uint8Array.of(2));
  expect(await answered.received(1)).toEqual([Uint8Array.of(2)]);
});

test("after a restart of the relay peers meet again, and newcomers too", async () => {
  const data = await temporaryDirectory(cleanup);
  const relay = await startTestRelay(cleanup, { data });
  const [one, two] = [await startTestPeer(cleanup, [relay]), await startTestPeer(cleanup, [relay])];
  for (const peer of [one, two]) peer.setTags([tagA]);
  const { closed } = await one.channel(0);
  await relay.stop();
  await closed;
  await one.until(({ relays }) => relays.every(({ state }) => state === "connecting"));

  const restarted = await startTestRelay(cleanup, { data, port: relay.port });
  expect(restarted.peerId).toBe(relay.peerId);
  const three = await startTestPeer(cleanup, [restarted]);
  three.setTags([tagA]);
  await Promise.all([one, two, three].map(isReserved));
  for (const peer of [one, two, three]) {
    await peer.until(({ peers }) => peers.filter(({ path }) => path === "relayed").length === 2);
  }
});

test("what is wrong with a relay is told, and no more once it is well", async () => {
  const data = await temporaryDirectory(cleanup);
  const relay = await startTestRelay(cleanup, { data });
  const other = await startTestRelay(cleanup);
  const plain = createServer((_, response) => response.end("a page"));
  cleanup.add(() => {
    plain.closeAllConnections();
    return new Promise((resolve) => plain.close(resolve));
  });
  await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
  const at = (port: number): string => `/ip4/127.0.0.1/tcp/${String(port)}/ws`;
  const addresses = [
    ...[at(relay.port), at(portOf(plain)), `${at(other.port)}/p2p/${stranger}`],
    ...["/ip4/127.0.0.1/udp/1/quic-v1", "no address"],
  ];
  const peer = await startTestPeer(cleanup, addresses);
  peer.setTags([tagA]);
  const faults = (): readonly unknown[] => peer.status().relays.map(({ fault }) => fault);
  await peer.until(
    ({ relays: [first] }) => first?.state === "reserved" && first.isRegistered === true,
  );
  await peer.until(({ relays }) => relays.slice(1).every(({ fault }) => fault !== null));
  expect(faults()).toEqual([
    ...[null, "unreachable", "another-relay", "unusable-address", "unusable-address"],
  ]);
  await relay.stop();
  await peer.until(({ relays: [first] }) => first?.fault === "unreachable");
  expect(peer.status().relays[0]).toMatchObject({ state: "connecting", isRegistered: false });
  await startTestRelay(cleanup, { data, port: relay.port });
  await peer.until(({ relays: [first] }) => first?.state === "reserved");
  expect(peer.status().relays[0]?.fault).toBeNull();
});

test("one relay at two addresses is met at one of them", async () => {
  const relay = await startTestRelay(cleanup);
  const at = (host: string): string => `/${host}/tcp/${String(relay.port)}/ws`;
  const peer = await startTestPeer(cleanup, [at("ip4/127.0.0.1"), at("dns4/localhost")]);
  await peer.until(({ relays }) => relays.some(({ fault }) => fault === "same-relay"));
  await peer.until(({ relays }) => relays.some(({ state }) => state === "reserved"));
  const states = peer.status().relays.map(({ state, fault }) => `${state} ${String(fault)}`);
  expect(states.sort()).toEqual(["connecting same-relay", "reserved null"]);
});

test("a peer that no direct way leads to is told by the side that connects", async () => {
  const relay = await startTestRelay(cleanup);
  const [one, two] = [await startTestPeer(cleanup, [relay]), await startTestPeer(cleanup, [relay])];
  for (const peer of [one, two]) peer.setTags([tagA]);
  const [dialer, other] = one.peerId < two.peerId ? [one, two] : [two, one];
  await dialer.until(({ peers: [met] }) => met?.path === "relayed" && met.fault === "direct");
  await other.until(({ peers: [met] }) => met?.path === "relayed");
  expect(dialer.status().peers).toMatchObject([{ peer: other.peerId, isDialer: true }]);
  // Without WebRTC there is nothing to count
  expect(dialer.status().direct).toBeUndefined();
  expect(other.status().peers).toMatchObject([
    { peer: dialer.peerId, isDialer: false, fault: null },
  ]);
});

test("two relays name the same peer: still one channel, which outlives either", async () => {
  const relays = [await startTestRelay(cleanup), await startTestRelay(cleanup)];
  const [one, two] = [await startTestPeer(cleanup, relays), await startTestPeer(cleanup, relays)];
  for (const peer of [one, two]) peer.setTags([tagA]);
  await Promise.all([isReserved(one), isReserved(two), one.channel(0)]);
  await relays[0]?.stop();
  await one.until(({ relays: [first] }) => first?.state === "connecting");
  await one.until(({ peers }) => peers.some(({ path }) => path === "relayed"));
  expect(namesOf(one)).toEqual([two.peerId]);
});

test("either side opens channels beside the first; the last ends the connection", async () => {
  const relay = await startTestRelay(cleanup);
  const [one, two] = [await startTestPeer(cleanup, [relay]), await startTestPeer(cleanup, [relay])];
  for (const peer of [one, two]) peer.setTags([tagA]);
  const firsts = await Promise.all([one.channel(0), two.channel(0)]);
  for (const { channel } of firsts) channel.another();
  const [second, third] = await Promise.all([one.channel(1), one.channel(2)]);
  await two.channel(2);
  const kinds = (peer: TestPeer): readonly boolean[] =>
    peer.channels.map(({ channel }) => channel.initiator).sort();
  expect(kinds(one).length + kinds(two).length).toBe(6);
  expect([...one.channels, ...two.channels].filter(({ channel }) => channel.isBeside)).toHaveLength(
    4,
  );
  const mine = [second, third].find(({ channel }) => channel.initiator);
  const theirs = two.channels.find(({ channel }) => channel.isBeside && !channel.initiator);
  for (const { channel } of firsts) channel.close();
  await Promise.all(firsts.map(({ closed }) => closed));
  await mine?.channel.send(Uint8Array.of(5));
  expect(await theirs?.received(1)).toEqual([Uint8Array.of(5)]);
  expect(one.status().peers).toMatchObject([{ peer: two.peerId, path: "relayed" }]);

  for (const { channel } of [second, third]) channel.close();
  const [again] = await Promise.all([one.channel(3), two.channel(3)]);
  expect(again.channel.isBeside).toBe(false);
});

test("while WebRTC is tried in vain, further channels open through the relay", async () => {
  const relay = await startTestRelay(cleanup);
  // What takes seconds in a page
  const clock = { ...systemClock, after: (ms: number, run: () => void) => soon(ms, run) };
  const soon = (ms: number, run: () => void): (() => void) => systemClock.after(ms / 50, run);
  const dialed = createSignal();
  let dials = 0;
  const webrtc = createHangingWebrtc(() => {
    dials += 1;
    dialed.raise();
  });
  const [one, two] = [
    await startTestPeer(cleanup, [relay], { clock, webrtc }),
    await startTestPeer(cleanup, [relay], { clock, webrtc }),
  ];
  for (const peer of [one, two]) peer.setTags([tagA]);
  const firsts = await Promise.all([one.channel(0), two.channel(0)]);
  await dialed.until(() => dials === 1);
  for (const { channel } of firsts) channel.another();
  const besides = await Promise.all([one.channel(2), two.channel(2)]);
  expect(besides.map(({ channel }) => [channel.isBeside, channel.path])).toEqual([
    [true, "relayed"],
    [true, "relayed"],
  ]);
  // It is still that dial
  expect(dials).toBe(1);
});

test("K-040 direct connections that were tried in vain are counted by who tried", async () => {
  const relay = await startTestRelay(cleanup);
  const changes = { webrtc: createHangingWebrtc(() => undefined), discovery: { dialTimeout: 500 } };
  const peers = await Promise.all([0, 1].map(() => startTestPeer(cleanup, [relay], changes)));
  const [dialer, other] = peers.sort((a, b) => (a.peerId < b.peerId ? -1 : 1));
  if (dialer === undefined || other === undefined) throw new Error("two");
  expect(dialer.status().direct).toEqual({ tried: 0, succeeded: 0 });
  for (const peer of peers) peer.setTags([tagA]);
  // Said when the attempt is over: it was counted by then, or it never is
  await dialer.until(({ peers: [met] }) => met?.fault === "direct");
  expect(dialer.status().direct).toEqual({ tried: 1, succeeded: 0 });
  expect(other.status().direct).toEqual({ tried: 0, succeeded: 0 });
});

test("who is refused is neither dialed nor let in, until it is welcome again", async () => {
  const relay = await startTestRelay(cleanup);
  const peers = [await startTestPeer(cleanup, [relay]), await startTestPeer(cleanup, [relay])];
  const [dialer, answerer] = peers.sort((a, b) => (a.peerId < b.peerId ? -1 : 1));
  if (dialer === undefined || answerer === undefined) throw new Error("two");
  for (const peer of peers) peer.setTags([tagA]);
  const first = await Promise.all([dialer.channel(0), answerer.channel(0)]);

  // Who answers refuses: each further dial gets a channel that ends at once
  answerer.setRefused([dialer.peerId]);
  await Promise.all(first.map(({ closed }) => closed));
  await (
    await dialer.channel(1)
  ).closed;
  await (
    await dialer.channel(2)
  ).closed;
  expect([answerer.channels.length, namesOf(answerer)]).toEqual([1, []]);
  answerer.setRefused([]);
  const again = await answerer.channel(1);
  const held = await lastOpen(dialer);
  await again.channel.send(Uint8Array.of(7));
  expect(await held.received(1)).toEqual([Uint8Array.of(7)]);

  // Who dials refuses: it dials nobody but the third, whom the relay names beside it
  const before = answerer.channels.length;
  dialer.setRefused([answerer.peerId]);
  await again.closed;
  expect(namesOf(dialer)).toEqual([]);
  const third = await startAfter(dialer, relay);
  third.setTags([tagA]);
  // Dialed again and again, ever later: by then the other's turn would have come, too
  for (let at = 0; at < 4; at++) {
    const { channel, closed } = await third.channel(at);
    channel.close();
    await closed;
  }
  expect(namesOf(dialer)).toEqual([third.peerId]);
  expect(channelsWith(answerer, dialer)).toBe(before);
  dialer.setRefused([]);
  await dialer.until(({ peers: named }) => named.length === 2);
  await answerer.until(() => channelsWith(answerer, dialer) > before);
});

/** Of a greater id, so that the other dials it. */
const startAfter = async (other: TestPeer, relay: RunningRelay): Promise<TestPeer> => {
  const peer = await startTestPeer(cleanup, [relay]);
  return peer.peerId > other.peerId ? peer : startAfter(other, relay);
};

/** Its side of the channel that the other has: all before it were ended. */
const lastOpen = async (peer: TestPeer): Promise<TestPeer["channels"][number]> => {
  await peer.until(({ peers }) => peers.some(({ path }) => path === "relayed"));
  const last = peer.channels.at(-1);
  if (last === undefined) throw new Error("it has none");
  return last;
};

const channelsWith = ({ channels }: TestPeer, other: TestPeer): number =>
  channels.filter(({ channel }) => channel.remotePeer === other.peerId).length;

test("at a relay that a network named, members of that are met, and nobody else", async () => {
  const [own, named] = [await startTestRelay(cleanup), await startTestRelay(cleanup)];
  const relay = `/ip4/127.0.0.1/tcp/${named.port}/ws`;
  const one = await startTestPeer(cleanup, [own]);
  one.setTags([tagA, tagB], [{ relay, tags: [tagB] }]);
  const [friend, curious] = [
    await startTestPeer(cleanup, [named]),
    await startTestPeer(cleanup, [named]),
  ];
  friend.setTags([tagB]);
  curious.setTags([tagA]);
  const [{ channel, closed }] = await Promise.all([one.channel(0), friend.channel(0)]);
  expect(channel.remotePeer).toBe(friend.peerId);
  await one.until(({ relays }) => relays.every(({ state }) => state === "reserved"));
  expect(one.status().relays.map(({ isNamed }) => isNamed)).toEqual([false, true]);
  // Whom it is told of last was there after the others
  const last = await startTestPeer(cleanup, [named]);
  last.setTags([tagA]);
  await curious.until(({ peers }) => peers.length > 0);
  expect(namesOf(curious)).toEqual([last.peerId]);

  one.setTags([tagA, tagB], []);
  await closed;
  await friend.until(({ peers }) => peers.length === 0);
  expect(one.status().relays).toHaveLength(1);
});

test("a named relay that is this node's own at another address gives way to it", async () => {
  const relay = await startTestRelay(cleanup);
  const elsewhere = `/dns/localhost/tcp/${relay.port}/ws`;
  const [one, two] = [await startTestPeer(cleanup, [relay]), await startTestPeer(cleanup, [relay])];
  for (const peer of [one, two]) {
    peer.setTags([tagA, tagB], [{ relay: elsewhere, tags: [tagB] }]);
  }
  await one.until(({ relays }) =>
    relays.some(({ address, fault }) => address === elsewhere && fault === "same-relay"),
  );
  await Promise.all([one.channel(0), two.channel(0)]);
  await one.until(({ relays: [first] }) => first?.isRegistered === true);
  one.setTags([tagA, tagB], []);
  expect(one.status().relays.map(({ address }) => address)).not.toContain(elsewhere);
});

test("G-086 P-085 a dial ends when the caller says, to a relay and to a peer alike", async () => {
  const silent = createTcpServer().listen(0, "127.0.0.1");
  cleanup.add(() => silent.close());
  await once(silent, "listening");
  const address = `/ip4/127.0.0.1/tcp/${portOf(silent)}/ws`;
  // The usual 20 s are longer than this test may take
  const peer = await startTestPeer(cleanup, [address], { discovery: { dialTimeout: 200 } });
  await peer.until(({ relays }) => relays[0]?.fault === "unreachable");
  await expect(peer.connect(`${address}/p2p/${stranger}`)).rejects.toMatchObject({
    code: "PeerUnreachable",
  });
});
