/**
 * Control records, proposals and control messages as a stranger or a lying member sends them: none
 * throws, none is taken for what it is not, and nobody honest moves by them. HOSTILE_FRAMES=… plays
 * more records, HOSTILE_SEED=… others.
 */
import { expect, test } from "vitest";
import { hexToBytes } from "../../../../../src/core/base/bytes.ts";
import { scopeIdOf, shortHashOf, writerIdOf } from "../../../../../src/core/base/ids.ts";
import { readForm } from "../../../../../src/core/cbor/form.ts";
import { encodeCbor } from "../../../../../src/core/cbor/item.ts";
import { CborReader } from "../../../../../src/core/cbor/reader.ts";
import { controlRecordBytesMax } from "../../../../../src/core/base/limits.ts";
import { deriveKey, hash } from "../../../../../src/core/crypto/hash.ts";
import type { CryptoPort } from "../../../../../src/core/crypto/port.ts";
import {
  contentNumber,
  encodeContent,
  readContent,
  type ControlContent,
} from "../../../../../src/core/network/closed/content.ts";
import {
  openSettings,
  sealSettings,
  type CollectionSettings,
} from "../../../../../src/core/network/closed/settings.ts";
import {
  networkKeysOf,
  type EpochKey,
  type Epochs,
  type NetworkKeys,
} from "../../../../../src/core/network/keys.ts";
import {
  encodeSignedProposal,
  parseRecord,
  parseSignedProposal,
} from "../../../../../src/core/network/closed/record.ts";
import { makeProposal } from "../../../../../src/core/network/closed/make.ts";
import {
  decodeControlMessage,
  encodeControlMessage,
  type ControlMessage,
} from "../../../../../src/core/sync/controlMessage.ts";
import { createTestNetwork, lastOf, type TestNetwork } from "../../../../support/closedNetwork.ts";
import { mutate } from "../../../../support/mutate.ts";
import { createNodeCrypto } from "../../../../support/nodeCrypto.ts";
import { createRandom } from "../../../../support/random.ts";

const scope = scopeIdOf(new Uint8Array(16).fill(7));
const writer = writerIdOf(new Uint8Array(16).fill(8));
const otherWriter = writerIdOf(new Uint8Array(16).fill(9));
const header = shortHashOf(new Uint8Array(16).fill(10));

const turns = Number(process.env["HOSTILE_FRAMES"] ?? 10_000);
const seed = Number(process.env["HOSTILE_SEED"] ?? 1);
const timeout = 60_000 + turns * 5;

const isSame = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

const title = "20,000 malformed records and proposals: no error escapes, and the chain stands";
test(title, { timeout }, async () => {
  const network = await createTestNetwork(4);
  const { chain, crypto } = network;
  await network.decide(await network.admit(await network.person()));
  const content = await network.admit(await network.person());
  const next = await network.record(content);
  const request = { networkHash: network.networkHash, base: chain.head(), content };
  const proposal = encodeSignedProposal(
    await makeProposal(request, [network.creator.device], crypto),
  );
  const [head, held] = [chain.head(), chain.records().length];
  const random = createRandom(10 + seed);
  let parsed = 0;
  for (let turn = 0; turn < turns; turn++) {
    const record = mutate(next, random);
    if (!isSame(record, next)) {
      if (parseRecord(record).ok) parsed += 1;
      const taken = await chain.append(record);
      expect(taken.ok && taken.value.isNew).toBe(false);
    }
    const read = parseSignedProposal(mutate(proposal, random));
    // What can be read is written again as it was
    if (read.ok) expect(read.value.signed.bytes.length).toBeGreaterThan(0);
  }
  // Some are well formed, so that signatures and rules were asked
  expect(parsed).toBeGreaterThan(50);
  expect(chain.head()).toEqual(head);
  expect(chain.records()).toHaveLength(held);
  expect((await chain.append(next)).ok).toBe(true);
});

/** One of each kind that a sequencer decides, with all that may stand in it. */
const contentsOf = async (network: TestNetwork): Promise<readonly ControlContent[]> => {
  const [device, row] = [network.creator.device.publicKey, { writer, n: 5, header }];
  const frontier = new Map([[scope, [row, { ...row, writer: otherWriter, n: 1 }]]]);
  const account = network.creator.account.publicKey;
  const [bytes, sealed] = [new Uint8Array(40).fill(1), new Uint8Array(48).fill(2)];
  return [
    await network.admit(await network.person(), "reader"),
    { kind: "remove", account, devices: [device], hostile: true, frontier, epoch: bytes },
    { kind: "role", account, role: "reader", frontier },
    { kind: "epoch", epoch: bytes },
    { kind: "invite", publicKey: device, purpose: "device", role: "owner", uses: 3, expiry: 9 },
    { kind: "revoke", publicKey: device },
    { kind: "collection", scope, settings: bytes },
    { kind: "transfer", device },
    { kind: "term", sequencer: device, keys: [{ id: header, sealed }] },
    { kind: "fork", scope, writer, headers: [header, header] },
    { kind: "policy", bytes },
    { kind: "name", account, sealed },
    { kind: "keys", keys: [{ id: header, sealed }] },
    { kind: "unknown", number: 77, bytes: encodeCbor([1, "what is this"]) },
  ];
};

test("every kind is read as written, and 28,000 malformed contents do no harm", async () => {
  const network = await createTestNetwork(5);
  const random = createRandom(13);
  const readerOf = (bytes: Uint8Array): CborReader => new CborReader(bytes);
  for (const content of await contentsOf(network)) {
    const [number, bytes] = [contentNumber(content), encodeContent(content)];
    expect(readContent(number, bytes, readerOf)).toEqual(content);
    for (let turn = 0; turn < 2_000; turn++) {
      const changed = mutate(bytes, random);
      const read = readForm(() => readContent(number, changed, readerOf));
      // What can be read means one thing only
      if (read.ok) expect(encodeContent(read.value), content.kind).toEqual(changed);
    }
  }
});

test("10,000 malformed settings, sealed by a member or not, do no harm", async () => {
  const crypto = createNodeCrypto(createRandom(6));
  const keys = networkKeysOf(new Uint8Array(32).fill(1), new Uint8Array(32).fill(2));
  const epoch = { id: header, key: new Uint8Array(32).fill(3) };
  const epochs: Pick<Epochs, "key"> = { key: (id) => (id === header ? epoch.key : null) };
  const settings: CollectionSettings = {
    ...{ name: "notes", strategy: "last-write-wins", strategyVersion: 1 },
    ...{ atomicPaths: [["a", "b"], ["c"]], indexes: [new Uint8Array([1, 2])] },
    extensions: [{ id: 4, critical: false, bytes: new Uint8Array([5]) }],
  };
  const open = (of: typeof scope, bytes: Uint8Array, known: Pick<Epochs, "key"> = epochs) =>
    openSettings(of, bytes, { keys, epochs: known }, crypto);
  const made = await sealSettings(settings, epoch, keys, crypto);
  expect(await open(made.scope, made.settings)).toEqual({ ok: true, value: settings });
  // Of another collection, or without the key
  expect(await open(scope, made.settings)).toMatchObject({ error: "settings-seal" });
  const none = { key: () => null };
  expect(await open(made.scope, made.settings, none)).toMatchObject({ error: "settings-key" });
  const other = await sealSettings({ ...settings, name: "others" }, epoch, keys, crypto);
  expect(other.scope).not.toBe(made.scope);
  const random = createRandom(14);
  for (let turn = 0; turn < 5_000; turn++) {
    const bytes = mutate(made.settings, random);
    if (!isSame(bytes, made.settings)) expect((await open(made.scope, bytes)).ok).toBe(false);
  }
  // A member has the key, and may seal anything
  const plain = encodeCbor([1, "notes", "s", 1, [["a"]], [], []]);
  for (let turn = 0; turn < 5_000; turn++) {
    const sealed = await sealedAnyhow(mutate(plain, random), made.scope, { crypto, keys, epoch });
    const read = await open(made.scope, sealed);
    if (read.ok) expect(read.value.name).toBe("notes");
  }
  const renamed = encodeCbor([1, "others", "s", 1, [], [], []]);
  const swapped = await sealedAnyhow(renamed, made.scope, { crypto, keys, epoch });
  expect(await open(made.scope, swapped)).toMatchObject({ error: "settings-scope" });
  const newer = await sealedAnyhow(encodeCbor([2, 0, 0]), made.scope, { crypto, keys, epoch });
  expect(await open(made.scope, newer)).toMatchObject({ error: "settings-version" });
});

const sealedAnyhow = async (
  plain: Uint8Array,
  of: typeof scope,
  {
    crypto,
    keys,
    epoch,
  }: { readonly crypto: CryptoPort; readonly keys: NetworkKeys; readonly epoch: EpochKey },
): Promise<Uint8Array> => {
  const salt = new Uint8Array(32).fill(9);
  const parts = [keys.networkHash, hexToBytes(of)];
  const key = deriveKey(epoch.key, "collection", parts, { salt });
  const sealed = await crypto.seal(key, hash("collection", ...parts), plain);
  return encodeCbor([hexToBytes(epoch.id), salt, sealed]);
};

test("what is too long is not read at all", () => {
  const long = new Uint8Array(controlRecordBytesMax + 1);
  expect(parseRecord(long)).toEqual({ ok: false, error: "record-too-long" });
  expect(parseSignedProposal(long)).toEqual({ ok: false, error: "record-too-long" });
});

test("another version is told apart from nonsense", async () => {
  const { genesis } = await createTestNetwork();
  const record = parseRecord(genesis);
  if (!record.ok) throw new Error(record.error);
  const newer = encodeCbor([encodeCbor([2, 0, 0]), record.value.signature]);
  expect(parseRecord(newer)).toEqual({ ok: false, error: "record-version" });
  expect(parseRecord(encodeCbor([genesis]))).toEqual({ ok: false, error: "record-form" });
});

test("control messages are read as written, and 10,000 malformed ones do no harm", async () => {
  const { chain, genesis } = await createTestNetwork();
  const { hash } = chain.head();
  const messages: readonly ControlMessage[] = [
    { kind: "head", head: chain.head(), have: [hash, hash] },
    { kind: "records", records: [genesis, lastOf(chain).bytes] },
    { kind: "proposal", signed: genesis },
    { kind: "answer", nonce: new Uint8Array(16), fault: "no-right" },
    { kind: "answer", nonce: new Uint8Array(16), fault: null },
    { kind: "handover", sealed: new Uint8Array(1_200) },
    { kind: "admission", invite: new Uint8Array(32), signature: new Uint8Array(64) },
    { kind: "refusal", reason: "invite-used" },
  ];
  const random = createRandom(12);
  for (const message of messages) {
    const bytes = encodeControlMessage(message);
    expect(decodeControlMessage(bytes)).toEqual({ ok: true, value: message });
    for (let turn = 0; turn < 1_300; turn++) {
      const changed = mutate(bytes, random);
      const read = decodeControlMessage(changed);
      if (read.ok) expect(encodeControlMessage(read.value)).toEqual(changed);
    }
  }
});
