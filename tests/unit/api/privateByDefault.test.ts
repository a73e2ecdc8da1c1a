/** A network in which documents of this device are private unless they are shared one by one. */
import { afterEach, expect, test } from "vitest";
import type { DistributedCollection } from "../../../src/client/api.ts";
import {
  attached,
  createPeers,
  isVerified,
  rowsOnce,
  sharedSecret,
  statusOnce,
  team,
  type Peer,
} from "../../support/twoPeers.ts";

const peers = createPeers();
afterEach(() => peers.clean());

const makePrivate = async ({ database }: Peer): Promise<void> => {
  await database.createNetwork({
    ...{ networkId: team, name: "Team", privateByDefault: true },
    encryption: { sharedSecret },
  });
};

const visibilities = async (collection: DistributedCollection): Promise<unknown> =>
  Object.fromEntries(
    (await collection.find({}, { meta: true })).map(({ id, _visibility }) => [id, _visibility]),
  );

test("T-058 G-038 what nobody shared stays here, however it was written", async () => {
  const [a, b] = [await peers.open(), await peers.open()];
  await makePrivate(a);
  const here = a.database.collection("notes", { initialDocs: [{ id: "first" }] });
  await here.insert({ id: "before" });
  await a.database.addCollectionToNetwork(team, "notes");
  const there = await attached(b, "notes");
  await here.insertBatch([{ id: "batch" }, { id: "opened" }]);
  await here.upsert({ id: "upsert" });
  await a.database.transaction((tx) => tx.collection("notes").insert({ id: "transaction" }));
  await here.insert({ id: "told" }, { visibility: "shared" });
  await here.share("opened");
  await here.update("batch", { $set: { n: 1 } });
  await here.upsert({ id: "told", n: 1 });
  await rowsOnce(there, { n: 1 }, (rows) => rows.length === 1);
  await statusOnce(a, here, isVerified);
  await statusOnce(b, there, isVerified);
  expect((await there.find()).map(({ id }) => id).sort()).toEqual(["opened", "told"]);
  expect(await visibilities(here)).toEqual({
    ...{ first: "private", before: "private", batch: "private", upsert: "private" },
    ...{ transaction: "private", told: "shared", opened: "shared" },
  });
  // The other decides for itself
  await there.insert({ id: "theirs" });
  await rowsOnce(here, { id: "theirs" }, (rows) => rows.length === 1);
  expect(b.database.getNetworkManager().getNetworks()).toMatchObject([{ privateByDefault: false }]);
});

test("T-058 it lasts over a reload, can be switched, and what was private stays so", async () => {
  const a = await peers.open();
  await makePrivate(a);
  const here = await attached(a, "notes");
  await here.insert({ id: "1" });
  await a.database.shutdown();
  const again = await peers.open({ adapter: a.adapter });
  const manager = again.database.getNetworkManager();
  const notes = again.database.collection("notes");
  expect(manager.getNetworks()).toMatchObject([{ privateByDefault: true }]);
  await notes.insert({ id: "2" });
  await manager.setPrivateByDefault(team, false);
  await notes.insert({ id: "3" });
  expect(await visibilities(notes)).toEqual({ 1: "private", 2: "private", 3: "shared" });
  await manager.setPrivateByDefault(team, true);
  await notes.insert({ id: "4" });
  expect((await notes.get("4", { meta: true }))?._visibility).toBe("private");

  // Nothing of it comes out in another network, and the network that was left decides no more
  await again.database.leaveNetwork(team);
  await again.database.createNetwork({ networkId: "other", name: "Other" });
  await again.database.addCollectionToNetwork("other", "notes");
  expect(await visibilities(notes)).toMatchObject({ 1: "private", 2: "private", 4: "private" });
  await makePrivate(again);
  await again.database.leaveNetwork(team);
  await again.database.createNetwork({
    ...{ networkId: team, name: "Team" },
    encryption: { sharedSecret },
  });
  const [network] = manager.getNetworks().filter(({ networkId }) => networkId === team);
  expect(network?.privateByDefault).toBe(false);
});

test("what is no yes or no is refused, and so is a network that is not there", async () => {
  const { database } = await peers.open();
  // What a program in JavaScript may pass
  const wrong = { networkId: "x", name: "X", privateByDefault: "yes" as unknown as boolean };
  await expect(database.createNetwork(wrong)).rejects.toMatchObject({
    ...{ code: "InvalidArgument", path: "privateByDefault" },
  });
  const manager = database.getNetworkManager();
  await expect(manager.setPrivateByDefault("nobody", true)).rejects.toMatchObject({
    code: "UnknownNetwork",
  });
});
