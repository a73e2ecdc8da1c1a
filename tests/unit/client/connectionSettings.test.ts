/**
 * Settings of the connection: what is refused, with its place; that they are kept on this device,
 * and what becomes of a record that cannot be read.
 */
import { expect, test } from "vitest";
import { checkConnection } from "../../../src/client/connectionSettings.ts";
import { encodeCbor } from "../../../src/core/cbor/item.ts";
import {
  defaultConnection,
  discoveryOf,
  usualDiscovery,
  type ConnectionSettings,
} from "../../../src/core/wire/connection.ts";
import { connectionKey, openConnectionSettings } from "../../../src/engine/connectionSettings.ts";
import { InMemoryAdapter } from "../../../src/storage/memory.ts";
import { createDistributedDb } from "../../../src/index.node.ts";

const faultOf = (input: unknown): unknown => {
  try {
    checkConnection(input);
  } catch (error) {
    return error;
  }
  return null;
};

const sound: ConnectionSettings = {
  relays: ["/dns/relay.example/tcp/443/tls/ws", "/ip4/192.168.1.5/tcp/5173/ws/p2p/12D3KooWAbc"],
  iceServers: [
    { urls: ["stun:stun.example:3478"] },
    { urls: ["turns:turn.example:5349?transport=tcp"], username: "ann", credential: "secret" },
  ],
  relayOnly: true,
  rendezvous: false,
};

test("what is sound is taken as it is, and what is not named is left alone", () => {
  expect(checkConnection(sound)).toEqual(sound);
  expect(checkConnection({})).toEqual({});
  expect(checkConnection({ relays: [...sound.relays, ...sound.relays] })).toEqual({
    relays: sound.relays,
  });
});

test.each([
  [7, ""],
  [{ relay: [] }, "relay"],
  [{ relays: "x" }, "relays"],
  [{ relays: [1] }, "relays[0]"],
  [{ iceServers: [null] }, "iceServers[0]"],
  [{ iceServers: [{ urls: [] }] }, "iceServers[0].urls"],
  [{ iceServers: [{ urls: ["http://x"] }] }, "iceServers[0].urls[0]"],
  [{ iceServers: [{ urls: ["turn:x"], credential: "c" }] }, "iceServers[0].username"],
  [{ iceServers: [{ urls: ["turn:x"], username: "u" }] }, "iceServers[0].credential"],
  [{ relayOnly: "yes" }, "relayOnly"],
  [{ rendezvous: 0 }, "rendezvous"],
])("%j is refused, and the error names the place", (input, path) => {
  expect(faultOf(input)).toMatchObject({ code: "InvalidArgument", path, retryable: false });
});

test.each([
  "relay.example",
  "/ip4/1.2.3.4/tcp/4001",
  "/ip4/1.2.3.4/udp/1/quic-v1",
  "wss://x.example",
])("the relay %s is refused with what a page can dial", (address) => {
  const fault = faultOf({ relays: ["/dns/a.example/tcp/443/wss", address] });
  expect(fault).toMatchObject({ code: "UnsupportedAddress", path: "relays[1]" });
  expect(String(fault)).toContain("/tls/ws");
});

test.each([
  [{ relays: Array.from({ length: 17 }, (_, at) => `/dns/r${String(at)}/tcp/1/ws`) }, "relays"],
  [{ relays: [`/dns/${"r".repeat(600)}/tcp/1/ws`] }, "relays[0]"],
  [{ iceServers: Array.from({ length: 17 }, () => ({ urls: ["stun:x"] })) }, "iceServers"],
])("too much is refused", (input, path) => {
  expect(faultOf(input)).toMatchObject({ code: "TooLarge", path });
});

test("they are kept on this device, and changes follow each other", async () => {
  const store = await new InMemoryAdapter().open("kept");
  const told: ConnectionSettings[] = [];
  const kept = await openConnectionSettings(store, (settings) => told.push(settings));
  await Promise.all([kept.change({ relayOnly: true }), kept.change(sound)]);
  await kept.change({ relays: [] });
  expect(told.map(({ relayOnly }) => relayOnly)).toEqual([false, true, true, true]);
  const again: ConnectionSettings[] = [];
  await openConnectionSettings(store, (settings) => again.push(settings));
  expect(again).toEqual([{ ...sound, relays: [] }]);
  await store.close();
});

test.each([
  ["of a newer version", encodeCbor([2, [], [], false])],
  ["of another form", encodeCbor([1, [7], [], false])],
  ["with a flag of another form", encodeCbor([1, [], [], false, 1])],
  ["without a part", encodeCbor([1, [], []])],
  ["with a server of another form", encodeCbor([1, [], [["stun:x"]], false])],
  ["that is no record", Uint8Array.of(255, 1)],
])("a record %s shows no address of this device", async (_, bytes) => {
  const store = await new InMemoryAdapter().open("unreadable");
  await store.write({ meta: new Map([[connectionKey, bytes]]) });
  const told: ConnectionSettings[] = [];
  await openConnectionSettings(store, (settings) => told.push(settings));
  expect(told).toEqual([{ ...defaultConnection, relayOnly: true }]);
  await store.close();
});

test("a record of a program that knew no rendezvous is read as it was meant", async () => {
  const store = await new InMemoryAdapter().open("older");
  const bytes = encodeCbor([1, [...sound.relays], [], true]);
  await store.write({ meta: new Map([[connectionKey, bytes]]) });
  const told: ConnectionSettings[] = [];
  await openConnectionSettings(store, (settings) => told.push(settings));
  const { relays } = sound;
  expect(told).toEqual([{ relays, iceServers: [], relayOnly: true, rendezvous: true }]);
  await store.close();
});

test("relays are asked who is there where neither the program nor the person is against it", () => {
  const askedBy = (program: boolean, person: boolean): boolean =>
    discoveryOf({ ...usualDiscovery, rendezvous: program }, { rendezvous: person }).rendezvous;
  expect([askedBy(true, true), askedBy(false, true)]).toEqual([true, false]);
  expect([askedBy(true, false), askedBy(false, false)]).toEqual([false, false]);
});

test("where the network was handed in, its maker is named", async () => {
  const database = createDistributedDb({ adapter: new InMemoryAdapter() });
  const manager = database.getNetworkManager();
  expect(manager.connectionSettings()).toEqual(defaultConnection);
  await expect(manager.configureConnection({ relayOnly: true })).rejects.toMatchObject({
    code: "NotSupported",
  });
  await database.shutdown();
});
