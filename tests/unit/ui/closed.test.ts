/**
 * What the views of a closed network do, over two databases that meet in memory: names, invites,
 * the recovery key, and what nobody accepts.
 */
import { afterEach, expect, test } from "vitest";
import { createDistributedDb, createMemoryHub, InMemoryAdapter } from "../../../src/index.node.ts";
import type { DistributedDatabase } from "../../../src/client/api.ts";
import type { ClosedNetwork } from "../../../src/client/networkTypes.ts";
import { Invites } from "../../../src/ui/invites.svelte.ts";
import { nameForm } from "../../../src/ui/join.svelte.ts";
import { namedMax, NotAccepted } from "../../../src/ui/notAccepted.svelte.ts";
import { Recovery } from "../../../src/ui/recovery.svelte.ts";
import { createApiBench } from "../../contract/api/bench.ts";
import { rowsOnce, toldOnce } from "../../support/twoPeers.ts";

const adapter = new InMemoryAdapter();
const bench = createApiBench((options) => createDistributedDb({ ...options, adapter }));
afterEach(() => bench.clean());

const closedOf = (database: DistributedDatabase): ClosedNetwork | null =>
  database.getNetworkManager().getNetworks()[0]?.closed ?? null;

/** An owner and an editor of one network, with a collection that both have. */
const openTwo = async () => {
  const hub = createMemoryHub();
  const networks = [hub.network(), hub.network()] as const;
  const [a, b] = [
    bench.open({ distributed: { enabled: true, network: networks[0] } }),
    bench.open({ distributed: { enabled: true, network: networks[1] } }),
  ];
  const networkId = await a.createNetwork({ networkId: "team", name: "Team" });
  const invites = new Invites(a, networkId);
  invites.name = " Ben ";
  await invites.invite();
  await a.collection("notes").insert({ id: "1", title: "Known" });
  await a.addCollectionToNetwork(networkId, "notes");
  await b.joinNetwork(invites.made?.invite.url ?? "");
  await toldOnce(b, () => closedOf(b)?.collections.length === 1);
  await b.addCollectionToNetwork(networkId, "notes");
  await toldOnce(b, () => b.syncStatus().kind === "synced");
  return {
    a,
    b,
    networkId,
    invites,
    apart: () => hub.partition([[networks[0]], [networks[1]]]),
    together: () => hub.heal(),
  };
};

const selfOf = (database: DistributedDatabase, networkId: string) =>
  database.members(networkId).find(({ isSelf }) => isSelf);

test("who comes in is called as the invite says, until they say otherwise", async () => {
  const { a, b, networkId, invites } = await openTwo();
  await toldOnce(b, () => selfOf(b, networkId)?.name === "Ben");
  expect(invites.name).toBe("");

  const self = selfOf(b, networkId) ?? { account: "", name: null };
  let done = 0;
  const form = nameForm(b, networkId, self, () => done++);
  expect(form.value).toBe("Ben");
  form.value = "  ";
  await form.submit();
  expect(form.problem).toBe("A name is needed.");
  form.value = "x".repeat(1_000);
  await form.submit();
  expect(form.problem).toMatch(/^A name is one line/);
  expect(done).toBe(0);
  form.value = "Benedikt";
  await form.submit();
  expect(done).toBe(1);
  await toldOnce(a, () => a.members(networkId).some(({ name }) => name === "Benedikt"));
});

test("an invite that several may use names nobody", async () => {
  const a = bench.open();
  const networkId = await a.createNetwork({ networkId: "team", name: "Team" });
  const invites = new Invites(a, networkId);
  Object.assign(invites, { name: "Ben", uses: 2 });
  await invites.invite();
  expect(invites.nameProblem).toMatch(/^A name is for one person/);
  expect(invites.made).toBeNull();
  invites.uses = 1;
  await invites.invite();
  expect(invites.nameProblem).toBe("");
  expect(invites.made?.kind).toBe("member");
  Object.assign(invites, { name: "two\nlines" });
  await invites.invite();
  expect(invites.nameProblem).toMatch(/^A name is one line/);
});

test("what nobody accepts is told by title or id, written again, or let go", async () => {
  const { a, b, networkId, apart, together } = await openTwo();
  const theirs = b.collection("notes");
  const member = a.members(networkId).find(({ isSelf }) => !isSelf)?.account ?? "";
  const writeInVain = async (): Promise<void> => {
    apart();
    await a.setRole(networkId, member, "reader");
    await theirs.update("1", { title: "Other" });
    await theirs.insertBatch(Array.from({ length: namedMax + 4 }, () => ({ title: "New" })));
    together();
    await toldOnce(b, () => (closedOf(b)?.notAccepted.length ?? 0) > 0);
  };
  await writeInVain();
  const notAccepted = new NotAccepted(b, networkId);
  await notAccepted.name(closedOf(b)?.notAccepted ?? []);
  const [notes] = notAccepted.named;
  expect(notes).toMatchObject({ collection: "notes", operations: namedMax + 5, more: 5 });
  expect(notes?.documents).toHaveLength(namedMax);
  // the one that is here is read as others have it
  expect(notes?.documents[0]).toBe("Known");
  expect(notes?.documents[1]).toMatch(/^document [-0-9a-f]{36}$/);

  await notAccepted.reissue();
  expect(notAccepted.problem).not.toBe("");
  await a.setRole(networkId, member, "editor");
  await toldOnce(b, () => closedOf(b)?.standing === "editor");
  await notAccepted.reissue();
  expect(notAccepted.problem).toBe("");
  await toldOnce(b, () => closedOf(b)?.notAccepted.length === 0);
  expect(await theirs.get("1")).toMatchObject({ title: "Other" });

  const isThere = (rows: readonly unknown[]): boolean => rows.length === namedMax + 4;
  await rowsOnce(a.collection("notes"), { title: "New" }, isThere);
  await writeInVain();
  await notAccepted.discard();
  await toldOnce(b, () => closedOf(b)?.notAccepted.length === 0);
  expect(await theirs.count({ title: "New" })).toBe(namedMax + 4);
});

test("the recovery key is shown until it is put away, and opens a term elsewhere", async () => {
  const { a, b, networkId } = await openTwo();
  const there = new Recovery(a, networkId);
  await there.show();
  const { key } = there;
  expect(key).toMatch(/^([A-Z2-7]{4}-){13}[A-Z2-7]{4}$/);
  await there.renew();
  expect(there.note).toMatch(/^New keys/);
  there.putAway();
  expect([there.key, there.note]).toEqual(["", ""]);

  const here = new Recovery(b, networkId);
  await expect(here.openTerm()).rejects.toThrow(/recovery key/);
  here.form.value = key.slice(1);
  await here.form.submit();
  expect(here.form.problem).toMatch(/^A recovery key has 14 groups/);
  here.form.value = key;
  await here.form.submit();
  expect(here.form.note).toBe("This device has the recovery key now.");
  await here.openTerm();
  await toldOnce(b, () =>
    b
      .members(networkId)
      .some(({ devices }) => devices.some(({ isThis, isSequencer }) => isThis && isSequencer)),
  );
});
