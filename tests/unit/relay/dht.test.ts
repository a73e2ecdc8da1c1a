/** The relay as server of a DHT of our own: who provides what is found through it. */
import { multiaddr } from "@multiformats/multiaddr";
import { sha256 } from "multiformats/hashes/sha2";
import { afterEach, expect, test } from "vitest";
import { tagToCid } from "../../../src/net/dhtClient.ts";
import { dhtProtocol } from "../../../src/net/dhtProtocol.ts";
import { findProvider, startDhtClient } from "../../support/dhtClients.ts";
import { createCleanup, startTestRelay } from "../../support/nodePeers.ts";
import { readMetrics, untilMetric } from "../../support/relayMetrics.ts";

const cleanup = createCleanup();
afterEach(() => cleanup.run());

test("T-030 T-129 two that know a relay and a tag find each other by the DHT alone", async () => {
  const relay = await startTestRelay(cleanup, { rendezvous: false });
  const [one, two] = [await startDhtClient(cleanup, relay), await startDhtClient(cleanup, relay)];
  const cid = await tagToCid("a tag");
  await one.contentRouting.provide(cid);
  const found = await findProvider(two, cid);
  expect(found?.id.toString()).toBe(one.peerId.toString());
  // Where it was found is where it is.
  const connection = await two.dial(found?.multiaddrs ?? []);
  expect(connection.remotePeer.toString()).toBe(one.peerId.toString());
  expect(await findProvider(two, await tagToCid("another tag"))).toBeUndefined();
  expect((await readMetrics(relay.port)).of("nebulus_relay_dht_providers")).toBe(1);
});

test("relays that know each other are one DHT: found at one is who came to the other", async () => {
  const first = await startTestRelay(cleanup);
  const second = await startTestRelay(cleanup, { bootstrap: first.addresses });
  await untilMetric(second.port, "nebulus_relay_relays", 1);
  const [one, two] = [await startDhtClient(cleanup, first), await startDhtClient(cleanup, second)];
  const cid = await tagToCid("a tag");
  await one.contentRouting.provide(cid);
  expect((await findProvider(two, cid))?.id.toString()).toBe(one.peerId.toString());
});

test("a DHT that is switched off, or the public one's protocol, nobody answers", async () => {
  const relay = await startTestRelay(cleanup, { dht: false });
  const client = await startDhtClient(cleanup, relay);
  const address = multiaddr(relay.addresses[0]);
  await expect(client.dialProtocol(address, dhtProtocol)).rejects.toThrow();
  const other = await startTestRelay(cleanup);
  const otherAddress = multiaddr(other.addresses[0]);
  await expect(client.dialProtocol(otherAddress, "/ipfs/kad/1.0.0")).rejects.toThrow();
  await client.dialProtocol(otherAddress, dhtProtocol);
});

test("a relay keeps no values of anybody", async () => {
  const relay = await startTestRelay(cleanup);
  const [one, two] = [await startDhtClient(cleanup, relay), await startDhtClient(cleanup, relay)];
  // What libp2p's DHT takes by default: anything under its own hash.
  const value = new Uint8Array(100).fill(7);
  const { bytes: hash } = await sha256.digest(value);
  const key = Uint8Array.from([...new TextEncoder().encode("/pk/"), ...hash]);
  await one.contentRouting.put(key, value);
  await expect(two.contentRouting.get(key)).rejects.toThrow();
});
