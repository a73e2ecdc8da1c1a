/**
 * A partial mesh: where there are more peers than places, none is connected with more than it may
 * be, everybody is connected with somebody, and what one writes reaches all.
 */
import { afterEach, expect, test } from "vitest";
import type { DistributedDatabase } from "../../../src/client/api.ts";
import { createDistributedDb, InMemoryAdapter } from "../../../src/index.node.ts";
import { systemClock } from "../../../src/net/clock.ts";
import { createCarrier } from "../../../src/net/libp2pNetwork.ts";
import {
  createPlaces,
  inTurn,
  rareIn,
  type PlaceBounds,
  type Placed,
  type Places,
} from "../../../src/net/places.ts";
import { documentsOnce, managerOf, team, users } from "../../contract/api/peers.ts";
import { toldOnce } from "../../support/twoPeers.ts";
import type { RunningRelay } from "../../../relay/start.ts";
import {
  createCleanup,
  startTestNode,
  startTestPeer,
  startTestRelay,
  type TestPeer,
} from "../../support/nodePeers.ts";

const cleanup = createCleanup();
afterEach(() => cleanup.run());

const tag = "a".repeat(32);
const few: PlaceBounds = { peersMax: 3, rotatingMax: 1, rotationMilliseconds: 500 };

const connectedWith = (peer: TestPeer): number =>
  peer.status().peers.filter(({ path }) => path !== "connecting").length;

test("of seven that may each meet three, nobody meets more, and newcomers get in", async () => {
  const relay = await startTestRelay(cleanup);
  const peers: TestPeer[] = [];
  let most = 0;
  const join = async (): Promise<TestPeer> => {
    const peer = await startTestPeer(cleanup, [relay], { places: few });
    peers.push(peer);
    peer.setTags([tag]);
    return peer;
  };
  const meets = (peer: TestPeer): Promise<unknown> =>
    peer.until(() => {
      most = Math.max(most, ...peers.map(connectedWith));
      return connectedWith(peer) > 0;
    });
  for (let n = 0; n < 6; n++) await join();
  await Promise.all(peers.map(meets));
  await meets(await join());
  expect(most).toBeLessThanOrEqual(3);
});

const openAt = (relay: RunningRelay, places: PlaceBounds): DistributedDatabase => {
  const network = createCarrier((key) => startTestNode([relay], key, { places }));
  const database = createDistributedDb({
    adapter: new InMemoryAdapter(),
    distributed: { enabled: true, network },
  });
  users(database);
  cleanup.add(() => database.shutdown());
  return database;
};

/** In the network, with one document of its own. */
const member = async (relay: RunningRelay, n: number): Promise<DistributedDatabase> => {
  const database = openAt(relay, { ...few, rotationMilliseconds: 5_000 });
  await database.createNetwork(team);
  await users(database).insert({ id: `of ${n}` });
  await database.addCollectionToNetwork(team.networkId, "users");
  return database;
};

interface Somebody extends Placed {
  readonly name: string;
}

/** Connected with, from the first to the last; the others are only named. */
const standing = (connected: number, others: number): readonly Somebody[] => [
  ...Array.from({ length: connected }, (_, n) => ({
    ...{ name: `connected ${n}`, connection: {}, connectedAt: n * 100 },
    ...{ isDialing: false, isNamed: true, isRare: false },
  })),
  ...Array.from({ length: others }, (_, n) => ({
    ...{ name: `named ${n}`, connection: null, connectedAt: 0 },
    ...{ isDialing: false, isNamed: true, isRare: false },
  })),
];

const placesOf = (people: readonly Somebody[], now = 0): Places<Somebody> =>
  createPlaces({
    bounds: few,
    clock: { ...systemClock, now: () => now, random: () => 0.999 },
    peers: () => people,
  });

test("of many that are named each group has its turn, whatever another one names", () => {
  const flood = Array.from({ length: 64 }, (_, at) => `nobody ${String(at)}`);
  const chosen = inTurn([flood, ["ann"], [], ["ben", "ann", "cleo"]], 6);
  expect([...chosen]).toEqual(["nobody 0", "ann", "ben", "nobody 1", "nobody 2", "cleo"]);
  expect([...inTurn([["a", "b"], ["b"]], 9)]).toEqual(["a", "b"]);
  expect(inTurn([], 9).size).toBe(0);
});

test("it is crowded where more are named than can be met", () => {
  expect(placesOf(standing(1, 2)).isCrowded()).toBe(false);
  expect(placesOf(standing(1, 3)).isCrowded()).toBe(true);
  const unnamed = standing(1, 3).map((each) => ({ ...each, isNamed: false }));
  expect(placesOf(unnamed).isCrowded()).toBe(false);
});

test("dials leave the rotating places to who comes, but for one that explores", () => {
  expect(placesOf(standing(1, 6)).mayDial()).toBe(true);
  const dialing = standing(1, 6).map((each, at) => ({ ...each, isDialing: at === 3 }));
  expect(placesOf(dialing).mayDial()).toBe(false);
  const places = placesOf(standing(2, 6));
  expect(places.mayDial()).toBe(false);
  places.mayExplore();
  expect(places.mayDial()).toBe(true);
  places.explored();
  expect(places.mayDial()).toBe(false);
  const full = placesOf(standing(3, 6));
  full.mayExplore();
  expect(full.mayDial()).toBe(false);
});

test("who came last and stayed for long enough makes room, never one of those that stay", () => {
  const one = { isRare: false };
  expect(placesOf(standing(2, 1)).roomFor(one)).toBe(true);
  expect(placesOf(standing(3, 1), 699).roomFor(one)).toBe(false);
  expect(placesOf(standing(3, 1), 700).roomFor(one)).toMatchObject({ name: "connected 2" });
});

test("who is rare is let in before its time, by who is not, and stays itself", () => {
  expect([...rareIn([["a"], ["a", "b", "c"], ["d", "e"]])]).toEqual(["d", "e"]);
  const rare = { isRare: true };
  const people = standing(3, 1);
  expect(placesOf(people).roomFor(rare)).toMatchObject({ name: "connected 2" });
  const lastIsRare = people.map((each, at) => ({ ...each, isRare: at === 2 }));
  expect(placesOf(lastIsRare).roomFor(rare)).toMatchObject({ name: "connected 1" });
  expect(placesOf(lastIsRare).leaving()).toMatchObject({ name: "connected 1" });
  const allAre = people.map((each) => ({ ...each, isRare: true }));
  expect(placesOf(allAre).roomFor(rare)).toBe(false);
});

test("the last that came is given up in its turn, where a rotating place is taken at all", () => {
  expect(placesOf(standing(3, 3)).leaving()).toMatchObject({ name: "connected 2" });
  expect(placesOf(standing(2, 3)).leaving()).toBeNull();
});

test("what one writes reaches all, through those that it meets", async () => {
  const relay = await startTestRelay(cleanup);
  const databases = await Promise.all([0, 1, 2, 3, 4, 5, 6].map((n) => member(relay, n)));
  let most = 0;
  for (const database of databases) {
    const stop = database.on("networks", () => {
      most = Math.max(most, managerOf(database).getConnectedPeers().length);
    });
    cleanup.add(stop);
  }
  await Promise.all(databases.map((each) => documentsOnce(each, 7)));
  await users(databases[0] ?? createDistributedDb()).insert({ id: "later" });
  await Promise.all(databases.map((each) => documentsOnce(each, 8)));
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(3);
});

test("a closed network larger than that lets people in, decides, and reads as one", async () => {
  const relay = await startTestRelay(cleanup);
  // Who joins is let in before anybody's turn to go
  const places = { ...few, rotationMilliseconds: 30_000 };
  const owner = openAt(relay, places);
  const networkId = await owner.createNetwork({ networkId: "house", name: "House" });
  await owner.addCollectionToNetwork(networkId, "users");
  const others = Array.from({ length: 5 }, () => openAt(relay, places));
  for (const [n, other] of others.entries()) {
    const { url } = await owner.invite(networkId, { role: "editor", name: `${n}` });
    await other.joinNetwork(url);
    await toldOnce(other, () => other.members(networkId).length === n + 2);
    await other.addCollectionToNetwork(networkId, "users");
    await users(other).insert({ id: `of ${n}` });
  }
  const all = [owner, ...others];
  await Promise.all(all.map((each) => documentsOnce(each, 5)));
  const namer = others[1] ?? owner;
  const self = namer.members(networkId).find(({ isSelf }) => isSelf)?.account ?? "";
  await namer.nameMember(networkId, self, "Renamed");
  const isRenamed = (each: DistributedDatabase): boolean =>
    each.members(networkId).some(({ name }) => name === "Renamed");
  await Promise.all(all.map((each) => toldOnce(each, () => isRenamed(each))));
});
