/**
 * Closed networks as an application meets them: invites, members, roles, removal, in process over
 * memory.
 */
import { afterEach, expect, test } from "vitest";
import { createDistributedDb, createMemoryHub, InMemoryAdapter } from "../../../src/index.node.ts";
import { createApiBench, expectRejection, untyped } from "../../contract/api/bench.ts";
import { toldOnce as until } from "../../support/twoPeers.ts";

const adapter = new InMemoryAdapter();
const bench = createApiBench((options) => createDistributedDb({ ...options, adapter }));
afterEach(() => bench.clean());

test("an invite brings another person in, who is listed and can be removed", async () => {
  const hub = createMemoryHub();
  const distributed = () => ({ enabled: true, network: hub.network() });
  const [a, b] = [
    bench.open({ name: "a", distributed: distributed() }),
    bench.open({ name: "b", distributed: distributed() }),
  ];
  const networkId = await a.createNetwork({ networkId: "team-1", name: "Team" });
  const notes = a.collection("notes");
  await a.addCollectionToNetwork(networkId, "notes");
  await notes.insert({ id: "1", text: "hello" });
  const invite = await a.invite(networkId, { role: "editor", name: "Bob" });
  expect(invite.url).toMatch(/^#join=/);
  expect(await invite.qr()).toMatch(/^<svg/);
  await b.joinNetwork(invite.url);
  expect(b.getNetworkManager().getNetworks()).toMatchObject([{ kind: "pending" }]);
  await until(b, () => b.members(networkId).length === 2);
  expect(b.getNetworkManager().getNetworks()).toMatchObject([{ networkId, kind: "closed" }]);
  const theirs = b.collection("notes");
  await b.addCollectionToNetwork(networkId, "notes");
  await new Promise<void>((resolve) => {
    theirs.subscribe({}, (rows) => {
      if (rows.length > 0) resolve();
    });
  });
  expect(await theirs.get("1")).toEqual({ id: "1", text: "hello" });

  await until(a, () => a.members(networkId).some(({ name }) => name === "Bob"));
  const member = a.members(networkId).find(({ isSelf }) => !isSelf);
  expect(member).toMatchObject({ role: "editor", devices: [{ isSequencer: false }] });
  // Both see the same code of each device, and another of each
  const codesAt = (database: typeof a): readonly string[] =>
    database.members(networkId).flatMap(({ devices }) => devices.map(({ code }) => code));
  expect(codesAt(a)).toEqual(codesAt(b));
  expect(new Set(codesAt(a)).size).toBe(2);
  expect(codesAt(a)[0]).toMatch(/^([A-Z2-7]{4}-){3}[A-Z2-7]{4}$/);
  const owner = b.members(networkId).find(({ isSelf }) => !isSelf)?.account ?? "";
  await expectRejection(b.removeMember(networkId, owner), "NotPermitted");
  expect(member?.name).toBe("Bob");
  await b.nameMember(networkId, member?.account ?? "", "Robert");
  await until(a, () => a.members(networkId).some(({ name }) => name === "Robert"));
  await expectRejection(a.nameMember(networkId, "nobody", "x"), "InvalidArgument");
  await a.setRole(networkId, member?.account ?? "", "reader");
  await until(b, () => b.members(networkId).some(({ role }) => role === "reader"));
  await expectRejection(theirs.insert({ text: "no" }), "NotPermitted");
  await a.removeMember(networkId, member?.account ?? "");
  expect(a.members(networkId)).toHaveLength(1);
  await expectRejection(a.removeMember(networkId, "nobody"), "InvalidArgument");
});

test("invites can be revoked, and are for closed networks alone", async () => {
  const database = bench.open();
  await database.createNetwork({ networkId: "closed", name: "Closed" });
  const invite = await database.invite("closed", {
    uses: 3,
    kind: "device",
    expiresInMs: Infinity,
  });
  expect(invite.isWaiting).toBe(false);
  const closed = () => database.getNetworkManager().getNetworks()[0]?.closed;
  await until(database, () => closed()?.invites.length === 1);
  expect(closed()).toMatchObject({
    ...{ standing: "owner", isFrozen: false, waiting: [] },
    invites: [{ id: invite.id, state: "open", usesLeft: 3, expiry: null }],
  });
  await database.revokeInvite("closed", invite.id);
  await until(database, () => closed()?.invites.length === 0);
  await invite.revoke();
  for (const options of [{ uses: 0 }, { role: "king" }, { kind: "pet" }, { expiresInMs: -1 }]) {
    await expectRejection(database.invite("closed", untyped(options)), "InvalidArgument");
  }
  const encryption = { enabled: false };
  await database.createNetwork({ networkId: "team-1", name: "Team", encryption });
  await expectRejection(database.invite("team-1"), "NotSupported");
  await expectRejection(database.invite("unknown"), "UnknownNetwork");
});

test("what a network shares is listed, and taken part in with one call", async () => {
  const hub = createMemoryHub();
  const distributed = () => ({ enabled: true, network: hub.network() });
  const [a, b] = [
    bench.open({ name: "c", distributed: distributed() }),
    bench.open({ name: "d", distributed: distributed() }),
  ];
  const networkId = await a.createNetwork({ networkId: "team-2", name: "Team" });
  const notes = a.collection("notes");
  await notes.setConflictStrategy("first-write-wins");
  await a.addCollectionToNetwork(networkId, "notes");
  await notes.insert({ id: "1" });
  await b.joinNetwork((await a.invite(networkId)).url);
  const shared = () => b.getNetworkManager().getNetworks()[0]?.closed?.collections;
  await until(b, () => shared()?.length === 1);
  expect(shared()).toEqual([{ name: "notes", strategy: "first-write-wins", isAttached: false }]);
  expect(await b.collections()).toEqual([]);
  await b.addCollectionToNetwork(networkId, "notes");
  expect(await b.collections()).toMatchObject([
    { name: "notes", networkId, strategy: "first-write-wins" },
  ]);
  await until(b, () => shared()?.[0]?.isAttached === true);
  await expectRejection(b.addCollectionToNetwork(networkId, "others"), "UnknownCollection");
  const theirs = b.collection("notes");
  await expectRejection(theirs.setConflictStrategy("last-write-wins"), "NotPermitted");
});

test("the recovery key opens a term; keys are renewed and the order is handed on", async () => {
  const hub = createMemoryHub();
  const distributed = () => ({ enabled: true, network: hub.network() });
  const [a, b] = [
    bench.open({ name: "e", distributed: distributed() }),
    bench.open({ name: "f", distributed: distributed() }),
  ];
  const networkId = await a.createNetwork({ networkId: "team-3", name: "Team" });
  await b.joinNetwork((await a.invite(networkId, { role: "owner" })).url);
  await until(b, () => b.members(networkId).length === 2);
  const closed = () => b.getNetworkManager().getNetworks()[0]?.closed;
  await until(b, () => closed()?.standing === "owner");
  const own = () =>
    b
      .members(networkId)
      .flatMap(({ devices }) => devices)
      .find(({ isThis }) => isThis);
  await expectRejection(b.exportRecoveryKey(networkId), "NotPermitted");
  await expectRejection(b.openTerm(networkId), "NotPermitted");
  await expectRejection(b.importRecoveryKey(networkId, "AAAA"), "InvalidArgument");
  const recoveryKey = await a.exportRecoveryKey(networkId);
  expect(recoveryKey).toMatch(/^([A-Z2-7]{4}-){13}[A-Z2-7]{4}$/);
  await b.importRecoveryKey(networkId, recoveryKey);
  expect(closed()?.hasRecoveryKey).toBe(true);
  await b.openTerm(networkId);
  await until(b, () => own()?.isSequencer === true);
  await b.renewEpoch(networkId);
  const first = b.members(networkId).find(({ isSelf }) => !isSelf);
  await b.setSequencer(networkId, first?.devices[0]?.device ?? "");
  expect(own()?.isSequencer).toBe(false);
  // There is nothing to be written anew
  await b.reissueNotAccepted(networkId);
  await b.discardNotAccepted(networkId);
  expect(closed()?.notAccepted).toEqual([]);
});

test("a network may have several recovery keys, some of which have to agree", async () => {
  const database = bench.open();
  const named = { networkId: "several", name: "Several" };
  for (const recovery of [
    ...[{ keys: 0, needed: 0 }, { keys: 2, needed: 3 }, { keys: 33, needed: 1 }, { keys: 2 }, 2],
  ]) {
    // As whoever writes JavaScript may
    const options = { ...named, recovery } as unknown as Parameters<
      typeof database.createNetwork
    >[0];
    await expectRejection(database.createNetwork(options), "InvalidArgument");
  }
  await database.createNetwork({ ...named, recovery: { keys: 3, needed: 2 } });
  const keys = await database.exportRecoveryKeys("several");
  expect(new Set(keys).size).toBe(3);
  expect(await database.exportRecoveryKey("several")).toBe(keys[0]);
  await database.forgetRecoveryKeys("several");
  await expectRejection(database.exportRecoveryKeys("several"), "NotPermitted");
  await database.importRecoveryKey("several", keys[1] ?? "");
  expect(await database.exportRecoveryKeys("several")).toEqual([keys[1]]);
  const [network] = database.getNetworkManager().getNetworks();
  expect(network?.closed?.recovery).toEqual({ needed: 2, keys: 3, held: 1, asked: null });
});
