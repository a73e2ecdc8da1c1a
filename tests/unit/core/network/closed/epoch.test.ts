/** Epochs: who gets the key, who does not, and what is no epoch at all. */
import { describe, expect, test } from "vitest";
import { compareBytes, concatBytes, hexToBytes } from "../../../../../src/core/base/bytes.ts";
import { shortHashOf } from "../../../../../src/core/base/ids.ts";
import { epochDevicesMax } from "../../../../../src/core/base/limits.ts";
import { encodeCbor, type CborItem } from "../../../../../src/core/cbor/item.ts";
import { readWhole } from "../../../../../src/core/cbor/structures.ts";
import { deriveKey, hash } from "../../../../../src/core/crypto/hash.ts";
import {
  epochCommitment,
  epochToItem,
  makeEpoch,
  openEpoch,
  openEpochKey,
  openPrevious,
  readEpoch,
  sealEpochKey,
  type EpochContent,
  type EpochReceiver,
} from "../../../../../src/core/network/closed/epoch.ts";
import { createNodeCrypto } from "../../../../support/nodeCrypto.ts";
import { createRandom } from "../../../../support/random.ts";

const random = createRandom(31);
const crypto = createNodeCrypto(random);
const bytes = (size: number, byte = 7) => new Uint8Array(size).fill(byte);

const newDevice = async () => {
  const xWingSeed = random.bytes(32);
  const xWingKey = await crypto.xWing.publicKey(xWingSeed);
  return { signingKey: random.bytes(32), xWingSeed, xWingKey };
};

const [ann, bob, eve] = [await newDevice(), await newDevice(), await newDevice()];
const place = { networkHash: random.bytes(32), height: 12, sender: ann.signingKey };
const key = random.bytes(32);
const previous = { id: shortHashOf(random.bytes(16)), key: random.bytes(32) };
const content = await makeEpoch({ ...place, key, previous, devices: [ann, bob] }, crypto);
const toBob: EpochReceiver = { ...place, ...bob };

/** The same with one bit of one byte another. */
const flipped = (from: Uint8Array, at: number): Uint8Array =>
  from.map((byte, index) => (index === at ? byte ^ (1 << (at % 8)) : byte));

const withBox = (
  signingKey: Uint8Array,
  change: (box: Uint8Array) => Uint8Array,
): EpochContent => ({
  ...content,
  boxes: content.boxes.map((each) =>
    compareBytes(each.signingKey, signingKey) === 0 ? { ...each, box: change(each.box) } : each,
  ),
});

describe("who opens it", () => {
  test("each device that it was made for", async () => {
    for (const device of [ann, bob]) {
      expect(await openEpoch(content, { ...place, ...device }, crypto)).toEqual(key);
    }
    expect(content.commitment).toEqual(deriveKey(key, "epoch-commitment", [place.networkHash]));
    expect(content.collection).toBeNull();
  });

  test("nobody else: not under another's name, not with another's key", async () => {
    expect(await openEpoch(content, { ...place, ...eve }, crypto)).toBeNull();
    const posing = { ...toBob, xWingSeed: eve.xWingSeed };
    expect(await openEpoch(content, posing, crypto)).toBeNull();
    const named = { ...toBob, signingKey: eve.signingKey };
    expect(await openEpoch(content, named, crypto)).toBeNull();
    const swapped = { ...toBob, signingKey: ann.signingKey };
    expect(await openEpoch(content, swapped, crypto)).toBeNull();
  });

  test("not in another network, at another height, from another sender", async () => {
    const elsewhere: readonly Partial<EpochReceiver>[] = [
      { networkHash: random.bytes(32) },
      { height: 13 },
      { sender: bob.signingKey },
    ];
    for (const other of elsewhere) {
      expect(await openEpoch(content, { ...toBob, ...other }, crypto)).toBeNull();
    }
  });

  test("not a box that was given to another device", async () => {
    const anns = content.boxes.find(({ signingKey }) => signingKey === ann.signingKey);
    const moved = withBox(bob.signingKey, () => anns?.box ?? bytes(0));
    expect(await openEpoch(moved, toBob, crypto)).toBeNull();
    // Even where both have one X-Wing key: the box names who it is for.
    const twin = { ...ann, signingKey: bob.signingKey };
    expect(await openEpoch(moved, { ...place, ...twin }, crypto)).toBeNull();
  });

  test("boxes are sealed as the format says, and hold 32 bytes", async () => {
    const capsule = await crypto.xWing.encapsulate(bob.xWingKey);
    if (capsule === null) throw new Error("a sound key was refused");
    const { networkHash, height, sender } = place;
    const ends = [sender, bob.signingKey];
    const under = deriveKey(capsule.sharedSecret, "epoch-box", [networkHash, ...ends]);
    const openSealed = async (plain: Uint8Array) => {
      const binding = hash("epoch-box", networkHash, height, ...ends);
      const sealed = await crypto.seal(under, binding, plain);
      const made = withBox(bob.signingKey, () => concatBytes(capsule.cipherText, sealed));
      const commitment = epochCommitment(plain, networkHash);
      return await openEpoch({ ...made, commitment }, toBob, crypto);
    };
    expect(await openSealed(key)).toEqual(key);
    for (const size of [0, 16, 31, 33]) expect(await openSealed(random.bytes(size))).toBeNull();
  });

  test("not a key that is not the one committed to", async () => {
    const other = await makeEpoch(
      { ...place, key: random.bytes(32), previous, devices: [bob] },
      crypto,
    );
    const mixed = { ...content, boxes: other.boxes };
    expect(await openEpoch(other, toBob, crypto)).not.toBeNull();
    expect(await openEpoch(mixed, toBob, crypto)).toBeNull();
    const short = { ...content, commitment: content.commitment.subarray(1) };
    expect(await openEpoch(short, toBob, crypto)).toBeNull();
  });

  test("not when a byte is another, in whichever part", async () => {
    const boxSize = 1_120 + 48;
    // ML-KEM's two parts, X25519's point (its last bit too, which X25519 itself passes over), the
    // sealed key, its tag.
    const edges = [0, 959, 960, 1_087, 1_088, 1_119, 1_120, 1_151, 1_152, boxSize - 1];
    const more = Array.from({ length: 30 }, () => random.integer(boxSize));
    for (const at of [...edges, ...more]) {
      const changed = withBox(bob.signingKey, (box) => flipped(box, at));
      expect(await openEpoch(changed, toBob, crypto), `byte ${at}`).toBeNull();
    }
    for (let at = 0; at < 32; at++) {
      const changed = { ...content, commitment: flipped(content.commitment, at) };
      expect(await openEpoch(changed, toBob, crypto)).toBeNull();
      const boxes = content.boxes.map(({ signingKey, box }) => ({
        signingKey: flipped(signingKey, at),
        box,
      }));
      expect(await openEpoch({ ...content, boxes }, toBob, crypto)).toBeNull();
    }
  });

  test("boxes of any bytes and any length are refused, not thrown at", async () => {
    const lowOrder = withBox(bob.signingKey, (box) => box.slice().fill(0, 1_088, 1_120));
    expect(await openEpoch(lowOrder, toBob, crypto)).toBeNull();
    for (const size of [0, 1, 1_119, 1_120, 1_121, 1_136, 1_167, 1_169, 2_000]) {
      const cut = withBox(bob.signingKey, () => random.bytes(size));
      expect(await openEpoch(cut, toBob, crypto)).toBeNull();
    }
    for (let run = 0; run < 20; run++) {
      const noise = withBox(bob.signingKey, (box) => random.bytes(box.length));
      expect(await openEpoch(noise, toBob, crypto)).toBeNull();
    }
  });
});

describe("making one", () => {
  test("boxes rise by key, however the devices came, and none is like another", async () => {
    const devices = [];
    for (let made = 0; made < 5; made++) devices.push(await newDevice());
    const draft = { ...place, key, previous: null, devices };
    const made = await makeEpoch(draft, crypto);
    const keys = made.boxes.map(({ signingKey }) => signingKey);
    expect(keys).toEqual(devices.map(({ signingKey }) => signingKey).toSorted(compareBytes));
    expect(draft.devices).toBe(devices);
    const again = await makeEpoch(draft, crypto);
    for (const [at, { box }] of again.boxes.entries()) expect(box).not.toEqual(made.boxes[at]?.box);
    for (const device of devices) {
      expect(await openEpoch(made, { ...place, ...device }, crypto)).toEqual(key);
    }
  });

  test("a device with no true X-Wing key is left out, and stops nobody", async () => {
    const bad = [bytes(1_216, 0xff), bytes(1_215), ann.xWingKey.slice().fill(0, 1_184)];
    const broken = bad.map((xWingKey) => ({ signingKey: random.bytes(32), xWingKey }));
    const draft = { ...place, key, previous, devices: [...broken, ann, bob] };
    const made = await makeEpoch(draft, crypto);
    expect(made.boxes).toHaveLength(2);
    expect(await openEpoch(made, toBob, crypto)).toEqual(key);
    const nobody = await makeEpoch({ ...draft, devices: broken }, crypto);
    expect(read(nobody)).toEqual(nobody);
  });

  test("a caller's mistakes are loud", async () => {
    const draft = { ...place, key, previous, devices: [ann, bob, { ...eve, ...ann }] };
    await expect(makeEpoch(draft, crypto)).rejects.toThrow("no device twice");
    const many = Array.from({ length: epochDevicesMax + 1 }, () => ann);
    await expect(makeEpoch({ ...draft, devices: many }, crypto)).rejects.toThrow("no more devices");
    await expect(makeEpoch({ ...draft, key: bytes(31) }, crypto)).rejects.toThrow("32 bytes");
    const short = { ...previous, key: bytes(16) };
    await expect(makeEpoch({ ...draft, devices: [ann], previous: short }, crypto)).rejects.toThrow(
      "32 bytes",
    );
  });
});

describe("the key before", () => {
  test("comes with this one, and with no other", async () => {
    const { networkHash } = place;
    expect(await openPrevious(content, key, networkHash, crypto)).toEqual(previous);
    expect(await openPrevious(content, previous.key, networkHash, crypto)).toBeNull();
    expect(await openPrevious(content, key, random.bytes(32), crypto)).toBeNull();
    const first = { ...content, previous: null };
    expect(await openPrevious(first, key, networkHash, crypto)).toBeNull();
  });

  test("not under another id, not with any byte another", async () => {
    const { networkHash } = place;
    const sealedKey = await sealEpochKey(previous, key, networkHash, crypto);
    expect(content.previous).toEqual(sealedKey);
    expect(await openEpochKey(sealedKey, key, networkHash, crypto)).toEqual(previous);
    const renamed = { ...sealedKey, id: shortHashOf(random.bytes(16)) };
    expect(await openEpochKey(renamed, key, networkHash, crypto)).toBeNull();
    for (let at = 0; at < 48; at++) {
      const changed = { ...sealedKey, sealed: flipped(sealedKey.sealed, at) };
      expect(await openEpochKey(changed, key, networkHash, crypto)).toBeNull();
    }
    for (const size of [0, 15, 16, 47, 49]) {
      const cut = { ...sealedKey, sealed: random.bytes(size) };
      expect(await openEpochKey(cut, key, networkHash, crypto)).toBeNull();
    }
  });

  test("is sealed as the format says, and is 32 bytes", async () => {
    const { networkHash } = place;
    const id = hexToBytes(previous.id);
    const under = deriveKey(key, "epoch-previous", [networkHash, id]);
    const seal = (plain: Uint8Array) =>
      crypto.seal(under, hash("epoch-previous", networkHash, id), plain);
    expect(content.previous).toEqual({ id: previous.id, sealed: await seal(previous.key) });
    for (const size of [0, 16, 31, 33]) {
      const sealed = await seal(random.bytes(size));
      expect(await openEpochKey({ id: previous.id, sealed }, key, networkHash, crypto)).toBeNull();
    }
  });

  test("its own commitment tells whether it is that epoch's", () => {
    const { networkHash } = place;
    expect(epochCommitment(key, networkHash)).toEqual(content.commitment);
    expect(epochCommitment(previous.key, networkHash)).not.toEqual(content.commitment);
    expect(epochCommitment(key, hash("other"))).not.toEqual(content.commitment);
  });
});

const read = (from: EpochContent | CborItem): EpochContent | string => {
  const item = isContent(from) ? epochToItem(from) : from;
  const outcome = readWhole(encodeCbor(item), readEpoch);
  return outcome.ok ? outcome.value : outcome.error.code;
};

const isContent = (from: EpochContent | CborItem): from is EpochContent =>
  typeof from === "object" && from !== null && "boxes" in from;

describe("its bytes", () => {
  const key1 = [bytes(32, 1), bytes(1_168)];
  const key2 = [bytes(32, 2), bytes(1_168)];
  const sound = (): CborItem[] => [1, bytes(32), [bytes(16), bytes(48)], [key1, key2], null];
  const withItem = (index: number, item: CborItem): CborItem[] => sound().with(index, item);

  test("come back as they were, for every form", () => {
    expect(read(content)).toEqual(content);
    const first = { ...content, previous: null, collection: shortHashOf(random.bytes(16)) };
    expect(read(first)).toEqual(first);
    expect(read(sound())).toMatchObject({ collection: null, boxes: [{}, {}] });
    expect(read(withItem(3, []))).toMatchObject({ boxes: [] });
  });

  test("another scheme is told apart from what is broken", () => {
    expect(read(withItem(0, 2))).toBe("unsupported");
    expect(read([2, "a tree of keys"])).toBe("unsupported");
    expect(read(withItem(0, "1"))).toBe("wrongShape");
  });

  const shapes: readonly (readonly [string, CborItem])[] = [
    ["no array", bytes(32)],
    ["nothing", []],
    ["a part too few", sound().slice(0, 4)],
    ["a part too many", [...sound(), null]],
    ["a short commitment", withItem(1, bytes(31))],
    ["no commitment", withItem(1, null)],
    ["a previous key without its id", withItem(2, [bytes(48)])],
    ["a previous key with more", withItem(2, [bytes(16), bytes(48), null])],
    ["a short previous id", withItem(2, [bytes(15), bytes(48)])],
    ["a previous key of another size", withItem(2, [bytes(16), bytes(49)])],
    ["devices that are no list", withItem(3, null)],
    ["a device without a box", withItem(3, [[bytes(32)]])],
    ["a device with more", withItem(3, [[...key1, null]])],
    ["a short signing key", withItem(3, [[bytes(31), bytes(1_168)]])],
    ["a short box", withItem(3, [[bytes(32), bytes(1_167)]])],
    ["a long box", withItem(3, [[bytes(32), bytes(1_169)]])],
    ["devices that fall", withItem(3, [key2, key1])],
    ["a device twice", withItem(3, [key1, key1])],
    ["a collection of another size", withItem(4, bytes(32))],
    ["a collection by name", withItem(4, "notes")],
  ];
  test.each(shapes)("are refused: %s", (_what, item) => {
    expect(["wrongShape", "truncated"]).toContain(read(item));
  });

  test("hold so many devices and no more", () => {
    const device = (at: number): CborItem => [
      Uint8Array.from({ length: 32 }, (_, index) => [at >> 8, at & 255][index] ?? 0),
      bytes(1_168),
    ];
    const full = Array.from({ length: epochDevicesMax }, (_, at) => device(at));
    expect(read(withItem(3, full))).toMatchObject({ commitment: bytes(32) });
    expect(read(withItem(3, [...full, device(epochDevicesMax)]))).toBe("tooManyItems");
  });

  test("cut anywhere, lengthened or changed they are a value or a fault, never thrown", () => {
    const whole = encodeCbor(epochToItem(content));
    for (let length = 0; length < whole.length; length++) {
      expect(readWhole(whole.subarray(0, length), readEpoch).ok).toBe(false);
    }
    const longer = Uint8Array.of(...whole, 0);
    expect(readWhole(longer, readEpoch)).toMatchObject({ error: { code: "trailing" } });
    for (let run = 0; run < 5_000; run++) {
      const changed = flipped(whole, run % 100);
      changed[random.integer(whole.length)] = random.integer(256);
      const outcome = readWhole(changed, readEpoch);
      // What is taken is written again byte for byte: there is one spelling.
      if (outcome.ok) expect(encodeCbor(epochToItem(outcome.value))).toEqual(changed);
    }
  });
});
