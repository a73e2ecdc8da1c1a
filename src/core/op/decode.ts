/**
 * From the bytes of an op (layout: encode.ts) to what it says. The bytes are canonical CBOR
 * already; here every further rule of FORMATS.md §2 is held. What breaks one is a no-op, the same
 * for everyone; what only a later version can know parks its document.
 */
import { writerIdOf } from "../base/ids.ts";
import {
  bodyDepthMax,
  clockCounterMax,
  clockMillisecondsMax,
  depthMax,
  documentIdBytesMax,
  opBytesMax,
  unsetEntriesPerOpMax,
  writeEntriesPerOpMax,
} from "../base/limits.ts";
import type { Dot, Path, Stamp, Time, Value } from "../base/types.ts";
import { utf8Length } from "../base/utf8.ts";
import { readForm } from "../cbor/form.ts";
import { CborReader } from "../cbor/reader.ts";
import { readValue, valueKey } from "../cbor/value.ts";
import { compareDots, equalDots, sortDots } from "./dots.ts";
import { kindNumbers } from "./encode.ts";
import { pathKey } from "./path.ts";
import type { Entry, NoOp, Op, SeenRun, WriteOp } from "./types.ts";

/** What an op's place in its segment says about it. */
export interface DecodeContext {
  readonly dot: Dot;
  readonly time: Time;
  /** The body's table; null where a path breaks the rules. */
  readonly paths: readonly (Path | null)[];
  /** What [row, n] names, or null where that is beyond the row; row 0 ends before the op itself. */
  readonly dotOf: (row: number, n: number) => Dot | null;
}

/** `bytes`: one op, canonical CBOR. */
export const decodeOp = (bytes: Uint8Array, context: DecodeContext): Op | NoOp => {
  const { dot } = context;
  if (bytes.length > opBytesMax) return { kind: "no-op", dot, reason: "more than 1 MiB" };
  const op = readForm(() => readOp(new CborReader(bytes), context));
  return op.ok ? op.value : { kind: "no-op", dot, reason: op.error.what };
};

const readOp = (reader: CborReader, context: DecodeContext): Op => {
  const length = reader.readArrayHead();
  if (length < 3) wrong(reader, "an op has three elements at least");
  const kind = reader.readUint();
  const id = readId(reader);
  reader.readUint();
  const { dot, time } = context;
  switch (kind) {
    case 0: {
      if (length < 6) wrong(reader, "a write has six elements");
      const op = readWrite(reader, id, context);
      return op === null || length > 6 ? { kind: "unknown", id, dot, time } : op;
    }
    case 1: {
      if (length < 4) wrong(reader, "a delete has four elements");
      const births = readDots(reader, context);
      return length > 4
        ? { kind: "unknown", id, dot, time }
        : { kind: "delete", id, dot, time, births };
    }
    default:
      return { kind: "unknown", id, dot, time };
  }
};

const wrong = (reader: CborReader, what: string): never => reader.fail("wrongShape", what);

const readId = (reader: CborReader): string => {
  const id = reader.readText();
  if (id === "" || utf8Length(id) > documentIdBytesMax) wrong(reader, "an id has 1 to 256 bytes");
  return id;
};

/** Null if an entry is of a kind, or has an element, that this version does not know. */
const readWrite = (reader: CborReader, id: string, context: DecodeContext): WriteOp | null => {
  const { dot, time } = context;
  const birth = reader.readBoolean();
  const named = readDots(reader, context);
  const births = birth ? sortDots([...named, dot]) : named;
  const entries: Entry[] = [];
  let isKnown = true;
  for (let left = reader.readArrayHead(); left > 0; left--) {
    const entry = readEntry(reader, context);
    if (entry === null) isKnown = false;
    else entries.push(entry);
  }
  checkCounts(reader, entries);
  checkRegisters(reader, entries);
  return isKnown ? { kind: "write", id, dot, time, birth, births, entries } : null;
};

const checkCounts = (reader: CborReader, entries: readonly Entry[]): void => {
  if (entries.length <= writeEntriesPerOpMax) return;
  let removals = 0;
  for (const { kind } of entries) if (kind === "unset" || kind === "remove") removals++;
  if (removals > unsetEntriesPerOpMax) wrong(reader, "too many removals");
  if (entries.length - removals > writeEntriesPerOpMax) wrong(reader, "too many values");
};

/** Two paths of the table may be equal: registers are compared by what they are, not by index. */
const checkRegisters = (reader: CborReader, entries: readonly Entry[]): void => {
  if (entries.length < 2) return;
  const registers = new Set<string>();
  for (const entry of entries) registers.add(registerKey(entry));
  if (registers.size < entries.length) wrong(reader, "two entries in one register");
};

/** One-to-one: names are not empty, so that no path's text holds two dots in a row. */
const registerKey = (entry: Entry): string => {
  const path = pathKey(entry.path);
  if (entry.kind === "set" || entry.kind === "unset") return path;
  if (entry.kind !== "increment") return `${path}..element ${valueKey(entry.element)}`;
  return `${path}..run ${entry.run.writer} ${String(entry.run.n)}`;
};

// -------------------------------------------------------------------------------- entries

/** Null for an entry of a later version. */
const readEntry = (reader: CborReader, context: DecodeContext): Entry | null => {
  const length = reader.readArrayHead();
  if (length < 3) wrong(reader, "an entry has three elements at least");
  const pathIndex = reader.readUint();
  const subAt = reader.offset;
  reader.skip(bodyDepthMax);
  const kind = reader.readUint();
  const rest: Rest = { reader, context, subAt, left: length - 3 };
  if (kind > kindNumbers.increment) {
    skipRest(rest, false);
    return null;
  }
  const path = context.paths[pathIndex] ?? null;
  if (path === null) return wrong(reader, "a path that is not there or breaks the rules");
  const entry = readKnown(kind, path, rest);
  if (rest.left === 0) return entry;
  skipRest(rest, true);
  return null;
};

const readKnown = (kind: number, path: Path, rest: Rest): Entry => {
  switch (kind) {
    case kindNumbers.set: {
      expectNoSub(rest);
      const value = next(rest) ? readValue(rest.reader, depthMax - path.length) : null;
      const [replaces, seen, origin] = [readReplaces(rest), readSeen(rest), readOrigin(rest)];
      return { kind: "set", path, value, replaces, seen, origin };
    }
    case kindNumbers.unset: {
      expectNoSub(rest);
      expectNil(rest, "an unset has no value");
      const [replaces, seen, origin] = [readReplaces(rest), readSeen(rest), readOrigin(rest)];
      return { kind: "unset", path, replaces, seen, origin };
    }
    case kindNumbers.add:
    case kindNumbers.remove: {
      const element = readElement(path, rest);
      expectNil(rest, "an element has no value beside itself");
      const replaces = readReplaces(rest);
      expectNil(rest, "only a value or an unset has seen totals");
      const origin = readOrigin(rest);
      return { kind: kind === kindNumbers.add ? "add" : "remove", path, element, replaces, origin };
    }
    default: {
      const run = readRun(rest);
      if (!next(rest)) wrong(rest.reader, "an increment has a total");
      const total = rest.reader.readNumber();
      const replaces = readReplaces(rest);
      expectNil(rest, "only a value or an unset has seen totals");
      return { kind: "increment", path, run, total, replaces, origin: readOrigin(rest) };
    }
  }
};

/** The elements of an entry that are still to come, and where its sub stands. */
interface Rest {
  readonly reader: CborReader;
  readonly context: DecodeContext;
  readonly subAt: number;
  left: number;
}

/** Whether the next element is there and stands for something; moves past a nil. */
const next = (rest: Rest): boolean => {
  if (rest.left === 0) return false;
  rest.left--;
  if (!rest.reader.peekNil()) return true;
  if (rest.left === 0) wrong(rest.reader, "an entry that ends in nil");
  rest.reader.readNil();
  return false;
};

/** Extensions. Those of a known kind obey the rule that a nil at the end is left out. */
const skipRest = (rest: Rest, isKnownKind: boolean): void => {
  while (rest.left > 0) {
    if (isKnownKind && !next(rest)) continue;
    if (!isKnownKind) rest.left--;
    rest.reader.skip(bodyDepthMax);
  }
};

const expectNil = (rest: Rest, what: string): void => {
  if (next(rest)) wrong(rest.reader, what);
};

/** Reads the sub, which stands before the kind that says what it is. */
const atSub = <T>({ reader, subAt }: Rest, read: () => T): T => {
  const resume = reader.offset;
  reader.offset = subAt;
  const sub = read();
  reader.offset = resume;
  return sub;
};

const expectNoSub = (rest: Rest): void => {
  atSub(rest, () => {
    rest.reader.readNil();
  });
};

/** The array that holds the elements is a level of its own. */
const readElement = (path: Path, rest: Rest): Value => {
  const nesting = depthMax - path.length - 1;
  if (nesting < 0) wrong(rest.reader, "a set nested too deep");
  return atSub(rest, () => readValue(rest.reader, nesting));
};

/** Nil: the run that begins with this op. */
const readRun = (rest: Rest): Dot =>
  atSub(rest, () => {
    const { reader, context } = rest;
    if (reader.peekNil()) return context.dot;
    if (reader.readArrayHead() !== 2) wrong(reader, "a run is [row, n]");
    return readDot(reader, context);
  });

const readReplaces = (rest: Rest): readonly Dot[] =>
  next(rest) ? readDotList(rest.reader, rest.context) : [];

const readSeen = (rest: Rest): readonly SeenRun[] =>
  next(rest) ? readSeenList(rest.reader, rest.context) : [];

const readOrigin = (rest: Rest): Stamp | null => (next(rest) ? readStamp(rest.reader) : null);

// ---------------------------------------------------------------------------------- names

const readDots = (reader: CborReader, context: DecodeContext): readonly Dot[] => {
  if (!reader.peekNil()) return readDotList(reader, context);
  reader.readNil();
  return [];
};

/**
 * [row, n, row, n, …], not empty, rising. Two rows may mean one writer, so the dots are sorted
 * again.
 */
const readDotList = (reader: CborReader, context: DecodeContext): readonly Dot[] => {
  const length = reader.readArrayHead();
  if (length === 0 || length % 2 === 1) wrong(reader, "a list of [row, n, …] pairs, nil if empty");
  const dots: Dot[] = [];
  const before = { row: -1, n: 0 };
  for (let left = length; left > 0; left -= 2) {
    const row = reader.readUint();
    const n = reader.readUint();
    const rises = row > before.row || (row === before.row && n > before.n);
    if (!rises) wrong(reader, "dots out of order or twice");
    dots.push(resolve(reader, context, row, n));
    before.row = row;
    before.n = n;
  }
  return sortDots(dots);
};

const readDot = (reader: CborReader, context: DecodeContext): Dot =>
  resolve(reader, context, reader.readUint(), reader.readUint());

const resolve = (reader: CborReader, context: DecodeContext, row: number, n: number): Dot =>
  context.dotOf(row, n) ?? wrong(reader, "a name beyond its row");

/** [[run row, run n, row, n, total], …], not empty, rising by run, each run once. */
const readSeenList = (reader: CborReader, context: DecodeContext): readonly SeenRun[] => {
  const length = reader.readArrayHead();
  if (length === 0) wrong(reader, "an empty list is nil");
  const seen: SeenRun[] = [];
  const before = { row: -1, n: 0 };
  for (let left = length; left > 0; left--) {
    if (reader.readArrayHead() !== 5) wrong(reader, "a seen total has five elements");
    const row = reader.readUint();
    const n = reader.readUint();
    const rises = row > before.row || (row === before.row && n > before.n);
    if (!rises) wrong(reader, "seen runs out of order or twice");
    const run = resolve(reader, context, row, n);
    seen.push({ run, dot: readDot(reader, context), total: reader.readNumber(), alsoSaw: [] });
    before.row = row;
    before.n = n;
  }
  seen.sort((a, b) => compareDots(a.run, b.run));
  const isTwice = seen.some(({ run }, index) => {
    const other = seen[index + 1];
    return other !== undefined && equalDots(run, other.run);
  });
  if (isTwice) wrong(reader, "a run seen twice");
  return seen;
};

const readStamp = (reader: CborReader): Stamp => {
  if (reader.readArrayHead() !== 3) wrong(reader, "an origin is [[ms, counter], writer, n]");
  if (reader.readArrayHead() !== 2) wrong(reader, "a time is [ms, counter]");
  const ms = reader.readUint();
  const counter = reader.readUint();
  if (ms > clockMillisecondsMax || counter > clockCounterMax) wrong(reader, "a time of 64 bits");
  const writer = reader.readBytes();
  if (writer.length !== 16) wrong(reader, "a writer has 16 bytes");
  const n = reader.readUint();
  if (n < 1) wrong(reader, "numbers begin at 1");
  return { time: { ms, counter }, writer: writerIdOf(writer), n };
};
