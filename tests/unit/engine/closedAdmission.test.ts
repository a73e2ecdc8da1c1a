/**
 * A device that was handed chain and keys and is not let in: no record says so, and it learns it
 * all the same, from what the chain says of the invite by which it came.
 */
import { expect, test } from "vitest";
import { hexToBytes } from "../../../src/core/base/bytes.ts";
import { decide } from "../../../src/engine/closed/decide.ts";
import { leaveNetwork } from "../../../src/engine/membership.ts";
import {
  accountOf,
  change,
  closedOf,
  founder,
  invited,
  join,
  joinWithout,
  membershipOf,
  open,
  share,
  standing,
  takeInvite,
  team,
} from "./closedWorld.ts";
import { createWorld, type Device, type World } from "./world.ts";

interface Waiting {
  readonly world: World;
  /** Keeps the order, and is away. */
  readonly a: Device;
  /** Made the invite. */
  readonly b: Device;
  readonly c: Device;
}

const waiting = async (expiresInMs: number | null = null): Promise<Waiting> => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a, { role: "owner" });
  const c = await joinWithout(world, a, b, { expiresInMs });
  for (const device of [a, b, c]) await share(device);
  await c.insert("notes", [{ id: "mine" }]);
  expect(closedOf(c)?.refused).toBeNull();
  return { world, a, b, c };
};

const refused = (device: Device): string | null | undefined => closedOf(device)?.refused;

test("an invite that was taken back: it is told, keeps what it wrote, comes again", async () => {
  const { world, a, b, c } = await waiting();
  const { invites } = membershipOf(a).control.state();
  const [id = ""] = [...invites.keys()].filter((each) => membershipOf(b).invites.has(each));
  await decide(a.engine, membershipOf(a), { kind: "revoke", publicKey: hexToBytes(id) });
  await a.connect();
  await world.until(() => refused(c) === "invite-revoked", "told");
  expect(standing(c)).toBe("waiting");
  await c.reopen(undefined, { joined: false });
  expect([refused(c), standing(c)]).toEqual(["invite-revoked", "waiting"]);
  expect(c.find("notes")).toEqual([{ id: "mine" }]);
  await leaveNetwork(c.engine, team);
  c.opened.sync.refresh();
  expect(c.find("notes")).toEqual([{ id: "mine" }]);
  expect([...c.image().meta.keys()].filter((key) => key.startsWith("admission/"))).toEqual([]);
  const { link } = await invited(b);
  await takeInvite(c, link);
  await world.until(() => standing(c) === "editor", "in at last");
  expect(refused(c)).toBeNull();
  expect([...a.failures(), ...b.failures(), ...c.failures()]).toEqual([]);
});

test("who invited it was removed before", async () => {
  const { world, a, b, c } = await waiting();
  await change(a, { kind: "remove-account", account: accountOf(b) });
  await a.connect();
  await world.until(() => refused(c) === "maker-removed", "told");
  expect(standing(b)).toBe("removed");
});

test("the invite expired before the sequencer came", async () => {
  const { world, a, c } = await waiting(60_000);
  await world.pass(50_000);
  expect(refused(c)).toBeNull();
  await world.pass(12_000);
  expect(refused(c)).toBe("invite-expired");
  await a.connect();
  await world.pass(60_000);
  expect([refused(c), standing(c)]).toEqual(["invite-expired", "waiting"]);
});

test("others used it up before", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a, { role: "owner" });
  const { link } = await invited(b);
  await world.until(() => closedOf(b)?.invites[0]?.state === "open", "the invite is known");
  await a.disconnect();
  const [c, d] = [await open(world), await open(world)];
  await takeInvite(c, link);
  await world.until(() => standing(c) === "waiting", "handed over");
  // Its maker forgets that it was used, as with a disk that is rolled back
  membershipOf(b).proposals.clear();
  await takeInvite(d, link);
  await world.until(() => standing(d) === "waiting", "handed over again");
  await a.connect();
  await world.until(() => standing(d) === "editor", "the other is in");
  await world.until(() => refused(c) === "invite-used", "told");
});

test("a device that is let in at last was never told otherwise", async () => {
  const { world, a, c } = await waiting();
  await a.connect();
  await world.until(() => standing(c) === "editor", "admitted");
  const told = c.events.flatMap((event) =>
    event.kind === "networks" ? event.networks.map(({ closed }) => closed?.refused ?? null) : [],
  );
  expect(new Set(told)).toEqual(new Set([null]));
  await c.reopen(undefined, { joined: false });
  expect([refused(c), standing(c)]).toEqual([null, "editor"]);
});
