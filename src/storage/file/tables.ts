/**
 * A tables file: batches one behind the other (tableRecord.ts), the last value of a key counts. A
 * batch is one write, so all of it stands or none; what a batch replaced stays as waste until all
 * that counts is copied to a new file (copyTables.ts).
 *
 * `tables-<number>` = ["NBT1", marker 8 bytes, solid to u64 LE, CRC-32C of both u32 LE, records…].
 * A copy gets its beginning last: without one it is not finished.
 */
import { concatBytes, equalBytes } from "../../core/base/bytes.ts";
import { crc32c } from "../../core/base/crc32c.ts";
import type { FileFolder, FileHandle } from "../files.ts";
import { createAppendFile, type AppendFile } from "./appendFile.ts";
import type { Directory } from "./directory.ts";
import { markerBytes } from "./manifest.ts";
import { emptyScan, scanTables, type Scanned } from "./scanTables.ts";
import {
  decodeHead,
  encodeRecord,
  frameBytes,
  headLength,
  noChange,
  type Place,
  type TableChange,
} from "./tableRecord.ts";

export interface Tables {
  readonly number: number;
  readonly directory: Directory;
  /** The journal's sequence up to which segments hold it. */
  readonly absorbed: () => number;
  /** The same, as a crash could not take it back. */
  readonly solidAbsorbed: () => number;
  readonly bytes: () => number;
  /** Bytes when it was made by copying. */
  readonly copiedBytes: () => number;
  /** The envelope at a place of the directory. */
  readonly read: (place: Place) => Uint8Array;
  readonly append: (change: TableChange, durability: "strict" | "relaxed") => void;
  /** Everything of before is on the disk when it returns. */
  readonly flush: () => void;
  /** Says at the end of the file that all of it is solid: what breaks later is damage. */
  readonly seal: () => void;
  /** Of a copy: all of it is there. */
  readonly finish: () => void;
  readonly close: () => void;
}

export const tablesName = (number: number): string => `tables-${number}`;

/** The number in a file's name; null: another file. */
export const tablesNumber = (name: string): number | null => {
  const digits = /^tables-([1-9][0-9]{0,14})$/.exec(name)?.[1];
  return digits === undefined ? null : Number(digits);
};

/** An empty file, whatever stood there; `isCopy`: to be filled and finished. */
export const makeTables = async (
  folder: FileFolder,
  options: { readonly number: number; readonly marker: Uint8Array; readonly isCopy: boolean },
): Promise<Tables> => {
  const { number, marker, isCopy } = options;
  const handle = await folder.open(tablesName(number));
  try {
    handle.truncate(0);
    if (!isCopy) handle.write(encodeBeginning(marker, beginningBytes), 0);
    const file = createAppendFile(handle, beginningBytes);
    const scanned = emptyScan(beginningBytes);
    return createTables({ number, marker, handle, file, scanned, copiedBytes: beginningBytes });
  } catch (cause) {
    handle.close();
    throw cause;
  }
};

export interface OpenedTables {
  readonly tables: Tables;
  /** What is broken where nothing may be: batches that are lost. */
  readonly faults: readonly string[];
}

/** The file must be there. */
export const openTables = async (
  folder: FileFolder,
  options: { readonly number: number; readonly marker: Uint8Array },
): Promise<OpenedTables> => {
  const { number, marker } = options;
  const handle = await folder.open(tablesName(number));
  const beginning = decodeBeginning(handle.read(0, beginningBytes));
  const isOurs = beginning !== null && equalBytes(beginning.marker, marker);
  const copiedBytes = isOurs ? beginning.solidTo : beginningBytes;
  const from = { begin: beginningBytes, solidTo: copiedBytes, marker };
  const scanned = await scanTables(handle, from);
  const file = createAppendFile(handle, scanned.end);
  const faults = isOurs ? scanned.faults : ["its beginning is damaged", ...scanned.faults];
  return {
    tables: createTables({ number, marker, handle, file, scanned, copiedBytes }),
    faults,
  };
};

/** The marker of a file that was finished; null: it was not, or its beginning is damaged. */
export const markerOfTables = async (
  folder: FileFolder,
  number: number,
): Promise<Uint8Array | null> => {
  const bytes = await folder.read(tablesName(number), 0, beginningBytes);
  return bytes === null ? null : (decodeBeginning(bytes)?.marker ?? null);
};

interface TablesParts {
  readonly number: number;
  readonly marker: Uint8Array;
  readonly handle: FileHandle;
  readonly file: AppendFile;
  readonly scanned: Scanned;
  readonly copiedBytes: number;
}

const createTables = (parts: TablesParts): Tables => {
  const { number, marker, handle, file, scanned } = parts;
  const { directory } = scanned;
  let { copiedBytes } = parts;
  let absorbed = scanned.absorbed;
  let solidAbsorbed = absorbed;
  let { isSealed } = scanned;
  const flush = (): void => {
    file.flush();
    solidAbsorbed = absorbed;
  };
  const append = (change: TableChange, durability: "strict" | "relaxed"): void => {
    // Only then can the record say of what stands before it that it is solid
    if (durability === "strict") flush();
    const at = file.end();
    const record = encodeRecord(change, { marker, at, solidTo: file.flushedTo() });
    file.append(record, durability);
    const head = headOf(record, at);
    directory.apply(head);
    absorbed = change.absorbed;
    isSealed = false;
    if (durability === "strict") solidAbsorbed = absorbed;
  };
  return {
    ...{ number, directory, flush, append },
    copiedBytes: () => copiedBytes,
    absorbed: () => absorbed,
    solidAbsorbed: () => solidAbsorbed,
    bytes: () => file.end(),
    read: ({ at, length }) => file.read(at, length),
    seal: () => {
      if (isSealed) return;
      append({ ...noChange, absorbed }, "strict");
      isSealed = true;
    },
    finish: () => {
      flush();
      copiedBytes = file.end();
      handle.write(encodeBeginning(marker, copiedBytes), 0);
      handle.flush();
      isSealed = true;
    },
    close: () => {
      file.close();
    },
  };
};

const headOf = (record: Uint8Array, at: number): NonNullable<ReturnType<typeof decodeHead>> => {
  const length = headLength(record, record.subarray(0, markerBytes)) ?? 0;
  const head = decodeHead(record.subarray(0, frameBytes + length), at);
  if (head === null) throw new Error("a record that was just written can not be read");
  return head;
};

const magic = Uint8Array.of(0x4e, 0x42, 0x54, 0x31);
const beginningBytes = 24;

const encodeBeginning = (marker: Uint8Array, solidTo: number): Uint8Array => {
  const numbers = new Uint8Array(12);
  const view = new DataView(numbers.buffer);
  view.setBigUint64(0, BigInt(solidTo), true);
  view.setUint32(8, crc32c(concatBytes(magic, marker, numbers.subarray(0, 8))), true);
  return concatBytes(magic, marker, numbers);
};

const decodeBeginning = (
  bytes: Uint8Array,
): { readonly marker: Uint8Array; readonly solidTo: number } | null => {
  if (bytes.length < beginningBytes || !equalBytes(bytes.subarray(0, 4), magic)) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (crc32c(bytes.subarray(0, 20)) !== view.getUint32(20, true)) return null;
  return {
    marker: bytes.slice(4, 4 + markerBytes),
    solidTo: Number(view.getBigUint64(12, true)),
  };
};
