/**
 * Whoever was removed has the network's secret, by which peers are greeted, and can make as many
 * devices of other names as it likes. It is told no decision; who waits to be let in still is.
 */
import { expect, test } from "vitest";
import { admitText } from "../../../src/core/network/closed/chain.ts";
import { genesisHead, headOf } from "../../../src/core/network/closed/record.ts";
import { shortHashOf } from "../../../src/core/base/ids.ts";
import { readInvite, type Invite } from "../../../src/core/network/closed/invite.ts";
import {
  decodeControlMessage,
  type ControlMessage,
} from "../../../src/core/sync/controlMessage.ts";
import { messageTypes } from "../../../src/core/sync/frames.ts";
import { fail } from "../../../src/core/base/result.ts";
import { decide } from "../../../src/engine/closed/decide.ts";
import { crypto, recordsIn, renamed, saying, speak, watched, type Spoken } from "./attacker.ts";
import {
  accountOf,
  change,
  closedOf,
  founder,
  heightOf,
  invited,
  join,
  joinWithout,
  membershipOf,
  open,
  share,
  standing,
  takeInvite,
  verified,
} from "./closedWorld.ts";
import { createWorld, type Device } from "./world.ts";

test("a removed member that comes as another device is told no decision", async () => {
  const { names, wrap } = watched();
  const world = createWorld(1, wrap);
  const a = await founder(world);
  const b = await join(world, a);
  for (const device of [a, b]) await share(device);
  await world.until(verified(a, b), "verified");
  await b.disconnect();
  await change(a, { kind: "remove-account", account: accountOf(b) });
  const { link, id } = await invited(a);
  await a.insert("notes", [{ id: "after" }]);
  const at = { world, names };
  const { control } = membershipOf(b);
  const known = control.head();
  const [genesis] = control.from(0);
  if (genesis === undefined) throw new Error("there is a genesis");
  const unknown = { term: 0, height: 999, hash: shortHashOf(crypto.randomBytes(16)) };
  const orphan = { ...unknown, term: 3 };
  const asked: readonly ControlMessage[] = [
    // As one that is behind, asks for all of it, or stands on another branch
    { kind: "head", head: known, have: [known.hash] },
    { kind: "head", head: genesisHead(membershipOf(b).network.networkHash), have: [] },
    { kind: "head", head: headOf(genesis), have: [headOf(genesis).hash] },
    ...[unknown, orphan].flatMap((head): ControlMessage[] => [
      { kind: "head", head, have: [] },
      { kind: "head", head, have: [headOf(genesis).hash, head.hash] },
    ]),
  ];
  const ways: Spoken[] = [];
  for (const controlHead of [known, headOf(genesis), unknown, orphan]) {
    const change = { ...(await renamed(b)), controlHead };
    ways.push(await speak(at, a, saying(b, change, asked)));
  }
  for (const spoken of ways) {
    expect(spoken.fault).toBe("greeted");
    expect(recordsIn(spoken)).toEqual([]);
    // Nor anything else of the network but where this device stands: no names, no data
    const types = new Set(spoken.types);
    for (const type of [messageTypes.control, messageTypes.heartbeat]) types.delete(type);
    types.delete(messageTypes["collection-announce"]);
    types.delete(messageTypes.credit);
    expect([...types]).toEqual([]);
  }
  // It answered: what it says is that it stands somewhere
  expect(ways.some(({ messages }) => messages.some(({ kind }) => kind === "control"))).toBe(true);

  // Whom the maker of an invite lets in is told all of it, b's own removal too
  const c = await open(world);
  await takeInvite(c, link);
  await world.until(() => standing(c) === "editor", "let in");
  expect(heightOf(c)).toBe(heightOf(a));

  // The invite is used up by then: who holds it is told so, and who does not nothing
  const stranger = await renamed(b);
  const text = admitText(membershipOf(b).network.networkHash, stranger.certificate.bytes);
  const { seed } = inviteOf(link);
  const heard: (readonly string[])[] = [];
  for (const signer of [crypto.randomBytes(32), seed]) {
    const signature = await crypto.sign(signer, text);
    const shown = { kind: "admission", invite: Buffer.from(id, "hex"), signature } as const;
    const spoken = await speak(at, a, saying(b, stranger, [shown]));
    expect(recordsIn(spoken)).toEqual([]);
    heard.push(refusalsIn(spoken));
  }
  expect(heard).toEqual([[], ["invite-used"]]);
});

const inviteOf = (link: string): Invite => {
  const invite = readInvite(link);
  if (!invite.ok) throw new Error(invite.error);
  return invite.value;
};

const refusalsIn = ({ messages }: Spoken): readonly string[] =>
  messages.flatMap((message) => {
    const body = message.kind === "control" ? decodeControlMessage(message.body) : null;
    return body?.ok === true && body.value.kind === "refusal" ? [body.value.reason] : [];
  });

test("a member that was let in while others were away brings them what they lack", async () => {
  const world = createWorld(3);
  const a = await founder(world);
  const b = await join(world, a);
  for (const device of [a, b]) await share(device);
  await world.until(verified(a, b), "verified");
  await b.disconnect();
  const c = await join(world, a);
  await share(c);
  await world.until(verified(a, c), "verified");
  await a.disconnect();
  const before = heightOf(b);
  // It is a stranger to b, and what it brings says that it is none
  await b.connect();
  await world.until(() => heightOf(b) > before, "brought");
  await c.insert("notes", [{ id: "c" }]);
  await world.until(() => b.get("notes", "c") !== undefined, "shared");
});

test("who waits is told nothing by others, and all of it once it is let in", async () => {
  const world = createWorld(4);
  const a = await founder(world);
  const b = await join(world, a, { role: "owner" });
  const d = await join(world, a);
  const c = await joinWithout(world, a, b);
  const handed = heightOf(c);
  await d.disconnect();
  await world.pass(60_000);
  expect([standing(c), heightOf(c)]).toEqual(["waiting", handed]);
  // Decided where b does not hear of it yet
  await b.disconnect();
  await a.connect();
  await change(a, { kind: "role", account: accountOf(d), role: "owner" });
  await world.pass(60_000);
  expect([standing(c), heightOf(c)]).toEqual(["waiting", handed]);
  await b.connect();
  await world.until(() => standing(c) === "editor", "let in");
  await world.until(() => heightOf(c) === heightOf(a), "told all of it");
});

test.each([
  [
    "its invite was taken back",
    "invite-revoked",
    async (a: Device, b: Device): Promise<void> => {
      const [made = ""] = membershipOf(b).invites.keys();
      const publicKey = Buffer.from(made, "hex");
      await decide(a.engine, membershipOf(a), { kind: "revoke", publicKey });
    },
  ],
  [
    "the network takes no more decisions",
    "network-full",
    (a: Device): Promise<void> => {
      // As at the 65,537th record
      Object.assign(membershipOf(a).control, { append: () => Promise.resolve(fail("too-many")) });
      return Promise.resolve();
    },
  ],
] as const)("who is away while it is refused hears why from its maker: %s", async (_, why, so) => {
  const world = createWorld(5);
  const a = await founder(world);
  const b = await join(world, a, { role: "owner" });
  const c = await joinWithout(world, a, b);
  await c.disconnect();
  await so(a, b);
  await a.connect();
  await world.until(() => closedOf(b)?.waiting.length === 0, "refused");
  // By then the network is under another key, so that the two need a tag of their own
  const epochOf = (device: Device): string | undefined => membershipOf(device).epochs.latest()?.id;
  if (why !== "network-full") {
    await world.until(() => epochOf(b) !== epochOf(c), "replaced since it came into wrong hands");
  }
  await a.disconnect();
  await b.reopen(undefined, { joined: false });
  expect(closedOf(c)?.refused).toBeNull();
  await c.connect();
  await world.until(() => closedOf(c)?.refused === why, "told");
  expect(heightOf(c)).toBeLessThanOrEqual(heightOf(b));
  await c.disconnect();
  await c.reopen(undefined, { joined: false, online: false });
  expect([standing(c), closedOf(c)?.refused]).toEqual(["waiting", why]);
  for (const device of [a, b, c]) expect(device.failures()).toEqual([]);
});
