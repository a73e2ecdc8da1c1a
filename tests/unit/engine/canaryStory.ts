/**
 * The story that `whoReads.test.ts` looks through: a closed network with members, a reader,
 * somebody who is removed, and holders of links that lead nowhere; every frame of it is kept.
 */
import { hexToBytes } from "../../../src/core/base/bytes.ts";
import { readInvite, type Invite } from "../../../src/core/network/closed/invite.ts";
import { beginJoining } from "../../../src/engine/closed/create.ts";
import { decide } from "../../../src/engine/closed/decide.ts";
import type { MemoryNetwork } from "../../../src/net/memory.ts";
import { noteFrames } from "../../support/noteFrames.ts";
import {
  accountOf,
  change,
  founder,
  invited,
  join,
  membershipOf,
  open,
  share,
  standing,
} from "./closedWorld.ts";
import { createWorld, type Device, type WrapNetwork } from "./world.ts";

/** What people write: nothing of it stands in a frame. */
export const words = {
  collection: "canary-collection",
  id: "canary-id",
  field: "canaryField",
  before: "canary of before the removal",
  after: "canary of after the removal",
  private: "canary of a private document",
  alone: "canary of a collection that is in no network",
} as const;

/** What a member is called. */
export const person = "Canary the person";

interface Frame {
  readonly from: string;
  readonly to: string;
  readonly bytes: Uint8Array;
}

export interface Story {
  readonly a: Device;
  readonly b: Device;
  readonly reader: Device;
  readonly removed: Device;
  /** They hold links that lead nowhere any more. */
  readonly invites: readonly { readonly device: Device; readonly invite: Invite }[];
  readonly devices: readonly Device[];
  readonly frames: readonly Frame[];
  readonly framesBeforeRemoval: number;
  /** Frames to it, from the n-th of all on. */
  readonly received: (device: Device, since?: number) => readonly Uint8Array[];
  readonly deviceNamed: (peer: string) => Device | undefined;
  /** What it last told the relay to be found under. */
  readonly tags: (device: Device) => readonly string[];
  readonly now: number;
}

export const playStory = async (): Promise<Story> => {
  const tap = createTap();
  const world = createWorld(1, tap.wrap);
  const a = await founder(world);
  for (const collection of ["notes", words.collection]) await share(a, collection);
  await a.insert(words.collection, [{ id: words.id, [words.field]: words.before }]);
  await a.insert(words.collection, [{ id: "p", text: words.private }], "private");
  await a.write({ kind: "make-collection", collection: "at home" });
  await a.insert("at home", [{ id: "h", text: words.alone }]);

  const b = await join(world, a, { name: person });
  const reader = await join(world, a, { role: "reader" });
  const { link } = await invited(a);
  const [revoked, expiring] = [await invited(a), await invited(a, { expiresInMs: 60_000 })];
  const removed = await open(world);
  await beginJoining(removed.engine, link);
  removed.opened.sync.refresh();
  await world.until(() => standing(removed) === "editor", "admitted");
  const members = [b, reader, removed];
  for (const device of members) {
    for (const collection of ["notes", words.collection]) await share(device, collection);
  }
  const hasAll = (device: Device): boolean =>
    device.isVerified("notes") && device.isVerified(words.collection);
  await world.until(() => [a, ...members].every(hasAll), "verified");

  const framesBeforeRemoval = tap.frames.length;
  await change(a, { kind: "remove-account", account: accountOf(removed) });
  await world.until(() => standing(removed) === "removed", "told");
  const changed = { $set: { later: words.after } };
  for (const device of [a, b]) await device.update(words.collection, words.id, changed);
  await world.until(() => [a, b, reader].every(hasAll), "verified");

  const links = [link, revoked.link, expiring.link];
  const strangers: Device[] = [];
  for (const text of links) {
    const device = await world.open({ joined: false, online: false });
    await beginJoining(device.engine, text);
    strangers.push(device);
  }
  // As if another owner had: its maker holds the seed, and still must not answer
  const publicKey = hexToBytes(revoked.id);
  await decide(a.engine, membershipOf(a), { kind: "revoke", publicKey });
  await world.pass(61_000);
  for (const device of strangers) await device.connect();
  await world.pass(120_000);
  const devices = [a, ...members, ...strangers];
  // They have nobody's tags: somebody gives them away, so that they are linked all the same
  const { linked } = world.hub.stats();
  const outside = [removed, ...strangers];
  for (const device of outside) device.network.setTags(tap.tags.get(a.network) ?? []);
  await world.pass(10);
  if (world.hub.stats().linked < linked + 3 * outside.length)
    throw new Error("they are not linked");
  await world.pass(120_000);
  // What they read stands in their pages, too
  for (const { engine } of devices) await engine.checkpointer.run();
  return {
    ...{ a, b, reader, removed, devices, frames: tap.frames },
    invites: strangers.map((device, at) => ({ device, invite: inviteOf(links[at] ?? "") })),
    ...{ framesBeforeRemoval, now: world.now() },
    received: (device, since = 0) =>
      tap.frames
        .slice(since)
        .filter(({ to }) => tap.peers.get(to) === device.network)
        .map(({ bytes }) => bytes),
    deviceNamed: (peer) => devices.find(({ network }) => tap.peers.get(peer) === network),
    tags: (device) => tap.tags.get(device.network) ?? [],
  };
};

/** Keeps all that goes over the hub, and under which tags. */
const createTap = () => {
  const frames: Frame[] = [];
  const peers = new Map<string, MemoryNetwork>();
  const tags = new Map<MemoryNetwork, readonly string[]>();
  const wrap: WrapNetwork = (network) => {
    const noting = noteFrames((frame, { localPeer, remotePeer }) => {
      peers.set(localPeer, network);
      frames.push({ from: localPeer, to: remotePeer, bytes: frame.slice() });
    });
    return noting({
      ...network,
      setTags: (wanted) => {
        tags.set(network, wanted);
        network.setTags(wanted);
      },
    });
  };
  return { frames, peers, tags, wrap };
};

const inviteOf = (link: string): Invite => {
  const read = readInvite(link);
  if (!read.ok) throw new Error(read.error);
  return read.value;
};
