/**
 * Rows on networks that need databases which meet: who gets which bytes, what lasts over a reload,
 * what goes on when others are gone. Whole databases over memory; where a time counts, engines on
 * virtual time.
 */
import { afterEach, expect, test } from "vitest";
import type { DistributedDatabase } from "../../../src/client/api.ts";
import { hexToBytes } from "../../../src/core/base/bytes.ts";
import { openNetworkSecrets } from "../../../src/core/network/open.ts";
import { scopeOf } from "../../../src/core/network/keys.ts";
import { createDistributedDb, createMemoryHub, InMemoryAdapter } from "../../../src/index.node.ts";
import { NetworkManager } from "../../../src/index.node.ts";
import { channelProtocol } from "../../../src/net/dialer.ts";
import { noteFrames } from "../../support/noteFrames.ts";
import {
  attached,
  createPeers,
  isVerified,
  rowsOnce,
  sharedSecret,
  statusOnce,
  team,
  toldOnce,
  type Peer,
} from "../../support/twoPeers.ts";
import { createWorld } from "../engine/world.ts";

const peers = createPeers();
const opened: DistributedDatabase[] = [];
afterEach(async () => {
  await peers.clean();
  for (const database of opened.splice(0)) await database.shutdown();
});

test("T-003 G-002 a peer gets no byte of a network that it is not in", async () => {
  const frames: Uint8Array[] = [];
  const a = await peers.open({
    wrap: noteFrames((frame) => {
      frames.push(frame.slice());
    }),
  });
  const b = await peers.open();
  const other = `${sharedSecret}, another`;
  await a.database.createNetwork({
    ...{ networkId: "other", name: "Other" },
    encryption: { sharedSecret: other },
  });
  const notes = a.database.collection("notes");
  await a.database.addCollectionToNetwork("other", "notes");
  await notes.insertBatch(Array.from({ length: 50 }, (_, n) => ({ n })));
  const [here, there] = [await attached(a, "users"), await attached(b, "users")];
  for (let n = 0; n < 20; n++) await here.insert({ n });
  await statusOnce(b, there, isVerified);
  expect(await there.count()).toBe(20);
  const holds = (network: string, secret: string, collection: string): boolean => {
    const scope = scopeOf(openNetworkSecrets(network, secret), collection, "documents");
    return frames.some((frame) => Buffer.from(frame).includes(Buffer.from(hexToBytes(scope))));
  };
  expect(holds(team, sharedSecret, "users")).toBe(true);
  expect(holds("other", other, "notes")).toBe(false);
  expect(await b.database.collections()).toMatchObject([{ name: "users" }]);
});

test("T-004 G-003 collections come and go while devices are connected", async () => {
  const [a, b] = [await peers.open(), await peers.open()];
  const [here, there] = [await attached(a, "users"), await attached(b, "users")];
  await here.insert({ id: "1" });
  await statusOnce(b, there, isVerified);
  expect(await there.count()).toBe(1);
  await b.database.removeCollectionFromNetwork("users");
  expect(there.getSyncState()).toBeNull();
  const notes = [await attached(a, "notes"), await attached(b, "notes")] as const;
  await here.insert({ id: "2" });
  await there.insert({ id: "3" });
  await notes[0].insert({ id: "n" });
  await rowsOnce(notes[1], {}, (rows) => rows.length === 1);
  // What was detached stays, can be written, and hears nothing
  expect((await there.find()).map(({ id }) => id)).toEqual(["1", "3"]);
  expect((await here.find()).map(({ id }) => id)).toEqual(["1", "2"]);
  await b.database.addCollectionToNetwork(team, "users");
  await rowsOnce(there, {}, (rows) => rows.length === 3);
  await rowsOnce(here, {}, (rows) => rows.length === 3);
});

test("T-149 T-073 T-074 Q-008 P-073 id, attachment and vector survive a reload", async () => {
  const a = await peers.open();
  const here = await attached(a, "users");
  await here.insertBatch([{ id: "1" }, { id: "2" }]);
  const b = await peers.open();
  await statusOnce(b, await attached(b, "users"), isVerified);
  const before = here.getSyncState();
  expect(Object.values(before?.localVector ?? {})).toEqual([2]);
  const id = a.database.getNetworkManager().getPeerId();
  expect(id).not.toBe(b.database.getNetworkManager().getPeerId());
  await a.database.shutdown();
  const again = await peers.open({ adapter: a.adapter });
  const users = again.database.collection("users");
  await toldOnce(again.database, () => users.getSyncState() !== null);
  expect(again.database.getNetworkManager().getPeerId()).toBe(id);
  expect(users.getSyncState()).toMatchObject({
    ...{ collection: "users", networkId: team, localVector: before?.localVector },
  });
});

test("T-083 T-084 operations are counted, not messages", async () => {
  const [a, b] = [await peers.open(), await peers.open()];
  const [here, there] = [await attached(a, "users"), await attached(b, "users")];
  await statusOnce(a, here, isVerified);
  await here.insertBatch(Array.from({ length: 300 }, (_, n) => ({ n })));
  await rowsOnce(there, {}, (rows) => rows.length === 300);
  await statusOnce(a, here, isVerified);
  const stats = ({ database }: Peer) => database.getNetworkManager().getNetworkStats(team);
  await toldOnce(b.database, () => stats(b)?.operationsReceived === 300);
  expect(stats(b)).toMatchObject({ operationsSent: 0, operationsReceived: 300 });
  // One segment may go twice, pushed, and asked for before that came: it counts once
  expect(stats(a)).toMatchObject({ operationsSent: 300, operationsReceived: 0 });
});

test("T-126 T-130 D-31 initialised again and again, one network starts, told once", async () => {
  const network = createMemoryHub().network();
  let starts = 0;
  const counting = {
    ...network,
    start: (key: Uint8Array | null) => {
      starts++;
      return network.start(key);
    },
  };
  const database = createDistributedDb({
    adapter: new InMemoryAdapter(),
    distributed: { enabled: true, network: counting },
  });
  opened.push(database);
  const manager = database.getNetworkManager();
  const told: unknown[] = [];
  manager.on("initialized", (detail) => told.push(detail));
  const made = database.createNetwork({ networkId: team, name: "Team" });
  await Promise.all([manager.initialize(), manager.initialize(), made]);
  await manager.initialize();
  await database.createNetwork({ networkId: "other", name: "Other" });
  expect(starts).toBe(1);
  expect(told).toEqual([{ peerId: manager.getPeerId() }]);
  expect(manager.getPeerId()).not.toBe("");
});

test("T-134 G-084 D-13 who joins by name and secret receives, sends and counts", async () => {
  const a = await peers.open();
  const database = createDistributedDb({
    adapter: new InMemoryAdapter(),
    distributed: { enabled: true, network: peers.hub.network() },
  });
  opened.push(database);
  for (let times = 0; times < 2; times++) await database.joinNetwork(team, [], { sharedSecret });
  const manager = database.getNetworkManager();
  expect(manager.getNetworks()).toHaveLength(1);
  expect(manager.getNetworkStats(team)).toMatchObject({ networkId: team });
  const here = await attached(a, "users");
  await here.insert({ id: "1" });
  const there = database.collection("users");
  await database.addCollectionToNetwork(team, "users");
  await rowsOnce(there, {}, (rows) => rows.length === 1);
  await there.insert({ id: "2" });
  await rowsOnce(here, {}, (rows) => rows.length === 2);
  await toldOnce(database, () => manager.getNetworkStats(team)?.operationsReceived === 1);
  expect(manager.getNetworkStats(team)).toMatchObject({ connectedPeers: 1, operationsSent: 1 });
});

test("T-172 D-15 rounds asked for at once are one session, and each is answered", async () => {
  const [a, b] = [await peers.open(), await peers.open()];
  const [here, there] = [await attached(a, "users"), await attached(b, "users")];
  await statusOnce(a, here, isVerified);
  const { linked } = peers.hub.stats();
  await there.insert({ id: "1" });
  const rounds = [here.forceSync(), here.forceSync(), there.forceSync(), here.forceSync()];
  expect(await Promise.all(rounds)).toEqual(rounds.map(() => ({ synced: true })));
  expect(await here.forceSync()).toEqual({ synced: true });
  expect(await here.get("1")).toEqual({ id: "1" });
  expect(peers.hub.stats()).toMatchObject({ linked, open: 1 });
});

test("A-K10 T-150 G-098 a manager can be shut down before and after it began", async () => {
  const early = new NetworkManager();
  await early.shutdown();
  await early.shutdown();
  const manager = new NetworkManager();
  expect(manager.getNetworks()).toEqual([]);
  expect(manager.getNetworkCollections("nobody")).toEqual([]);
  await manager.initialize();
  expect(manager.getPeerId()).not.toBe("");
  expect(await manager.createNetwork({ networkId: team, name: "Team" })).toBe(team);
  await manager.shutdown();
  const later = new NetworkManager();
  await later.initialize();
  expect(later.getNetworks()).toEqual([]);
  await later.shutdown();
});

test("Q-159 any device that is left reads and writes everything", async () => {
  const [a, b, c] = [await peers.open(), await peers.open(), await peers.open()];
  const users = [
    await attached(a, "users"),
    await attached(b, "users"),
    await attached(c, "users"),
  ];
  for (const [n, one] of users.entries()) await one.insert({ id: String(n) });
  for (const one of users) await rowsOnce(one, {}, (rows) => rows.length === 3);
  await a.database.shutdown();
  await b.database.shutdown();
  const last = users[2];
  await last?.insert({ id: "3" });
  await last?.update("0", { $set: { seen: true } });
  expect(await last?.find()).toEqual([
    { id: "0", seen: true },
    ...["1", "2", "3"].map((id) => ({ id })),
  ]);
  const back = (await peers.open({ adapter: a.adapter })).database.collection("users");
  expect(await rowsOnce(back, { seen: true }, (rows) => rows.length === 1)).toHaveLength(1);
  expect(await back.count()).toBe(4);
});

test("G-140 C-24 C-31 T-164 P-026 what is written shows at the other within 50 ms", async () => {
  const world = createWorld();
  const [a, b] = [await world.open(), await world.open()];
  for (const device of [a, b]) await device.share("users");
  await world.until(() => a.isVerified("users") && b.isVerified("users"), "verified");
  for (let n = 0; n < 5; n++) {
    await a.insert("users", [{ id: String(n) }]);
    await world.pass(50);
    expect(b.find("users")).toHaveLength(n + 1);
    await world.pass(7_000);
  }
});

test("D-24 Q-005 Q-018 sync runs beside everything else: no call waits for it", async () => {
  const world = createWorld();
  const [a, b] = [await world.open(), await world.open()];
  for (const device of [a, b]) await device.share("users");
  world.hub.setFaults({ loss: 1 });
  // No message arrives: writing and reading go on, and nothing waits for an answer
  for (let n = 0; n < 20; n++) await a.insert("users", [{ id: String(n) }]);
  expect(a.find("users")).toHaveLength(20);
  await world.pass(60_000);
  expect(b.find("users")).toEqual([]);
  world.hub.setFaults({ loss: 0 });
  await world.until(() => b.find("users").length === 20, "it goes on by itself");
});

test("T-132 C-45 the protocol's name tells nothing of networks", () => {
  expect(channelProtocol).toBe("/nebulusdb/1.0.0");
});
