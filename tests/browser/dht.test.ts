/** Pages that find each other by the DHT of a relay without rendezvous, and load it only then. */
import { afterEach, expect, inject, test } from "vitest";
import { members, verified, type PeerBench } from "../contract/api/peers.ts";
import { createPagePeers } from "../support/pagePeers.ts";

const benches: PeerBench[] = [];
afterEach(async () => {
  for (const bench of benches.splice(0)) await bench.clean();
});

const benchAt = (port: number): PeerBench => {
  const bench = createPagePeers([`/ip4/127.0.0.1/tcp/${port}/ws`]);
  benches.push(bench);
  return bench;
};

// Sources are many resources here, more than a page remembers by itself
performance.setResourceTimingBufferSize(100_000);

const isDhtLoaded = (): boolean =>
  performance.getEntriesByType("resource").some(({ name }) => name.includes("/dhtClient"));

test("T-030 T-129 P-017 P-022 K-038 the DHT is loaded where nothing else finds peers", async () => {
  await verified(...(await members(benchAt(inject("relayPort")), 2)));
  expect(isDhtLoaded()).toBe(false);
  await verified(...(await members(benchAt(inject("dhtRelayPort")), 2)));
  expect(isDhtLoaded()).toBe(true);
});
