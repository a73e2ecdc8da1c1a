/**
 * What the tables note of the journal in files: which epochs' files count, and how far. It is
 * changed in strict transactions only where it decides, and read at the next opening, so that
 * nothing counts that an old holder writes after it was replaced.
 *
 * CBOR: [1, epoch, in files?, generation 16, reached, [[epoch, generation 16, closing], …]], epochs
 * rising. "In files" is false where the noting opening had none and wrote into the tables.
 * closing = nil: the files of this epoch count to their end; only the noting epoch, the last, may
 * stand so. [sequence, k]: its files up to number k count, in them records up to that sequence.
 * Epochs that are absorbed as a whole are left out, and files of an epoch that is not listed do not
 * count.
 */
import { journalNoteBytesMax, journalNoteEpochsMax } from "../../core/base/limits.ts";
import type { Result } from "../../core/base/result.ts";
import { readForm, type FormError } from "../../core/cbor/form.ts";
import { encodeCbor } from "../../core/cbor/item.ts";
import { CborReader } from "../../core/cbor/reader.ts";
import { expectCount, readOptional, readSized } from "../../core/cbor/structures.ts";
import { generationBytes } from "./format.ts";

export interface Closing {
  /** The last one that counts. */
  readonly sequence: number;
  /** k of its last file. */
  readonly files: number;
}

export interface NotedEpoch {
  readonly epoch: number;
  /** Of its files. */
  readonly generation: Uint8Array;
  /** null: open. */
  readonly closing: Closing | null;
}

export interface JournalNote {
  /** Of the opening that wrote the note. */
  readonly epoch: number;
  /** Whether that one wrote its journal into files. */
  readonly isInFiles: boolean;
  /** Made with the database, and anew after a rollback. */
  readonly generation: Uint8Array;
  /** A sequence up to which records were flushed when the note was written. */
  readonly reached: number;
  readonly epochs: readonly NotedEpoch[];
}

export const encodeNote = (note: JournalNote): Uint8Array =>
  encodeCbor([
    noteVersion,
    note.epoch,
    note.isInFiles,
    note.generation,
    note.reached,
    note.epochs.map(({ epoch: noted, generation: own, closing }) => [
      noted,
      own,
      closing === null ? null : [closing.sequence, closing.files],
    ]),
  ]);

export const decodeNote = (bytes: Uint8Array): Result<JournalNote, FormError> =>
  readForm(() => {
    const reader = new CborReader(bytes, 0, bytes.length, journalNoteBytesMax);
    expectCount(reader, 6);
    if (reader.readUint() !== noteVersion) reader.fail("unsupported", "an unknown version");
    const epoch = reader.readUint();
    const isInFiles = reader.readBoolean();
    const generation = readGeneration(reader);
    const reached = reader.readUint();
    const count = reader.readArrayHead();
    if (count > journalNoteEpochsMax) reader.fail("tooManyItems", "too many epochs");
    const epochs: NotedEpoch[] = [];
    for (let index = 0; index < count; index++) epochs.push(readEpoch(reader));
    reader.expectEnd();
    return { epoch, isInFiles, generation, reached, epochs };
  });

const noteVersion = 1;

const readEpoch = (reader: CborReader): NotedEpoch => {
  expectCount(reader, 3);
  const epoch = reader.readUint();
  const generation = readGeneration(reader);
  const closing = readOptional(reader, () => {
    expectCount(reader, 2);
    return { sequence: reader.readUint(), files: reader.readUint() };
  });
  return { epoch, generation, closing };
};

const readGeneration = (reader: CborReader): Uint8Array => {
  return readSized(reader, generationBytes).slice();
};
