/** How much is kept of peers and of what they provide, and what goes first. */
import { generateKeyPair } from "@libp2p/crypto/keys";
import type { PeerId } from "@libp2p/interface";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { Key } from "interface-datastore";
import { beforeAll, expect, test } from "vitest";
import { Records, type RecordBounds } from "../../../relay/records.ts";

const bounds: RecordBounds = {
  peersMax: 2,
  providersMax: 5,
  providersPerPeerMax: 3,
  providersToldMax: 2,
};

let peers: readonly PeerId[];
beforeAll(async () => {
  const made = Array.from({ length: 6 }, () => generateKeyPair("Ed25519"));
  peers = (await Promise.all(made)).map((key) => peerIdFromPrivateKey(key));
});

const peer = (at: number): PeerId => {
  const found = peers[at];
  if (found === undefined) throw new Error("no such peer");
  return found;
};

const peerKey = (at: number): Key => new Key(`/peers/${peer(at).toCID().toString()}`);
const providerKey = (tag: string, at: number): Key =>
  new Key(`/dht/provider/${tag}/${peer(at).toString()}`);

const recordsWith = (known: readonly number[], changes: Partial<RecordBounds> = {}): Records => {
  const records = new Records({ ...bounds, ...changes });
  for (const at of known) records.put(peerKey(at), Uint8Array.of(at));
  return records;
};

const keysUnder = (records: Records, prefix: string): readonly string[] =>
  [...records._allKeys({ prefix })].map(String).filter((key) => key.startsWith(prefix));

test("of peers that are gone, the one written longest ago goes first", () => {
  const records = recordsWith([0, 1]);
  records.put(peerKey(0), Uint8Array.of(9));
  records.put(peerKey(2), Uint8Array.of(2));
  expect([0, 1, 2].map((at) => records.has(peerKey(at)))).toEqual([true, false, true]);
  expect(records.get(peerKey(0))).toEqual(Uint8Array.of(9));
  expect(() => records.get(peerKey(1))).toThrow(expect.objectContaining({ name: "NotFoundError" }));
});

test("peers that are connected stay, however many come", () => {
  const records = recordsWith([]);
  records.hold(peer(0));
  for (const at of [0, 1, 2, 3, 4]) records.put(peerKey(at), Uint8Array.of(at));
  expect(records.has(peerKey(0))).toBe(true);
  expect(records.counts().peers).toBe(3);
  records.release(peer(0));
  expect(records.has(peerKey(0))).toBe(false);
  expect(records.counts().peers).toBe(2);
});

test("with a peer goes what it provides, and a peer that is not known provides nothing", () => {
  const records = recordsWith([0, 1]);
  records.put(providerKey("x", 0), Uint8Array.of(1));
  records.put(providerKey("x", 1), Uint8Array.of(1));
  records.put(providerKey("x", 5), Uint8Array.of(1));
  records.delete(peerKey(0));
  expect(keysUnder(records, "/dht/provider/x")).toEqual([providerKey("x", 1).toString()]);
});

test("one peer provides so much, all together so much, and the oldest goes first", () => {
  const records = recordsWith([0, 1]);
  for (const tag of ["a", "b", "c", "d"]) records.put(providerKey(tag, 0), Uint8Array.of(1));
  expect(records.has(providerKey("a", 0))).toBe(false);
  for (const tag of ["a", "b", "c"]) records.put(providerKey(tag, 1), Uint8Array.of(1));
  expect(records.counts().providers).toBe(5);
  expect(records.has(providerKey("b", 0))).toBe(false);
  // said again it is the newest
  records.put(providerKey("c", 0), Uint8Array.of(2));
  records.put(providerKey("b", 0), Uint8Array.of(2));
  expect(records.has(providerKey("c", 0))).toBe(true);
});

test("of a tag the newest are told, and a longer tag is another", () => {
  const records = recordsWith([0, 1, 2], { peersMax: 3 });
  for (const at of [0, 1, 2]) records.put(providerKey("x", at), Uint8Array.of(1));
  records.put(providerKey("xy", 0), Uint8Array.of(1));
  expect(keysUnder(records, "/dht/provider/x")).toEqual(
    [1, 2].map((at) => providerKey("x", at).toString()),
  );
  records.delete(providerKey("x", 2));
  expect(keysUnder(records, "/dht/provider/x")).toHaveLength(2);
  expect(keysUnder(records, "/peers/")).toHaveLength(3);
});

test("every provider is looked through where no tag is named, so that old ones end", () => {
  const records = recordsWith([0, 1, 2], { peersMax: 3 });
  for (const at of [0, 1, 2]) records.put(providerKey("x", at), Uint8Array.of(1));
  expect(keysUnder(records, "/dht/provider")).toHaveLength(3);
});

test("nothing else is kept", () => {
  expect(() => recordsWith([]).put(new Key("/dht/record/x"), new Uint8Array(1))).toThrow(
    "peers and providers only",
  );
});
