/**
 * Closed networks as an application meets them: invites, members, roles, removal, in process over
 * memory.
 */
import { afterEach, expect, test } from "vitest";
import { createDistributedDb, createMemoryHub, InMemoryAdapter } from "../../../src/index.node.ts";
import type { DistributedDatabase } from "../../../src/client/api.ts";
import { createApiBench, expectRejection, untyped } from "../../contract/api/bench.ts";

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
  const invite = await a.invite(networkId, { role: "editor" });
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

  const member = a.members(networkId).find(({ isSelf }) => !isSelf);
  expect(member).toMatchObject({ role: "editor", devices: [{ isSequencer: false }] });
  const owner = b.members(networkId).find(({ isSelf }) => !isSelf)?.account ?? "";
  await expectRejection(b.removeMember(networkId, owner), "NotPermitted");
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

const until = (database: DistributedDatabase, isSo: () => boolean): Promise<void> =>
  new Promise((resolve) => {
    const look = (): void => {
      if (!isSo()) return;
      for (const stop of stops) stop();
      resolve();
    };
    const stops = [database.on("networks", look), database.on("sync", look)];
    look();
  });
