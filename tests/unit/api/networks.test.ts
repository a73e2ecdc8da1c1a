/**
 * Networks as an application makes them, in process over memory: what is listed, refused, attached
 * and detached. Peers meet in the simulator and in the browser tests.
 */
import { afterEach, expect, test } from "vitest";
import { createDistributedDb, createMemoryHub, InMemoryAdapter } from "../../../src/index.node.ts";
import { DistributedCollection, NetworkManager } from "../../../src/index.node.ts";
import type { DistributedDatabase, Plugin } from "../../../src/client/api.ts";
import type { SyncState } from "../../../src/client/networkTypes.ts";
import type { Document } from "../../../src/client/types.ts";
import { Told } from "../../contract/api/live.ts";
import { createApiBench, expectRejection, rejection, untyped } from "../../contract/api/bench.ts";

const adapter = new InMemoryAdapter();
const bench = createApiBench((options) => createDistributedDb({ ...options, adapter }));
afterEach(() => bench.clean());

const secret = "a shared secret of at least 32 bytes";
const team = { networkId: "team-1", name: "Team", encryption: { sharedSecret: secret } } as const;

/** Resolves when so many operations wait for a peer. */
const pending = (
  database: DistributedDatabase,
  collection: { getSyncState(): SyncState | null },
  count: number,
): Promise<void> =>
  new Promise((resolve) => {
    const look = (): void => {
      if (collection.getSyncState()?.pendingOperations !== count) return;
      stop();
      resolve();
    };
    const stop = database.on("sync", look);
    look();
  });

const withTeam = async (): Promise<DistributedDatabase> => {
  const database = bench.open();
  await database.createNetwork(team);
  return database;
};

test("T-212 T-231 T-232 a network that is made is listed, without its secret", async () => {
  const database = bench.open();
  expect(await database.createNetwork({ ...team, bootstrapPeers: [] })).toBe("team-1");
  const manager = database.getNetworkManager();
  expect(manager.getNetworks()).toEqual([
    {
      networkId: "team-1",
      name: "Team",
      ...{ kind: "open", waitsFor: null, closed: null, refused: null },
      collections: new Set(),
      warnings: [],
      ...{ bootstrapPeers: [], relays: [], discovery: { bootstrap: true, mdns: true } },
      privateByDefault: false,
      encryption: { enabled: true },
    },
  ]);
  expect(JSON.stringify(manager.getNetworks())).not.toContain(secret);
});

test("making a network again returns it and keeps its collections (C-13)", async () => {
  const database = await withTeam();
  database.collection("users");
  await database.addCollectionToNetwork("team-1", "users");
  expect(await database.createNetwork(team)).toBe("team-1");
  expect(database.getNetworkManager().getNetworkCollections("team-1")).toEqual(["users"]);
});

test("a name that is taken by another secret is NetworkNameTaken", async () => {
  const database = await withTeam();
  const other = { ...team, encryption: { sharedSecret: `${secret}, another one` } };
  await expectRejection(database.createNetwork(other), "NetworkNameTaken");
});

test("a network without encryption says so; without a word a network is closed", async () => {
  const database = bench.open();
  await database.createNetwork({ networkId: "open", name: "Open", encryption: { enabled: false } });
  expect(database.getNetworkManager().getNetworks()).toMatchObject([
    { networkId: "open", encryption: { enabled: false } },
  ]);
  await database.createNetwork({ networkId: "closed", name: "Closed" });
  expect(database.getNetworkManager().getNetworks()[1]).toMatchObject({
    ...{ networkId: "closed", name: "Closed", kind: "closed", encryption: { enabled: true } },
  });
  expect(await database.createNetwork({ networkId: "closed", name: "Again" })).toBe("closed");
  await expectRejection(
    database.createNetwork({ ...team, networkId: "closed" }),
    "NetworkNameTaken",
  );
});

const badNetworks: readonly (readonly [options: unknown, path: string])[] = [
  [null, ""],
  [{ name: "N" }, "networkId"],
  [{ networkId: "", name: "N" }, "networkId"],
  [{ networkId: "n", name: "" }, "name"],
  [{ ...team, bootstrapPeers: [5] }, "bootstrapPeers"],
  [{ ...team, encryption: { sharedSecret: 5 } }, "sharedSecret"],
];
test.each(badNetworks)("refused: %j", async (options, path) => {
  const call = bench.open().createNetwork(untyped(options));
  expect(await rejection(call)).toMatchObject({ code: "InvalidArgument" });
  expect((await rejection(call)).path ?? "").toBe(path);
});

test("a secret that is too short is refused", async () => {
  const short = { ...team, encryption: { sharedSecret: "short" } };
  expect(await rejection(bench.open().createNetwork(short))).toMatchObject({
    code: "InvalidArgument",
  });
});

test("T-238 T-135 joining by name and secret lists the network under a default name", async () => {
  const database = bench.open();
  await database.joinNetwork("team-1", [], { sharedSecret: secret });
  expect(database.getNetworkManager().getNetworks()).toMatchObject([
    { networkId: "team-1", name: "Network team-1", kind: "open" },
  ]);
});

test("C-41 a bare name is pending until its secret comes", async () => {
  const database = bench.open({ distributed: { enabled: true, networkId: "home" } });
  await database.ready;
  const manager = database.getNetworkManager();
  expect(manager.getNetworks()).toMatchObject([{ networkId: "home", kind: "pending" }]);
  database.collection("users");
  await expectRejection(database.addCollectionToNetwork("home", "users"), "UnknownNetwork", "home");
  await database.joinNetwork("home", [], { sharedSecret: secret });
  expect(manager.getNetworks()).toMatchObject([{ networkId: "home", kind: "open" }]);
  await database.joinNetwork("home");
  expect(manager.getNetworks()).toHaveLength(1);
});

test("what is no invite is refused in words", async () => {
  const joining = bench.open().joinNetwork("https://app.example/#join=abc");
  await expectRejection(joining, "InvalidArgument", "invite");
});

test("T-215 T-239 leaving unlists a network and keeps the documents", async () => {
  const database = await withTeam();
  const users = database.collection("users");
  await database.addCollectionToNetwork("team-1", "users");
  const ada = await users.insert({ name: "Ada" });
  await database.leaveNetwork("team-1");
  await database.leaveNetwork("nobody knows it");
  expect(database.getNetworkManager().getNetworks()).toEqual([]);
  expect(users.getSyncState()).toBeNull();
  expect(await users.find()).toEqual([ada]);
  expect(await database.collections()).toMatchObject([{ name: "users", networkId: null }]);
});

test("T-221 T-222 T-234 T-235 a collection is attached, and detached again", async () => {
  const database = await withTeam();
  const users = database.collection("users");
  const ada = await users.insert({ name: "Ada" });
  expect(users.getSyncState()).toBeNull();
  await database.addCollectionToNetwork("team-1", "users");
  expect(users.getSyncState()).toMatchObject({
    collection: "users",
    networkId: "team-1",
    lastSync: null,
    status: { kind: "disconnected" },
    syncInProgress: false,
  });
  const manager = database.getNetworkManager();
  expect(manager.getNetworkCollections("team-1")).toEqual(["users"]);
  expect(manager.getNetworkStats("team-1")).toMatchObject({ collectionsShared: 1 });
  const bob = await users.insert({ name: "Bob" });
  await database.removeCollectionFromNetwork("users");
  expect(users.getSyncState()).toBeNull();
  expect(manager.getNetworkCollections("team-1")).toEqual([]);
  expect(await users.find({}, { sort: { name: 1 } })).toEqual([ada, bob]);
});

test("T-184 T-227 T-240 D-14 an unknown network or collection is not attached", async () => {
  const database = await withTeam();
  const users = database.collection("users");
  await expectRejection(users.attachToNetwork("nobody"), "UnknownNetwork");
  await expectRejection(database.addCollectionToNetwork("nobody", "users"), "UnknownNetwork");
  await expectRejection(
    database.addCollectionToNetwork("team-1", "nothing"),
    "UnknownCollection",
    "nothing",
  );
  expect(users.getSyncState()).toBeNull();
  await users.attachToNetwork("team-1");
  expect(users.getSyncState()?.networkId).toBe("team-1");
});

test("T-159 T-228 attaching twice rejects, and names the network", async () => {
  const database = await withTeam();
  const users = database.collection("users");
  await users.attachToNetwork("team-1");
  await database.createNetwork({ ...team, networkId: "team-2" });
  const error = await rejection(users.attachToNetwork("team-2"));
  expect(error.code).toBe("AlreadyAttached");
  expect(error.message).toContain("team-1");
});

test("T-160 T-185 detaching what is in no network does nothing", async () => {
  const database = await withTeam();
  await database.collection("users").detachFromNetwork();
  await database.removeCollectionFromNetwork("users");
  await database.removeCollectionFromNetwork("nothing");
  expect(await database.collections()).toMatchObject([{ name: "users", networkId: null }]);
});

test("T-236 two collections in two networks stay apart", async () => {
  const database = await withTeam();
  await database.createNetwork({ ...team, networkId: "team-2" });
  for (const [name, networkId] of [
    ["users", "team-1"],
    ["notes", "team-2"],
  ] as const) {
    await database.collection(name).insert({ name });
    await database.addCollectionToNetwork(networkId, name);
  }
  const manager = database.getNetworkManager();
  expect(manager.getNetworkCollections("team-1")).toEqual(["users"]);
  expect(manager.getNetworkCollections("team-2")).toEqual(["notes"]);
  expect((await database.collection("users").find()).map(({ name }) => name)).toEqual(["users"]);
});

test("documents can be private, shared and private again", async () => {
  const database = await withTeam();
  const users = database.collection("users");
  await users.attachToNetwork("team-1");
  const hidden = await users.insert({ name: "hidden" }, { visibility: "private" });
  await users.insert({ name: "shown" });
  await pending(database, users, 1);
  await users.share(hidden.id);
  await pending(database, users, 2);
  await users.unshare(hidden.id);
  expect(await users.get(hidden.id)).toEqual(hidden);
  expect(await users.count()).toBe(2);
  const wrong = untyped({ visibility: "public" });
  await expectRejection(users.insert({ name: "x" }, wrong), "InvalidArgument", "visibility");
});

test("T-216 T-142 fresh statistics are zero, unknown ones null", async () => {
  const manager = (await withTeam()).getNetworkManager();
  expect(manager.getNetworkStats("team-1")).toEqual({
    networkId: "team-1",
    ...{ connectedPeers: 0, totalPeers: 0, collectionsShared: 0, pendingOperations: 0 },
    ...{ operationsSent: 0, operationsReceived: 0, messagesSent: 0, messagesReceived: 0 },
    ...{ bytesTransferred: 0, bytesSent: 0, bytesReceived: 0, backlogBytes: 0 },
    ...{ averageLatency: null, peers: [] },
  });
  expect(manager.getNetworkStats("nobody")).toBeNull();
  expect(manager.getNetworkCollections("nobody")).toEqual([]);
  expect(manager.getConnectedPeers()).toEqual([]);
  expect(manager.isPeerConnected("anyone")).toBe(false);
});

test("T-168 T-230 forceSync resolves without peers, and claims nothing", async () => {
  const database = await withTeam();
  const users = database.collection("users");
  expect(await users.forceSync()).toEqual({ synced: false });
  await users.attachToNetwork("team-1");
  expect(await users.forceSync()).toEqual({ synced: false });
  expect(users.getSyncState()).not.toBeNull();
  expect(database.syncStatus("team-1")).toEqual({ kind: "disconnected" });
  expect(database.syncStatus()).toEqual({ kind: "disconnected" });
});

test("T-133 T-138 T-139 T-218 what happens to networks is told", async () => {
  const database = bench.open();
  const manager = database.getNetworkManager();
  const told: unknown[] = [];
  const events = [
    ...(["network:created", "network:joined", "network:left"] as const),
    ...(["collection:added", "collection:removed"] as const),
  ];
  for (const event of events) manager.on(event, (detail) => told.push([event, detail]));
  database.collection("users");
  await database.createNetwork(team);
  await manager.addCollectionToNetwork("team-1", "users");
  await manager.removeCollectionFromNetwork("other", "users");
  await manager.removeCollectionFromNetwork("team-1", "users");
  await manager.joinNetwork("bare");
  await manager.leaveNetwork("team-1");
  await manager.leaveNetwork("bare");
  expect(told).toEqual([
    ["network:created", { networkId: "team-1" }],
    ["collection:added", { networkId: "team-1", collection: "users" }],
    ["collection:removed", { networkId: "team-1", collection: "users" }],
    ["network:joined", { networkId: "bare" }],
    ["network:left", { networkId: "team-1" }],
    ["network:left", { networkId: "bare" }],
  ]);
});

test("T-145 T-152 T-217 C-12 emitting message:received runs each handler", async () => {
  const database = bench.open();
  const errors: Error[] = [];
  database.on("error", (error) => errors.push(error));
  const manager = database.getNetworkManager();
  const heard: string[] = [];
  const stop = manager.onMessage("heartbeat", () => heard.push("first"));
  manager.onMessage("heartbeat", () => {
    throw new Error("mine");
  });
  manager.onMessage("heartbeat", ({ senderId }) => heard.push(senderId));
  manager.onMessage("other", () => heard.push("other"));
  const message = { networkId: "n", senderId: "peer", timestamp: 1, payload: null };
  manager.emit("message:received", { type: "heartbeat", ...message });
  stop();
  manager.once("message:received", () => heard.push("once"));
  manager.emit("message:received", { type: "heartbeat", ...message });
  manager.emit("message:received", { type: "x", ...message });
  expect(heard).toEqual(["first", "peer", "peer", "once"]);
  expect(errors.map(({ message: text }) => text)).toEqual(["mine", "mine"]);
});

test("T-157 G-110 T-211 the constructors of the source designs work over memory", async () => {
  const manager = new NetworkManager();
  await manager.initialize();
  expect(manager.getPeerId()).toMatch(/^[0-9a-f]{32}$/);
  const users = new DistributedCollection<{ name: string }>("users", manager, [
    { id: "a", name: "Ada" },
  ]);
  expect(users.name).toBe("users");
  expect(await users.find()).toEqual([{ id: "a", name: "Ada" }]);
  await manager.createNetwork(team);
  await users.attachToNetwork("team-1");
  expect(manager.getNetworkCollections("team-1")).toEqual(["users"]);
  expect(users.getSyncState()?.networkId).toBe("team-1");
  await manager.shutdown();
  await manager.shutdown();
  const alone = new DistributedCollection("alone");
  await alone.insert({ n: 1 });
  expect(await alone.count()).toBe(1);
});

test("K-036 T-226 T-237 G-139 G-006 everything works without any network", async () => {
  for (const options of [{}, { distributed: { enabled: false } }]) {
    const database = bench.open(options);
    const memory = database.collection("memory");
    await memory.insert({ id: "m", payload: { text: "hello" } });
    expect(await memory.update("m", { $set: { "payload.text": "bye" } })).toBe(1);
    expect(await memory.get("m")).toEqual({ id: "m", payload: { text: "bye" } });
    expect(await memory.delete("m")).toBe(1);
    expect(database.getNetworkManager().getNetworks()).toEqual([]);
    await database.shutdown();
  }
});

test("API.md's program runs, with an open network", async () => {
  const db = createDistributedDb({
    adapter: new InMemoryAdapter(),
    distributed: { enabled: true, networkId: "home" },
  });
  const networkId = await db.createNetwork({ ...team, bootstrapPeers: [] });
  const users = db.collection("users");
  await db.addCollectionToNetwork(networkId, "users");
  const lengths: number[] = [];
  users.subscribe({}, (rows) => lengths.push(rows.length));
  await users.insert({ name: "Ada", email: "ada@example.org" });
  expect(db.getNetworkManager().getNetworkStats(networkId)?.connectedPeers).toBe(0);
  await db.removeCollectionFromNetwork("users");
  await db.shutdown();
  expect([lengths[0], lengths.at(-1)]).toEqual([0, 1]);
});

test("two databases on one hub show each other what they write", async () => {
  const hub = createMemoryHub();
  const join = async (): Promise<DistributedDatabase> => {
    const distributed = { enabled: true, network: hub.network() };
    const database = bench.open({ distributed });
    await database.createNetwork(team);
    await database.collection("users").attachToNetwork("team-1");
    return database;
  };
  const [one, other] = [await join(), await join()];
  const told = new Told<readonly Document[]>();
  other.collection("users").subscribe({}, told.note);
  expect(await told.nth(1)).toEqual([]);
  const ada = await one.collection("users").insert({ name: "Ada" });
  expect(await told.nth(2)).toEqual([ada]);
  await other.collection("users").update(ada.id, { $set: { seen: true } });
  await one.collection("users").forceSync();
  expect(await one.collection("users").find()).toEqual([{ ...ada, seen: true }]);
  const manager = one.getNetworkManager();
  expect(manager.getNetworkStats("team-1")).toMatchObject({ connectedPeers: 1 });
  expect(manager.getConnectedPeers("team-1")).toHaveLength(1);
});

test("T-191 hooks after a write are told of peers' writes, and that they are theirs", async () => {
  const hub = createMemoryHub();
  const told = new Told<unknown>();
  const note =
    (hook: string) =>
    (...documents: unknown[]): void => {
      told.note([hook, ...documents]);
    };
  const plugin: Plugin = {
    name: "watch",
    beforeInsert: note("beforeInsert"),
    afterInsert: note("afterInsert"),
    beforeUpdate: note("beforeUpdate"),
    afterUpdate: note("afterUpdate"),
    beforeDelete: note("beforeDelete"),
    afterDelete: note("afterDelete"),
  };
  const join = async (plugins: readonly Plugin[]): Promise<DistributedCollection> => {
    const database = bench.open({
      plugins,
      distributed: { enabled: true, network: hub.network() },
    });
    await database.createNetwork(team);
    const users = database.collection("users");
    await users.attachToNetwork("team-1");
    return users;
  };
  const [theirs] = [await join([]), await join([plugin])];
  const remote = { collection: "users", origin: "remote" };
  await theirs.insert({ id: "a", n: 1 });
  expect(await told.nth(1)).toEqual(["afterInsert", { id: "a", n: 1 }, remote]);
  await theirs.update("a", { $inc: { n: 1 } });
  expect(await told.nth(2)).toEqual(["afterUpdate", { id: "a", n: 2 }, { id: "a", n: 1 }, remote]);
  await theirs.delete("a");
  expect(await told.nth(3)).toEqual(["afterDelete", { id: "a", n: 2 }, remote]);
});

test("a call on networks that is aborted before it begins does nothing", async () => {
  const database = await withTeam();
  const users = database.collection("users");
  const call = { signal: AbortSignal.abort() };
  await expectRejection(database.createNetwork({ ...team, networkId: "other" }, call), "Aborted");
  await expectRejection(database.joinNetwork("bare", [], call), "Aborted");
  await expectRejection(database.leaveNetwork("team-1", call), "Aborted");
  await expectRejection(database.addCollectionToNetwork("team-1", "users", call), "Aborted");
  await expectRejection(users.attachToNetwork("team-1", call), "Aborted");
  await expectRejection(users.forceSync(call), "Aborted");
  await expectRejection(database.health(call), "Aborted");
  expect(database.getNetworkManager().getNetworks()).toMatchObject([{ networkId: "team-1" }]);
  expect(users.getSyncState()).toBeNull();
});
