/**
 * The bytes of journal files and of the note in the tables: what stands there comes back, and what
 * is damaged is never taken for something else.
 */
import { describe, expect, test } from "vitest";
import { crc32c } from "../../../../src/core/base/crc32c.ts";
import {
  decodeFileStart,
  encodeConfirmation,
  encodeFileStart,
  journalFileName,
  parseJournalFileName,
  recordsStart,
  sequenceNear,
} from "../../../../src/storage/journal/format.ts";
import { decodeNote, encodeNote } from "../../../../src/storage/journal/note.ts";
import { createRandom } from "../../../support/random.ts";

const random = createRandom(1);
const generation = random.bytes(16);
const head = { generation, first: 2 ** 40 + 7, isConfirmed: true };

const flipped = (bytes: Uint8Array, bit: number): Uint8Array => {
  const copy = bytes.slice();
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
};

describe("the start of a file", () => {
  test("comes back, confirmed or not; a confirmation makes the one the other", () => {
    const start = encodeFileStart({ ...head, isConfirmed: false });
    expect(start.length).toBe(recordsStart);
    expect(decodeFileStart(start)).toEqual({ ...head, isConfirmed: false });
    const { bytes, at } = encodeConfirmation(head);
    start.set(bytes, at);
    expect(start).toEqual(encodeFileStart(head));
    expect(decodeFileStart(start)).toEqual(head);
  });

  test("outlives every flipped bit, and one lost head", () => {
    const start = encodeFileStart(head);
    const places = [0, 4_096, 8_192].map((at) => at * 8);
    for (const place of places) {
      for (let bit = 0; bit < 32 * 8; bit++) {
        expect(decodeFileStart(flipped(start, place + bit))).toMatchObject({ first: head.first });
      }
    }
    expect(decodeFileStart(start.slice().fill(0, 4_096, 4_128))).toEqual(head);
    const unconfirmed = { ...head, isConfirmed: false };
    expect(decodeFileStart(start.slice().fill(0, 8_192))).toEqual(unconfirmed);
    expect(decodeFileStart(start.slice().fill(0, 4_096))).toBe("damaged");
    expect(decodeFileStart(start.subarray(0, 4_100))).toBe("damaged");
    expect(decodeFileStart(new Uint8Array())).toBe("damaged");
  });

  test("of a newer version is known as such only by its own checks", () => {
    const start = encodeFileStart(head);
    start[3] = 0x32;
    expect(decodeFileStart(start)).toEqual(head);
    const magic = [0x4e, 0x42, 0x4a, 0x32];
    const slot = start.subarray(4_100, 4_128);
    const newer = new Uint8Array(recordsStart);
    newer.set(magic);
    newer.set(slot, 4_100);
    new DataView(newer.buffer).setUint32(4_096, crc32c(Uint8Array.of(...magic, ...slot)), true);
    expect(decodeFileStart(newer)).toBe("newer");
    newer[4_110] = (newer[4_110] ?? 0) ^ 1;
    expect(decodeFileStart(newer)).toBe("damaged");
  });

  test("with a sequence that is none is damaged", () => {
    for (const first of [0, 2 ** 53]) {
      expect(decodeFileStart(encodeFileStart({ ...head, first }))).toBe("damaged");
    }
  });
});

test("names come back; others are no names of ours", () => {
  const place = { epoch: 12, number: 345 };
  expect(journalFileName(place)).toBe("journal-12-345");
  expect(parseJournalFileName("journal-12-345")).toEqual(place);
  const others = [
    "fence",
    "journal-0-1",
    "journal-1-0",
    "journal-01-1",
    "journal-1",
    "journal-1-1x",
  ];
  for (const name of [...others, "journal-9999999999999999-1", "Journal-1-1", ""]) {
    expect(parseJournalFileName(name)).toBeNull();
  }
});

test("a sequence is the nearest with its low 32 bits", () => {
  for (const sequence of [1, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 5, 2 ** 53 - 1]) {
    for (const away of [0, 1, -1, 1_000, -1_000, 2 ** 31 - 1]) {
      expect(sequenceNear(sequence - away, sequence % 2 ** 32)).toBe(sequence);
    }
  }
});

describe("the note", () => {
  const note = {
    ...{ epoch: 9, isInFiles: true, generation, reached: 2 ** 40 },
    epochs: [
      { epoch: 3, generation: random.bytes(16), closing: { sequence: 77, files: 2 } },
      { epoch: 9, generation, closing: null },
    ],
  };

  test("comes back", () => {
    for (const one of [note, { ...note, isInFiles: false, epochs: [] }]) {
      expect(decodeNote(encodeNote(one))).toEqual({ ok: true, value: one });
    }
  });

  test("cut, longer or changed gives a reason or another note, never an exception", () => {
    const bytes = encodeNote(note);
    for (let length = 0; length < bytes.length; length++) {
      expect(decodeNote(bytes.subarray(0, length)).ok).toBe(false);
    }
    expect(decodeNote(Uint8Array.of(...bytes, 0)).ok).toBe(false);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      expect(typeof decodeNote(flipped(bytes, bit)).ok).toBe("boolean");
    }
    expect(decodeNote(encodeNote({ ...note, generation: random.bytes(15) })).ok).toBe(false);
  });

  test("of another version, or of too many epochs, is not read", () => {
    const bytes = encodeNote(note);
    bytes[1] = 2;
    expect(decodeNote(bytes)).toMatchObject({ ok: false, error: { what: "an unknown version" } });
    const epochs = Array.from({ length: 1_025 }, (_, epoch) => ({
      ...{ epoch, generation, closing: null },
    }));
    expect(decodeNote(encodeNote({ ...note, epochs })).ok).toBe(false);
  });
});
