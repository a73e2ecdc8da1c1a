/**
 * Control records, proposals and control messages as a stranger or a lying member sends them: none
 * throws, none is taken for what it is not, and nobody honest moves by them.
 */
import { expect, test } from "vitest";
import { encodeCbor } from "../../../../../src/core/cbor/item.ts";
import { controlRecordBytesMax } from "../../../../../src/core/base/limits.ts";
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
import { createTestNetwork, lastOf } from "../../../../support/closedNetwork.ts";
import { mutate } from "../../../../support/mutate.ts";
import { createRandom } from "../../../../support/random.ts";

const isSame = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

test("20,000 malformed records and proposals: no error escapes, and the chain stands", async () => {
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
  const random = createRandom(11);
  let parsed = 0;
  for (let turn = 0; turn < 10_000; turn++) {
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
  ];
  const random = createRandom(12);
  for (const message of messages) {
    const bytes = encodeControlMessage(message);
    expect(decodeControlMessage(bytes)).toEqual({ ok: true, value: message });
    for (let turn = 0; turn < 1_700; turn++) {
      const changed = mutate(bytes, random);
      const read = decodeControlMessage(changed);
      if (read.ok) expect(encodeControlMessage(read.value)).toEqual(changed);
    }
  }
});
