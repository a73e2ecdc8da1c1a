/**
 * Peers that find each other by the DHT of a real relay, because it has no rendezvous or because
 * they do not ask it.
 */
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { multiaddr } from "@multiformats/multiaddr";
import { afterEach, expect, test } from "vitest";
import type { CarrierStatus } from "../../../src/core/net/carrier.ts";
import { systemClock, type Clock } from "../../../src/net/clock.ts";
import { tagToCid } from "../../../src/net/dhtClient.ts";
import { dhtProtocol } from "../../../src/net/dhtProtocol.ts";
import { startDhtClient } from "../../support/dhtClients.ts";
import {
  createCleanup,
  startTestPeer,
  startTestRelay,
  temporaryDirectory,
} from "../../support/nodePeers.ts";
import { untilMetric } from "../../support/relayMetrics.ts";

const cleanup = createCleanup();
afterEach(() => cleanup.run());

const [tagA, tagB] = ["a".repeat(32), "b".repeat(32)] as const;

const isRelayed = ({ peers }: CarrierStatus): boolean =>
  peers.length === 1 && peers.every(({ path }) => path === "relayed");

const hurried: Clock = {
  ...systemClock,
  after: (milliseconds, run) => systemClock.after(milliseconds / 5, run),
};

const isReserved = ({ relays }: CarrierStatus): boolean =>
  relays.every(({ state }) => state === "reserved");

test("T-030 P-017 where no relay has a rendezvous, those of one tag find each other", async () => {
  const relay = await startTestRelay(cleanup, { rendezvous: false });
  const [one, two, other] = [
    await startTestPeer(cleanup, [relay]),
    await startTestPeer(cleanup, [relay]),
    await startTestPeer(cleanup, [relay]),
  ];
  // The DHT begins with the tags, long after the relay was met
  await Promise.all([one, two, other].map((peer) => peer.until(isReserved)));
  one.setTags([tagA]);
  two.setTags([tagB, tagA]);
  other.setTags(["c".repeat(32)]);
  const [first, second] = await Promise.all([one.channel(0), two.channel(0)]);
  await first.channel.send(Uint8Array.of(1, 2));
  expect(await second.received(1)).toEqual([Uint8Array.of(1, 2)]);
  await Promise.all([one.until(isRelayed), two.until(isRelayed)]);
  expect(other.status().peers).toEqual([]);
  expect(one.status().relays).toMatchObject([{ state: "reserved", isRegistered: null }]);
});

test("who asks no rendezvous is found by nobody who does, but by its like", async () => {
  const relay = await startTestRelay(cleanup);
  const friends = [
    await startTestPeer(cleanup, [relay], { clock: hurried }),
    await startTestPeer(cleanup, [relay], { clock: hurried }),
  ];
  for (const peer of friends) peer.setTags([tagA]);
  // If they said so in the DHT, they would before those that only now begin to
  await Promise.all(friends.map((peer) => peer.until(isRelayed)));
  const byDht = { discovery: { rendezvous: false } };
  const [one, two] = [
    await startTestPeer(cleanup, [relay], byDht),
    await startTestPeer(cleanup, [relay], byDht),
  ];
  for (const peer of [one, two]) peer.setTags([tagA]);
  await Promise.all([one.until(isRelayed), two.until(isRelayed)]);
  await untilMetric(relay.port, "nebulus_relay_dht_providers", 2);
  const named = [one, two].flatMap((peer) => peer.status().peers.map((each) => each.peer));
  expect(named).toEqual([two.peerId, one.peerId]);
});

test("a DHT that lost everything with its relay is told anew", async () => {
  const data = await temporaryDirectory(cleanup);
  const relay = await startTestRelay(cleanup, { data, rendezvous: false });
  const one = await startTestPeer(cleanup, [relay]);
  one.setTags([tagA]);
  await untilMetric(relay.port, "nebulus_relay_dht_providers", 1);
  await relay.stop();
  await one.until(({ relays }) => relays[0]?.state === "connecting");
  const again = await startTestRelay(cleanup, { data, port: relay.port, rendezvous: false });
  const two = await startTestPeer(cleanup, [again]);
  two.setTags([tagA]);
  await Promise.all([one.until(isRelayed), two.until(isRelayed)]);
});

test("where a stranger says in the DHT that it is, nobody dials", async () => {
  const relay = await startTestRelay(cleanup, { rendezvous: false });
  let dialled = 0;
  const elsewhere = createServer(() => {
    dialled += 1;
  }).listen(0, "127.0.0.1");
  cleanup.add(() => elsewhere.close());
  await once(elsewhere, "listening");
  const address = `/ip4/127.0.0.1/tcp/${portOf(elsewhere)}/ws`;
  const stranger = await startDhtClient(cleanup, relay, [address]);
  await stranger.contentRouting.provide(await tagToCid(tagA));
  const one = await startTestPeer(cleanup, [relay]);
  one.setTags([tagA]);
  const name = stranger.peerId.toString();
  await one.until(({ peers }) => peers.some(({ peer }) => peer === name));
  await expect(one.connect(`/p2p/${name}`)).rejects.toMatchObject({ code: "PeerUnreachable" });
  expect(dialled).toBe(0);
});

const portOf = (server: Server): number => {
  const address = server.address();
  return typeof address === "object" ? (address?.port ?? 0) : 0;
};

test("T-129 who asks the DHT answers no question of it, then or before", async () => {
  const relay = await startTestRelay(cleanup, { rendezvous: false });
  const [one, two] = [await startTestPeer(cleanup, [relay]), await startTestPeer(cleanup, [relay])];
  await one.until(isReserved);
  const stranger = await startDhtClient(cleanup, relay);
  const [at] = relay.addresses;
  const there = multiaddr(`${at ?? ""}/p2p-circuit/p2p/${one.peerId}`);
  const ask = (protocol: string): Promise<unknown> =>
    stranger.dialProtocol(there, protocol, { runOnLimitedConnection: true });
  const unsupported = { name: "UnsupportedProtocolError" };
  await expect(ask(dhtProtocol)).rejects.toMatchObject(unsupported);
  for (const peer of [one, two]) peer.setTags([tagA]);
  await Promise.all([one.until(isRelayed), two.until(isRelayed)]);
  await expect(ask(dhtProtocol)).rejects.toMatchObject(unsupported);
  // It is reached, and speaks with who speaks as it does; relays answer such questions
  await ask("/ipfs/ping/1.0.0");
  await stranger.dialProtocol(multiaddr(at), dhtProtocol);
});

test("a tag that is given up finds nobody any more", async () => {
  const relay = await startTestRelay(cleanup, { rendezvous: false });
  const [one, two] = [await startTestPeer(cleanup, [relay]), await startTestPeer(cleanup, [relay])];
  for (const peer of [one, two]) peer.setTags([tagA]);
  const { channel, closed } = await one.channel(0);
  await two.channel(0);
  one.setTags([tagB]);
  two.setTags([]);
  channel.close();
  await closed;
  await Promise.all([one, two].map((peer) => peer.until(({ peers }) => peers.length === 0)));
});
