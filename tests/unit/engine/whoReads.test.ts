/**
 * The README's table "What is private, and from whom", row by row: one story of a closed network in
 * which every frame and every disk is kept, and words that stand nowhere else are looked for in
 * them. That a word is not found means something because others do find it.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { hexToBytes } from "../../../src/core/base/bytes.ts";
import { shortHashOf } from "../../../src/core/base/ids.ts";
import { readWhole } from "../../../src/core/cbor/structures.ts";
import { openEpoch, openPrevious, readEpoch } from "../../../src/core/network/closed/epoch.ts";
import { openNetworkSecrets, openSecretFromName } from "../../../src/core/network/open.ts";
import { rendezvousTags, scopeOf } from "../../../src/core/network/keys.ts";
import { openSegment, type Keyring } from "../../../src/core/segment/open.ts";
import { parseSegment, type DeliveredSegment } from "../../../src/core/segment/segment.ts";
import { encodeControlMessage } from "../../../src/core/sync/controlMessage.ts";
import { decodeMessage, encodeMessage, messageTypes } from "../../../src/core/sync/frames.ts";
import { joinNetwork } from "../../../src/engine/membership.ts";
import { noteFrames } from "../../support/noteFrames.ts";
import { createNodeCrypto } from "../../support/nodeCrypto.ts";
import { createRandom } from "../../support/random.ts";
import { person, playStory, words, type Story } from "./canaryStory.ts";
import {
  closedOf,
  founder,
  join,
  membershipOf,
  open,
  share,
  team,
  title,
  verified,
} from "./closedWorld.ts";
import { createWorld, secret, type Device } from "./world.ts";

const crypto = createNodeCrypto(createRandom(99));

describe("of a closed network", () => {
  let story: Story;
  beforeAll(async () => {
    story = await playStory();
  }, 120_000);

  test("this device has everything, in the clear", () => {
    const found = wordsIn(diskOf(story.a));
    expect(found).toEqual(Object.values(words));
    for (const name of [team, title]) expect(holds(diskOf(story.a), name)).toBe(true);
  });

  test("members have what is shared, also from before they came, and nothing else", () => {
    const shared = Object.values(words).filter((word) => word !== words.private);
    for (const device of [story.b, story.reader]) {
      expect(wordsIn(diskOf(device))).toEqual(shared.filter((word) => word !== words.alone));
      expect(device.get(words.collection, words.id)).toMatchObject({ [words.field]: words.before });
      expect(closedOf(device)?.members.map(({ name }) => name)).toContain(person);
    }
  });

  test("a reader changes nothing for anybody", async () => {
    const { reader } = story;
    const update = { $set: { [words.field]: "changed" } };
    await expect(reader.update(words.collection, words.id, update)).rejects.toMatchObject({
      code: "NotPermitted",
    });
    const held = await segmentsOf(story.a, story.a.shared(words.collection).scope);
    const isBy = (device: Device): boolean =>
      held.some((bytes) => holdsBytes(bytes, membershipOf(device).device.publicKey));
    expect([story.a, story.b, reader].map(isBy)).toEqual([true, true, false]);
  });

  test("who was removed has what it had, and gets nothing that is written from then on", () => {
    const { removed, received } = story;
    const found = wordsIn(diskOf(removed));
    expect(found).toContain(words.before);
    for (const word of [words.after, words.private, words.alone]) expect(found).not.toContain(word);
    // Not even sealed: linked again, it is greeted as the member that it was, and no further
    const since = received(removed, story.framesBeforeRemoval);
    const types = new Set(since.map(([type]) => type));
    for (const type of [messageTypes.control, messageTypes.greeting]) {
      expect(types.delete(type)).toBe(true);
    }
    // Beside them at most that nothing is shared with it any more
    types.delete(messageTypes["collection-announce"]);
    expect([...types]).toEqual([]);
    expect(since.at(-1)?.[0]).toBe(messageTypes.greeting);
    expect(received(story.b).some(isOperationUnder(epochOf(story.a)))).toBe(true);
    // Refused, and counted
    expect(story.a.opened.sync.refusals()["greeting: removed"]).toBeGreaterThan(0);
  });

  test("a removed device's keys open what was sealed before, and nothing behind", async () => {
    const { a, removed } = story;
    const { control, network, device, keys } = membershipOf(removed);
    const ring = ringOf(a, words.collection, (id) => keys.get(shortHashOf(hexToBytes(id))) ?? null);
    const plain = await openedBy(ring, a);
    expect(plain.map(wordsIn).flat()).toContain(words.before);
    expect(plain.map(wordsIn).flat()).not.toContain(words.after);
    // Neither when it tries the keys that it has on all of them
    for (const key of keys.values()) {
      const tried = await openedBy({ ...ring, epochKey: () => key }, a);
      expect(tried.map(wordsIn).flat()).not.toContain(words.after);
    }
    // Nor does the chain give it the later key, should somebody pass it on
    const later = membershipOf(a).control.state().epochs.at(-1);
    const content = readWhole(later?.bytes ?? new Uint8Array(), readEpoch);
    if (later === undefined || !content.ok) throw new Error("there is a later epoch");
    expect(keys.has(later.id)).toBe(false);
    expect(control.state().epochs.length).toBe(membershipOf(a).control.state().epochs.length);
    for (const { signingKey, box } of content.value.boxes) {
      const boxes = [{ signingKey: device.publicKey, box }];
      for (const named of [device.publicKey, signingKey]) {
        const place = {
          ...{ networkHash: network.networkHash, height: later.height },
          ...{ sender: hexToBytes(later.sender), signingKey: named, xWingSeed: device.xWingSeed },
        };
        expect(await openEpoch(content.value, place, crypto)).toBeNull();
        expect(await openEpoch({ ...content.value, boxes }, place, crypto)).toBeNull();
      }
    }
    for (const key of keys.values()) {
      expect(await openPrevious(content.value, key, network.networkHash, crypto)).toBeNull();
    }
    // Who is still a member reads all of it
    const theirs = membershipOf(story.b).keys;
    const all = await openedBy({ ...ring, epochKey: (id) => theirs.get(id) ?? null }, a);
    expect(all.map(wordsIn).flat()).toEqual(expect.arrayContaining([words.before, words.after]));
  });

  test("who was removed and knows it is looked for by nobody, and finds none", () => {
    const { a, b, reader, removed, tags } = story;
    const common = (one: Device, other: Device): readonly string[] =>
      tags(one).filter((tag) => tags(other).includes(tag));
    for (const member of [a, b, reader]) expect(common(member, removed)).toEqual([]);
    // Yesterday's, today's, tomorrow's, and of the pair
    expect(common(a, b)).toHaveLength(6);
  });

  test("an invite that was used, revoked or has expired leads to nothing but a name", () => {
    for (const { device, invite } of story.invites) {
      expect(device.networks()).toMatchObject([{ kind: "joining" }]);
      expect(wordsIn(diskOf(device))).toEqual([]);
      expect(invite.name).toBe(team);
    }
    // Strangers hear greetings alone: neither the chain, nor anything sealed; and whoever holds one
    // that was used, that it was
    const heard = story.invites.map(({ device }) => story.received(device));
    const beside = heard.map((frames) => frames.filter(([type]) => type !== messageTypes.greeting));
    expect(beside.slice(1)).toEqual([[], []]);
    const reason = encodeControlMessage({ kind: "refusal", reason: "invite-used" });
    expect(beside[0]?.length).toBeGreaterThan(0);
    for (const frame of beside[0] ?? []) {
      expect(frame).toEqual(encodeMessage({ kind: "control", body: reason }));
    }
    expect(story.invites.map(({ device }) => device.networks()[0]?.refused)).toEqual([
      ...["invite-used", null, null],
    ]);
  });

  test("frames hold no word of people's; the network's name comes with the chain alone", () => {
    const { a, b, reader, removed, frames } = story;
    expect(frames.length).toBeGreaterThan(100);
    for (const { bytes } of frames) expect(wordsIn(bytes)).toEqual([]);
    for (const name of [title, person]) {
      expect(frames.filter(({ bytes }) => holds(bytes, name))).toEqual([]);
    }
    const named = frames.filter(({ bytes }) => holds(bytes, team));
    expect(new Set(named.map(({ bytes: [type] }) => type))).toEqual(
      new Set([messageTypes.control]),
    );
    const told = new Set(named.map(({ to }) => story.deviceNamed(to)));
    expect(told).toEqual(new Set([b, reader, removed]));
    expect(told.has(a)).toBe(false);
  });

  test("to the relay go tags of 16 bytes, others for every epoch", () => {
    const { a, devices, tags } = story;
    for (const device of devices) {
      for (const tag of tags(device)) expect(tag).toMatch(/^[0-9a-f]{32}$/);
    }
    const [before, after] = Array.from(membershipOf(a).keys, ([id, key]) =>
      rendezvousTags({ id, key }, story.now),
    );
    expect(tags(a)).toEqual(expect.arrayContaining([...(after ?? [])]));
    expect(before?.filter((tag) => tags(a).includes(tag))).toEqual([]);
  });

  test("the chain shows keys, roles, times, the network's name; no content, no other name", () => {
    const chain = membershipOf(story.a).control.records();
    const bytes = Buffer.concat(chain.map((record) => record.bytes));
    expect(wordsIn(bytes)).toEqual([]);
    for (const name of [title, person]) expect(holds(bytes, name)).toBe(false);
    expect(holds(bytes, team)).toBe(true);
    for (const { invite } of story.invites) expect(holdsBytes(bytes, invite.seed)).toBe(false);
    for (const device of [story.a, story.b, story.reader, story.removed]) {
      const { certificate } = membershipOf(device).device;
      expect(holdsBytes(bytes, certificate.account)).toBe(true);
      expect(holdsBytes(bytes, certificate.signingKey)).toBe(true);
    }
    const roles = chain.flatMap(({ proposal: { content } }) =>
      content.kind === "admit" ? [content.role] : [],
    );
    expect(roles).toEqual(["editor", "reader", "editor"]);
    expect(chain.every(({ time }) => time.ms > 0)).toBe(true);
    // Which collection a log belongs to is told to who has the network's secret
    const scope = story.a.shared(words.collection).scope;
    expect(scope).toBe(scopeOf(membershipOf(story.a).network, words.collection, "documents"));
  });
});

test("what a reader writes that lies about its role counts for nobody", async () => {
  const world = createWorld(3);
  const a = await founder(world);
  const [b, reader] = [await join(world, a), await join(world, a, { role: "reader" })];
  for (const device of [a, b, reader]) await share(device);
  await a.insert("notes", [{ id: "1", n: 1 }]);
  await world.until(verified(a, b, reader), "verified");
  Object.assign(membershipOf(reader), { standing: () => "editor" });
  Object.assign(membershipOf(reader).control, { mayWrite: () => true });
  await reader.insert("notes", [{ id: "2" }]);
  await reader.update("notes", "1", { $set: { n: 2 } });
  await world.pass(30_000);
  expect(reader.find("notes")).toEqual([{ id: "1", n: 2 }, { id: "2" }]);
  // It was sent, and refused
  expect(reader.shared("notes").writer?.pendingOps()).toBe(0);
  await b.update("notes", "1", { $set: { more: true } });
  await world.until(() => a.get("notes", "1")?.["more"] === true, "the others go on");
  for (const device of [a, b])
    expect(device.find("notes")).toEqual([{ id: "1", n: 1, more: true }]);
});

describe("of an open network", () => {
  test.each([
    ["with a secret: who has name and secret, and nobody by the name alone", secret, false],
    ["without encryption: whoever guesses the name", null, true],
  ] as const)("%s", async (_what, sharedSecret, isOpenByName) => {
    const frames: Uint8Array[] = [];
    const world = createWorld(
      5,
      noteFrames((frame) => {
        frames.push(frame.slice());
      }),
    );
    const [a, b] = [await open(world), await open(world)];
    for (const device of [a, b]) {
      await joinNetwork(device.engine, {
        networkId: team,
        name: title,
        kind: "open",
        sharedSecret,
      });
      device.opened.sync.refresh();
      await share(device, words.collection);
    }
    await a.insert(words.collection, [{ id: words.id, [words.field]: words.before }]);
    await world.until(() => b.get(words.collection, words.id) !== undefined, "the document");
    for (const frame of frames) expect(wordsIn(frame)).toEqual([]);
    for (const name of [team, title, secret]) {
      expect(frames.filter((frame) => holds(frame, name))).toEqual([]);
    }
    const readBy = async (from: string | Uint8Array): Promise<readonly string[]> => {
      const { epoch, ...network } = openNetworkSecrets(team, from);
      const scope = scopeOf(network, words.collection, "documents");
      const ring = { networkHash: network.networkHash, scope, epochKey: () => epoch.key };
      return (await openedBy(ring, a)).flatMap(wordsIn);
    };
    const byName = await readBy(openSecretFromName(team));
    expect(byName.includes(words.before)).toBe(isOpenByName);
    if (sharedSecret !== null) expect(await readBy(sharedSecret)).toContain(words.before);
  });
});

const holds = (bytes: Uint8Array, text: string): boolean => Buffer.from(bytes).includes(text);

const holdsBytes = (bytes: Uint8Array, part: Uint8Array): boolean =>
  Buffer.from(bytes).includes(Buffer.from(part));

const wordsIn = (bytes: Uint8Array): readonly string[] =>
  Object.values(words).filter((word) => holds(bytes, word));

/** All that stands on its disk: memory compresses nothing. */
const diskOf = (device: Device): Uint8Array => {
  const { meta, journal, segments, pages } = device.image();
  const names = [...meta.keys()].map((key) => Buffer.from(`${key}\n`));
  const tables = [meta, journal, segments, pages];
  return Buffer.concat([...names, ...tables.flatMap((table) => [...table.values()])]);
};

const epochOf = (device: Device): Uint8Array => {
  const latest = membershipOf(device).epochs.latest();
  if (latest === null) throw new Error("a member has the key");
  return hexToBytes(latest.id);
};

const isOperationUnder =
  (epoch: Uint8Array) =>
  (frame: Uint8Array): boolean => {
    const message = decodeMessage(frame);
    return message.ok && message.value.kind === "operation" && holdsBytes(frame, epoch);
  };

const segmentsOf = async (device: Device, scope: Keyring["scope"]): Promise<Uint8Array[]> => {
  const { cutter, registry, deps } = device.engine;
  await cutter.cutAll(registry.homes());
  const found: Uint8Array[] = [];
  for await (const { bytes } of deps.store.segments(scope)) found.push(bytes);
  return found;
};

const ringOf = (device: Device, collection: string, epochKey: Keyring["epochKey"]): Keyring => ({
  ...{ networkHash: membershipOf(device).network.networkHash, epochKey },
  scope: device.shared(collection).scope,
});

/** The bodies of what a device holds, as far as these keys open them. */
const openedBy = async (ring: Keyring, device: Device): Promise<readonly Uint8Array[]> => {
  const bodies: Uint8Array[] = [];
  for (const bytes of await segmentsOf(device, ring.scope)) {
    const parsed = parseSegment(bytes);
    if (!parsed.ok) throw new Error(parsed.error);
    // It was delivered: it stands in the store
    const opened = await openSegment(parsed.value as DeliveredSegment, ring, crypto);
    if (opened.kind === "plain") bodies.push(opened.body);
  }
  return bodies;
};
