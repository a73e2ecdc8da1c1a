/**
 * What members say to each other about who holds what: bytes, bounds, and how a session passes it
 * on.
 */
import { expect, test } from "vitest";
import { bytesToHex } from "../../../../src/core/base/bytes.ts";
import {
  acknowledgedDevicesMax,
  acknowledgementsPerMessageMax,
  controlMessageBytesTarget,
  unaskedMessagesBurst,
} from "../../../../src/core/base/limits.ts";
import {
  decodeAcknowledgeMessage,
  encodeAcknowledgeMessage,
  type AcknowledgeMessage,
} from "../../../../src/core/sync/acknowledgeMessage.ts";
import { inParts } from "../../../../src/core/sync/pieces.ts";
import { createSession, stepSession } from "../../../../src/core/sync/session.ts";
import type { SessionView } from "../../../../src/core/sync/sessionState.ts";
import { mutate } from "../../../support/mutate.ts";
import { createRandom } from "../../../support/random.ts";

const device = "0123456789abcdef0123456789abcdef";
const bytes = new Uint8Array([1, 2, 3]);
const messages: readonly AcknowledgeMessage[] = [
  { kind: "held", numbers: [{ device, incarnation: 1, counter: 500 }] },
  { kind: "ask", numbers: [{ device, incarnation: 0, counter: 0 }] },
  {
    kind: "given",
    given: [
      { bytes, certificate: null },
      { bytes, certificate: bytes },
    ],
  },
];

test("are read as they were written, in the bytes of the format", () => {
  for (const message of messages) {
    const read = decodeAcknowledgeMessage(encodeAcknowledgeMessage(message));
    expect(read).toEqual({ ok: true, value: message });
  }
  expect(messages.map((message) => bytesToHex(encodeAcknowledgeMessage(message)))).toEqual([
    `8200818350${device}011901f4`,
    `8201818350${device}0000`,
    "8202828243010203f6824301020343010203",
  ]);
});

test("no list is longer than a message may have", () => {
  const number = { device, incarnation: 0, counter: 1 };
  const refused = (message: AcknowledgeMessage): boolean =>
    !decodeAcknowledgeMessage(encodeAcknowledgeMessage(message)).ok;
  const many = <T>(count: number, one: T): readonly T[] => Array.from({ length: count }, () => one);
  expect(refused({ kind: "held", numbers: many(acknowledgedDevicesMax, number) })).toBe(false);
  expect(refused({ kind: "held", numbers: many(acknowledgedDevicesMax + 1, number) })).toBe(true);
  const given = { bytes, certificate: null };
  expect(refused({ kind: "given", given: many(acknowledgementsPerMessageMax + 1, given) })).toBe(
    true,
  );
});

test("malformed ones do no harm", () => {
  const random = createRandom(31);
  const good = messages.map(encodeAcknowledgeMessage);
  for (let turn = 0; turn < 10_000; turn++) {
    const read = decodeAcknowledgeMessage(mutate(random.pick(good), random));
    if (read.ok)
      expect(decodeAcknowledgeMessage(encodeAcknowledgeMessage(read.value))).toEqual(read);
  }
});

test("long lists are told in parts, one that is too long by itself alone", () => {
  const half = controlMessageBytesTarget / 2;
  const parts = inParts([half, half, 1, 3 * half, 1, 1, 1], (size) => size, 2);
  expect(parts).toEqual([[half, half], [1], [3 * half], [1, 1], [1]]);
  expect(inParts([], () => 1, 2)).toEqual([]);
});

test("a session hands them on, as what comes unasked", () => {
  const identity = { role: "I", key: new Uint8Array(32), transcript: new Uint8Array(32) } as const;
  const view: SessionView = {
    ...{ hasHeader: () => false, isClaimed: () => false, ownWriters: () => new Set() },
    ...{ locator: () => [], headProof: () => null, paceOf: () => "usual" },
  };
  let state = createSession(identity, 0);
  const message = { kind: "acknowledge", body: bytes } as const;
  const input = { kind: "message", message, bytes: 10 } as const;
  for (let count = 0; count < unaskedMessagesBurst; count++) {
    const stepped = stepSession(state, input, view);
    state = stepped.state;
    expect(stepped.outputs).toEqual([message]);
  }
  const { outputs } = stepSession(state, input, view);
  expect(outputs).toContainEqual({ kind: "close", code: "rate" });
});
