/**
 * A document's state as it stands in a page (private to this program; an unknown version is made
 * anew from the log):
 *
 * - plain `[0, shape, birth, stamps or nil, deletion or nil, value, …]`, a value for each path of
 *   the shape
 * - general `[1, [birth, …], [registers, …], deletion or nil, parked]`
 *
 * birth = [writer, n, ms, counter]; stamps = [stamp or nil, …]; stamp = [writer, n, ms, counter,
 * origin or nil], origin = [writer, n, ms, counter]; deletion = [origin, [[writer, n], …]];
 * registers = [path, [base, …], [element, …], [run, …]]; base = [stamp, births, seen or nil,
 * value?], without value for an unset; element = [stamp, births, value, bases or nil], nil for an
 * add; run = [stamp, births, writer, n, total]; births, bases = [writer, n, …]; seen = [[writer, n,
 * total], …]. Writers, paths and shapes are indexes in the page's tables; ms counts from the page's
 * base.
 */
import { bodyDepthMax } from "../base/limits.ts";
import type { Dot, Stamp, Value } from "../base/types.ts";
import type { CborReader } from "../cbor/reader.ts";
import { expectCount, readList, readOptional, writeList } from "../cbor/structures.ts";
import { nestingMax, readValue, valueKey, writeValue } from "../cbor/value.ts";
import type { CborWriter } from "../cbor/writer.ts";
import { pathKey } from "../op/path.ts";
import type { EncodedInsert, HeldDocument } from "../doc/insert.ts";
import type {
  Birth,
  Deletion,
  DocumentState,
  EntryStamp,
  GeneralState,
  HeldBase,
  HeldElement,
  HeldEntry,
  HeldTotal,
  PathRegisters,
  PlainState,
  SeenTotal,
} from "../doc/state.ts";
import type { Shape } from "../doc/shapes.ts";
import type { PageTables } from "./tables.ts";

export interface StateContext {
  readonly tables: PageTables;
  /** Milliseconds since 1970 from which the page's times count. */
  readonly baseMs: number;
}

export const writeDocument = (
  writer: CborWriter,
  state: HeldDocument,
  context: StateContext,
): void => {
  if (state.kind === "insert") writeInsert(writer, state, context);
  else if (state.kind === "plain") writePlain(writer, state, context);
  else writeGeneral(writer, state, context);
};

/** The id stands elsewhere in the page. Fails by the reader on anything that was not written so. */
export const readState = (reader: CborReader, id: string, context: StateContext): DocumentState => {
  const length = reader.readArrayHead();
  switch (reader.readUint()) {
    case 0:
      return readPlain(reader, id, length, context);
    case 1:
      if (length !== 5) reader.fail("wrongShape", "a general state has five elements");
      return readGeneral(reader, id, context);
    default:
      return reader.fail("wrongShape", "a form of state that is not known");
  }
};

// ------------------------------------------------------------------------------------- plain

const writePlain = (writer: CborWriter, state: PlainState, context: StateContext): void => {
  writer.arrayHead(5 + state.values.length);
  writer.uint(0);
  writer.uint(context.tables.shapeIndex(state.shape));
  writeBirth(writer, state.birth, context);
  if (state.stamps === null) writer.nil();
  else {
    writer.arrayHead(state.stamps.length);
    for (const stamp of state.stamps) {
      if (stamp === null) writer.nil();
      else writeStamp(writer, stamp, context);
    }
  }
  writeDeletion(writer, state.deletion, context);
  for (const value of state.values) writeValue(writer, value);
};

/** As its state would be written, which is not made for it. */
const writeInsert = (writer: CborWriter, insert: EncodedInsert, context: StateContext): void => {
  const { shape, dot, time } = insert;
  writer.arrayHead(5 + shape.paths.length);
  writer.uint(0);
  writer.uint(context.tables.shapeIndex(shape));
  writeBirth(writer, { dot, time }, context);
  writer.nil();
  writer.nil();
  insert.writeValues(writer);
};

const readPlain = (
  reader: CborReader,
  id: string,
  length: number,
  context: StateContext,
): PlainState => {
  const shape = context.tables.shapeAt(reader, reader.readUint());
  const birth = readBirth(reader, context);
  const stamps = readOptional(reader, () =>
    readList(reader, () => readOptional(reader, () => readStamp(reader, context))),
  );
  const deletion = readDeletion(reader, context);
  const count = length - 5;
  if (count !== shape.paths.length) reader.fail("wrongShape", "a value for each path");
  const values: Value[] = [];
  for (let at = 0; at < count; at++) values.push(readValue(reader, nestingMax));
  return { kind: "plain", id, birth, shape, values, stamps, deletion };
};

/** Of a plain state: its values come next, one for each path. null: another form. */
export const skipToValues = (reader: CborReader, { tables }: StateContext): Shape | null => {
  const count = reader.readArrayHead() - 5;
  if (reader.readUint() !== 0) return null;
  const shape = tables.shapeAt(reader, reader.readUint());
  if (count !== shape.paths.length) reader.fail("wrongShape", "a value for each path");
  // Birth, stamps, deletion
  for (let left = 3; left > 0; left--) reader.skip(bodyDepthMax);
  return shape;
};

// ----------------------------------------------------------------------------------- general

const writeGeneral = (writer: CborWriter, state: GeneralState, context: StateContext): void => {
  writer.arrayHead(5);
  writer.uint(1);
  writeList(writer, state.births, (birth) => {
    writeBirth(writer, birth, context);
  });
  writeList(writer, state.registers, (registers) => {
    writeRegisters(writer, registers, context);
  });
  writeDeletion(writer, state.deletion, context);
  writer.bool(state.parked);
};

const readGeneral = (reader: CborReader, id: string, context: StateContext): GeneralState => ({
  kind: "general",
  id,
  births: readList(reader, () => readBirth(reader, context)),
  registers: readList(reader, () => readRegisters(reader, context)),
  deletion: readDeletion(reader, context),
  parked: reader.readBoolean(),
});

const writeRegisters = (
  writer: CborWriter,
  { path, base, elements, runs }: PathRegisters,
  context: StateContext,
): void => {
  writer.arrayHead(4);
  writer.uint(context.tables.pathIndex(path));
  writeList(writer, base, (held) => {
    writer.arrayHead(held.kind === "set" ? 4 : 3);
    writeHeld(writer, held, context);
    writeSeen(writer, held.seen, context);
    if (held.kind === "set") writeValue(writer, held.value);
  });
  writeList(writer, elements, (held) => {
    writer.arrayHead(4);
    writeHeld(writer, held, context);
    writeValue(writer, held.element);
    if (held.kind === "add") writer.nil();
    else writeDots(writer, held.bases, context);
  });
  writeList(writer, runs, (held) => {
    writer.arrayHead(5);
    writeHeld(writer, held, context);
    writeDot(writer, held.run, context);
    writer.number(held.total);
  });
};

const readRegisters = (reader: CborReader, context: StateContext): PathRegisters => {
  expectCount(reader, 4);
  const path = context.tables.pathAt(reader, reader.readUint());
  const base = readList(reader, () => readBase(reader, context));
  const elements = readList(reader, () => readElement(reader, context));
  const runs = readList(reader, (): HeldTotal => {
    expectCount(reader, 5);
    const held = readHeld(reader, context);
    return { ...held, run: readDot(reader, context), total: reader.readNumber() };
  });
  return { key: pathKey(path), path, base, elements, runs };
};

const readBase = (reader: CborReader, context: StateContext): HeldBase => {
  const length = reader.readArrayHead();
  const held = readHeld(reader, context);
  const seen = readOptional(reader, () => readSeen(reader, context)) ?? [];
  if (length === 3) return { ...held, kind: "unset", seen };
  if (length !== 4) reader.fail("wrongShape", "a base value has three or four elements");
  return { ...held, kind: "set", seen, value: readValue(reader, bodyDepthMax) };
};

const readElement = (reader: CborReader, context: StateContext): HeldElement => {
  expectCount(reader, 4);
  const held = readHeld(reader, context);
  const element = readValue(reader, bodyDepthMax);
  const bases = readOptional(reader, () => readDots(reader, context));
  const named = { ...held, element, elementKey: valueKey(element) };
  return bases === null ? { ...named, kind: "add" } : { ...named, kind: "remove", bases };
};

const writeHeld = (writer: CborWriter, held: HeldEntry, context: StateContext): void => {
  writeStamp(writer, held, context);
  writeDots(writer, held.births, context);
};

const readHeld = (reader: CborReader, context: StateContext): HeldEntry => ({
  ...readStamp(reader, context),
  births: readDots(reader, context),
});

const writeSeen = (writer: CborWriter, seen: readonly SeenTotal[], context: StateContext): void => {
  if (seen.length === 0) {
    writer.nil();
    return;
  }
  writeList(writer, seen, ({ run, total }) => {
    writer.arrayHead(3);
    writeDot(writer, run, context);
    writer.number(total);
  });
};

const readSeen = (reader: CborReader, context: StateContext): readonly SeenTotal[] =>
  readList(reader, () => {
    expectCount(reader, 3);
    return { run: readDot(reader, context), total: reader.readNumber() };
  });

// ------------------------------------------------------------------------------ dots and times

const writeBirth = (writer: CborWriter, { dot, time }: Birth, context: StateContext): void => {
  writeStampFields(writer, 4, { ...dot, time }, context);
};

const readBirth = (reader: CborReader, context: StateContext): Birth => {
  const { writer, n, time } = readOrigin(reader, context);
  return { dot: { writer, n }, time };
};

const writeStamp = (writer: CborWriter, stamp: EntryStamp, context: StateContext): void => {
  const { dot, time, origin } = stamp;
  writeStampFields(writer, 5, { ...dot, time }, context);
  if (origin === null) writer.nil();
  else writeStampFields(writer, 4, origin, context);
};

const readStamp = (reader: CborReader, context: StateContext): EntryStamp => {
  expectCount(reader, 5);
  const { writer, n, time } = readStampFields(reader, context);
  const origin = readOptional(reader, () => readOrigin(reader, context));
  return { dot: { writer, n }, time, origin };
};

const readOrigin = (reader: CborReader, context: StateContext): Stamp => {
  expectCount(reader, 4);
  return readStampFields(reader, context);
};

const writeStampFields = (
  writer: CborWriter,
  count: 4 | 5,
  stamp: Stamp,
  context: StateContext,
): void => {
  writer.arrayHead(count);
  writeDot(writer, stamp, context);
  writer.int(stamp.time.ms - context.baseMs);
  writer.uint(stamp.time.counter);
};

const readStampFields = (reader: CborReader, context: StateContext): Stamp => {
  const { writer, n } = readDot(reader, context);
  const ms = reader.readInteger() + context.baseMs;
  return { writer, n, time: { ms, counter: reader.readUint() } };
};

const writeDeletion = (
  writer: CborWriter,
  deletion: Deletion | null,
  context: StateContext,
): void => {
  if (deletion === null) {
    writer.nil();
    return;
  }
  writer.arrayHead(2);
  writeStampFields(writer, 4, deletion.stamp, context);
  writeDots(writer, deletion.vector, context);
};

const readDeletion = (reader: CborReader, context: StateContext): Deletion | null =>
  readOptional(reader, () => {
    expectCount(reader, 2);
    return { stamp: readOrigin(reader, context), vector: readDots(reader, context) };
  });

const writeDots = (writer: CborWriter, dots: readonly Dot[], context: StateContext): void => {
  writer.arrayHead(dots.length * 2);
  for (const dot of dots) writeDot(writer, dot, context);
};

const readDots = (reader: CborReader, context: StateContext): readonly Dot[] => {
  const length = reader.readArrayHead();
  if (length % 2 === 1) reader.fail("wrongShape", "pairs of writer and n");
  const dots: Dot[] = [];
  for (let left = length; left > 0; left -= 2) dots.push(readDot(reader, context));
  return dots;
};

const writeDot = (writer: CborWriter, { writer: by, n }: Dot, context: StateContext): void => {
  writer.uint(context.tables.writerIndex(by));
  writer.uint(n);
};

const readDot = (reader: CborReader, context: StateContext): Dot => {
  const writer = context.tables.writerAt(reader, reader.readUint());
  return { writer, n: reader.readUint() };
};
