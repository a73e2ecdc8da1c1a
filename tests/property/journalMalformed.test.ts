/**
 * 20,000 malformed journals: good files cut, flipped, mixed and stretched, random bytes behind good
 * heads, and folders of such files beside good tables. Nothing is thrown but typed errors, nothing
 * runs on, and whatever is shown as a record is one that was written, under its own number.
 */
import { expect, test } from "vitest";
import { concatBytes } from "../../src/core/base/bytes.ts";
import { NebulusError } from "../../src/core/base/errors.ts";
import { saltOf } from "../../src/storage/journal/format.ts";
import { readRecords } from "../../src/storage/journal/records.ts";
import { recordsStart } from "../../src/storage/journal/format.ts";
import type { JournalRecord } from "../../src/storage/store.ts";
import { createJournaledMemory } from "../support/journaledMemory.ts";
import { groupOf, journalFileOf, testGeneration } from "../support/journalFile.ts";
import { createRandom, type Random } from "../support/random.ts";

const files = 19_000;
const folders = 1_000;
const timeoutMilliseconds = 120_000;

/** Of a record, so that it says itself which one it is. */
const payloadOf = (sequence: number, size: number): Uint8Array =>
  concatBytes(new Uint8Array([sequence]), new Uint8Array(size).fill(sequence));

const isGenuine = ({ sequence, payload }: JournalRecord): boolean =>
  payload.length > 0 && payload.every((byte) => byte === (sequence & 255));

const goodFile = (random: Random, first: number): Uint8Array => {
  let sequence = first;
  const groups = Array.from({ length: 1 + random.integer(6) }, () =>
    Array.from({ length: 1 + random.integer(3) }, () => {
      const size = random.chance(0.05) ? 2_000 : random.integer(40);
      return { sequence, payload: payloadOf(sequence++, size) };
    }),
  );
  return journalFileOf(groups);
};

/** Where a change may happen: behind the head, which other tests damage. */
const placeIn = (random: Random, file: Uint8Array): number =>
  recordsStart + random.integer(Math.max(1, file.length - recordsStart));

const changes: readonly ((random: Random, file: Uint8Array) => Uint8Array)[] = [
  (random, file) => {
    const copy = file.slice();
    for (let count = 1 + random.integer(5); count > 0; count--) {
      copy[placeIn(random, file)] = random.integer(256);
    }
    return copy;
  },
  (random, file) => file.slice(0, placeIn(random, file)),
  (random, file) => {
    const at = placeIn(random, file);
    return concatBytes(file.subarray(0, at), random.bytes(random.integer(50)), file.subarray(at));
  },
  (random, file) => {
    const [at, from] = [placeIn(random, file), placeIn(random, file)];
    return concatBytes(file.subarray(0, at), file.subarray(from));
  },
  (random, file) => {
    const copy = file.slice();
    const at = placeIn(random, file);
    copy.fill(random.pick([0, 255]), at, at + random.integer(200));
    return copy;
  },
  (random, file) => concatBytes(file, new Uint8Array(random.integer(300))),
  (random, file) => {
    // A length that is possible in a larger file, or in none
    const copy = file.slice();
    const at = Math.min(placeIn(random, file), file.length - 4);
    const lengths = [0, 1, file.length, 64 * 1_048_576, 64 * 1_048_576 + 1, 0xffff_ffff];
    new DataView(copy.buffer).setUint32(at, random.pick(lengths), true);
    return copy;
  },
  (random, file) => {
    const sequence = 1 + random.integer(30);
    return concatBytes(file, groupOf([{ sequence, payload: payloadOf(sequence, 5) }]));
  },
  (random, file) => concatBytes(file.subarray(0, recordsStart), random.bytes(random.integer(400))),
  (random, file) =>
    concatBytes(file, goodFile(random, 1 + random.integer(20)).subarray(recordsStart)),
];

const malformed = (random: Random, first: number): Uint8Array => {
  let file = goodFile(random, first);
  for (let count = 1 + random.integer(3); count > 0; count--) {
    file = random.pick(changes)(random, file);
  }
  return file;
};

test(
  "files",
  async () => {
    let records = 0;
    for (let seed = 1; seed <= files; seed++) {
      const random = createRandom(seed);
      const file = malformed(random, 1);
      let bytesRead = 0;
      const source = {
        read: (at: number, length: number): Uint8Array => {
          bytesRead += length;
          return file.slice(at, at + length);
        },
        ...{ size: file.length, salt: saltOf(testGeneration) },
        ...{ first: 1, isFirstKnown: random.chance(0.8), proven: random.integer(10) },
      };
      let [last, at, ended] = [0, recordsStart, false];
      for await (const item of readRecords(source)) {
        expect(ended, `seed ${seed}: nothing follows the end`).toBe(false);
        if (item.kind === "record") {
          const isSound = isGenuine(item) && item.sequence > last && item.end > at;
          if (!isSound) expect.fail(`seed ${seed}: record ${item.sequence} at ${at}`);
          [last, at] = [item.sequence, item.end];
          records += 1;
        } else if (item.kind !== "damage") ended = true;
      }
      expect(bytesRead, `seed ${seed}`).toBeLessThanOrEqual(4 * file.length);
    }
    expect(records).toBeGreaterThan(files);
  },
  timeoutMilliseconds,
);

test(
  "folders",
  async () => {
    const name = "malformed";
    const outcomes = new Map<string, number>();
    for (let seed = 1; seed <= folders; seed++) {
      const random = createRandom(seed);
      const memory = createJournaledMemory({ seed });
      const store = await memory.adapter.open(name);
      const many = Array.from({ length: 12 }, (_, index) => index + 1);
      for (const sequence of many) {
        const payload = payloadOf(sequence, random.integer(20));
        await store.appendJournal([{ sequence, payload }], "strict");
        if (random.chance(0.1)) await store.write({ absorbedSequence: sequence });
      }
      if (random.chance(0.3)) await store.close();
      memory.kill();
      const folder = new Map(memory.files(name).snapshot());
      for (const [file, content] of [...folder]) {
        if (random.chance(0.8)) folder.set(file, random.pick(changes)(random, content));
        if (random.chance(0.3)) folder.set(`journal-${1 + random.integer(3)}-2`, content);
        if (random.chance(0.1)) folder.delete(file);
      }
      folder.set("journal-1-9", random.bytes(random.integer(13_000)));
      memory.files(name).restore(folder);
      const where = `seed ${seed}`;
      const again = await memory.newAdapter().open(name).catch(typedCode);
      if (typeof again === "string") {
        outcomes.set(again, (outcomes.get(again) ?? 0) + 1);
        continue;
      }
      let last = again.absorbedSequence;
      let shown = 0;
      for await (const found of again.journal()) {
        if (!isGenuine(found) || found.sequence <= last) expect.fail(`${where}: ${found.sequence}`);
        last = found.sequence;
        shown += 1;
      }
      const isWhole = shown === again.lastSequence - again.absorbedSequence;
      // What is not there is told, unless it is a torn end
      expect(isWhole || again.damage().length > 0, where).toBe(true);
      expect(isWhole || !again.journalProvesContinuity, where).toBe(true);
      const kind = again.opening.rolledBack ?? (isWhole ? "whole" : "damaged");
      outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1);
      const next = { sequence: again.lastSequence + 1, payload: payloadOf(1, 1) };
      await again.appendJournal([next], "strict");
    }
    for (const kind of ["whole", "damaged", "journal"])
      expect([...outcomes.keys()]).toContain(kind);
  },
  timeoutMilliseconds,
);

const typedCode = (cause: unknown): string => {
  expect(cause).toBeInstanceOf(NebulusError);
  return cause instanceof NebulusError ? cause.code : "?";
};
