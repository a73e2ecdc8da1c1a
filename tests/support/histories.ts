/**
 * Random histories of one document over four peers, each op written twice: by the reference model
 * and by the product, whose ops travel as bytes. After every step the product's state must say what
 * the model says of the never-pruned log.
 */
import { isDeepStrictEqual } from "node:util";
import type { Dot, Path, WriterId } from "../../src/core/base/types.ts";
import { CborWriter } from "../../src/core/cbor/writer.ts";
import type { Change } from "../../src/core/doc/change.ts";
import { makeDelete, makeWrite } from "../../src/core/doc/diff.ts";
import { stateHash } from "../../src/core/doc/digest.ts";
import { applyOp } from "../../src/core/doc/merge.ts";
import { readDocument } from "../../src/core/doc/read.ts";
import { isAlive, type DocumentState } from "../../src/core/doc/state.ts";
import { decodeOp } from "../../src/core/op/decode.ts";
import { sortDots } from "../../src/core/op/dots.ts";
import { writeOp, type OpTables } from "../../src/core/op/encode.ts";
import type { DeleteOp, WriteOp } from "../../src/core/op/types.ts";
import {
  describeLog,
  describeModelOp,
  describeOp,
  describeState,
  dotOf,
  heldInModel,
  isIdleInModel,
  nameOf,
  registerOf,
  stableText,
  timeOf,
  writerOf,
} from "./model.ts";
import {
  EMPTY,
  liveBirths,
  makeDelete as makeModelDelete,
  makeOp,
  type ModelChange,
  type ModelDot,
  type ModelOp,
} from "./model/merge-reference.mjs";
import { createRandom, type Random } from "./random.ts";

export interface HistoryOptions {
  readonly steps: number;
  /**
   * One member leaves out what it replaces and what births it saw, names at random, and backdates.
   */
  readonly hostile: boolean;
  /** Compares after each op that is read, not only after each step: slower. */
  readonly everyOp?: boolean;
  /** Told of every state that a member comes to. */
  readonly onState?: (state: DocumentState) => void;
}

/** Throws, naming seed and step, where product and model differ. */
export const runHistory = (seed: number, options: HistoryOptions): void => {
  const random = createRandom(seed);
  const history = createHistory(random, options);
  let step = 1;
  try {
    for (; step <= options.steps; step++) takeStep(history, random, step, options.hostile);
    deliverAll(history);
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    const member = options.hostile ? "one member lies" : "all honest";
    throw new Error(`seed ${String(seed)}, step ${String(step)}, ${member}: ${what}`, {
      cause: error,
    });
  }
};

const id = "document";
/** After every stamp of a history: nothing is quarantined. */
const reading = { strategy: "last-write-wins", now: 1e9 } as const;

interface Delivered {
  readonly model: ModelOp;
  readonly op: WriteOp | DeleteOp;
}

interface Peer {
  readonly name: string;
  readonly vector: Record<string, number>;
  readonly log: Delivered[];
  state: DocumentState | null;
}

interface History {
  readonly everyOp: boolean;
  readonly onState: (state: DocumentState) => void;
  readonly palette: readonly Palette[];
  readonly peers: readonly Peer[];
  readonly wires: ReadonlyMap<string, Wire>;
  /** What was found for each set of ops, by vector: asked once, and equal for all who read it. */
  readonly known: Map<string, { readonly text: string; readonly state: DocumentState | null }>;
}

const createHistory = (random: Random, options: HistoryOptions): History => {
  const names = ["p", "q", "r", "s"];
  return {
    everyOp: options.everyOp ?? false,
    onState: options.onState ?? ((): void => undefined),
    palette: random.pick(palettes),
    peers: names.map((name) => ({ name, vector: {}, log: [], state: null })),
    wires: new Map(names.map((name) => [name, createWire(writerOf(name), random)])),
    known: new Map(),
  };
};

const takeStep = (history: History, random: Random, step: number, hostile: boolean): void => {
  const peer = random.pick(history.peers);
  const written = write(history, peer, random, step);
  if (written !== null) {
    if (hostile && peer.name === "s") lie(written.model, peer, random);
    const op = travel(history, withNames(written.op, written.model));
    receive(history, peer, { model: written.model, op });
  }
  check(history, peer);
  if (!random.chance(0.6)) return;
  const [from, to] = [random.pick(history.peers), random.pick(history.peers)];
  for (const sent of [...from.log]) if (random.chance(0.8)) receive(history, to, sent);
  check(history, to);
};

const deliverAll = (history: History): void => {
  for (let round = 0; round < 3; round++) {
    for (const to of history.peers) {
      for (const from of history.peers) {
        for (const sent of [...from.log]) receive(history, to, sent);
        check(history, to);
      }
    }
  }
  const [first, ...others] = history.peers;
  expectSame("logs after all was delivered", others.length, 3);
  for (const other of others) {
    expectSame("digests", stateHash(other.state)?.join(), stateHash(first?.state ?? null)?.join());
  }
};

// ----------------------------------------------------------------------------- writing

const write = (
  { palette }: History,
  peer: Peer,
  random: Random,
  step: number,
): Delivered | null => {
  const dot: ModelDot = [peer.name, (peer.vector[peer.name] ?? 0) + 1];
  const time = step + (random.chance(0.2) ? 3 : 0);
  const log = peer.log.map(({ model }) => model);
  const isModelAlive = liveBirths(log).size > 0;
  expectSame("alive", isAlive(peer.state), isModelAlive);
  const context = {
    id,
    state: peer.state,
    dot: { writer: writerOf(peer.name), n: dot[1] },
    time: timeOf(time),
  };
  if (isModelAlive && random.chance(0.15)) {
    return same(makeModelDelete(log, dot, time), makeDelete(context));
  }
  const changes = randomChanges(palette, random, step);
  const birth = !isModelAlive || random.chance(0.1);
  const held = heldInModel(log);
  // What is born again must not lean on values that only the older birth keeps alive.
  const isComplete = birth && isModelAlive;
  const written = changes.filter(
    (change) => (isComplete && "set" in change) || !isIdleInModel(held, change),
  );
  const model = makeOp(log, dot, time, written, { birth });
  const op = makeWrite(context, changes.map(toChange), { birth });
  if (op !== null || birth) return same(model, op);
  expectSame("entries of an op that is not written", model.entries?.length, 0);
  return null;
};

const same = (model: ModelOp, op: WriteOp | DeleteOp | null): Delivered => {
  if (op === null) throw new Error("the model writes an op, the product none");
  expectSame("the op", describeOp(op), describeModelOp(model));
  return { model, op };
};

const toChange = ({ origin, ...change }: ModelChange): Change => {
  if (!("set" in change)) {
    // The model's values of these kinds are the product's.
    return change as Change;
  }
  // The same for sets, but for the empty object.
  const set = (change.set === EMPTY ? {} : change.set) as number;
  if (origin === undefined) return { path: change.path, set };
  const [time, writer, n] = origin;
  const stamp = { time: timeOf(time), writer: writerOf(writer), n };
  return { path: change.path, set, origin: stamp };
};

/**
 * What the writers of one history do: ordinary documents are plain ones, and must be met as such.
 */
type Palette = (random: Random, step: number) => readonly ModelChange[];

const overwrites: Palette = (random, step) => [
  { path: ["x"], set: step },
  { path: ["x"], set: 0 },
  { path: ["y"], set: step },
  { path: ["y"], set: step, origin: [random.integer(3), "h", 1] },
  { path: ["a", "b"], set: step },
  { path: ["a", "b"], set: null },
];

const trees: Palette = (_, step) => [
  { path: ["x"], unset: true },
  { path: ["a"], set: step },
  { path: ["a"], set: EMPTY },
  { path: ["a"], unset: true },
  { path: ["a", "b"], set: EMPTY },
  { path: ["a", "b"], unset: true },
  { path: ["a", "b", "c"], set: step },
  { path: ["a", "c"], set: step },
];

const counters: Palette = (_, step) => [
  { path: ["n"], increment: 1 },
  { path: ["n"], increment: 0.1 },
  { path: ["n"], increment: -2 },
  { path: ["n"], set: step },
  { path: ["n"], unset: true },
  { path: ["a", "n"], increment: 1 },
];

const sets: Palette = (random) => {
  const element = random.pick([1, 2, 3, 10, "a", null]);
  return [
    { path: ["t"], add: element },
    { path: ["t"], add: element },
    { path: ["t"], remove: element },
    { path: ["t"], set: [1, 2] },
    { path: ["t"], set: ["a", 10, 2, 2] },
    { path: ["t"], unset: true },
    { path: ["t"], increment: 1 },
    { path: ["a", "t"], add: element },
  ];
};

const palettes: readonly (readonly Palette[])[] = [
  [overwrites],
  [overwrites, trees],
  [overwrites, counters],
  [overwrites, sets],
  [overwrites, trees, counters, sets],
];

const randomChanges = (
  palette: readonly Palette[],
  random: Random,
  step: number,
): readonly ModelChange[] => {
  const all = palette.flatMap((some) => some(random, step)).filter(() => random.chance(0.2));
  const seen = new Set<string | undefined>();
  const changes = random.shuffle(all).filter(({ path: [first] }) => {
    if (seen.has(first)) return false;
    seen.add(first);
    return true;
  });
  return changes.length > 0 ? changes : [{ path: ["x"], set: step }];
};

// ------------------------------------------------------------------------------- lying

const lie = (op: ModelOp, peer: Peer, random: Random): void => {
  for (const entry of op.entries ?? []) {
    entry.replaces = entry.replaces.filter(() => random.chance(0.75));
    if (random.chance(0.15)) entry.replaces.push(anyName(peer, random));
    entry.replaces = [...new Set(entry.replaces)].filter((name) => name !== "");
  }
  const own = op.dot.join(":");
  const births = op.births;
  if (births !== undefined && random.chance(0.4)) {
    const kept = births.filter((birth) => birth === own || random.chance(0.5));
    const named = random.chance(0.3) ? [...kept, anyName(peer, random)] : kept;
    op.births = [...new Set(named)].filter((name) => name !== "");
  }
  if (op.removes !== undefined && random.chance(0.3)) {
    op.removes = [...new Set([...op.removes, anyName(peer, random)])].filter((name) => name !== "");
  }
  if (random.chance(0.2)) op.time += 1000;
  else if (random.chance(0.2)) op.time = 0;
};

/**
 * Some op that the peer has read, be it a birth, an entry of that register, or neither; or nothing.
 */
const anyName = (peer: Peer, random: Random): string => {
  const names = Object.entries(peer.vector);
  if (names.length === 0) return "";
  const [name, n] = random.pick(names);
  return `${name}:${String(1 + random.integer(n))}`;
};

/** The product's op as the lie has it. */
const withNames = (op: WriteOp | DeleteOp, model: ModelOp): WriteOp | DeleteOp => {
  const time = timeOf(model.time);
  if (op.kind === "delete") {
    return { ...op, time, births: sortDots((model.removes ?? []).map(dotOf)) };
  }
  const replaces = new Map(
    model.entries?.map((entry) => [stableText(entry.register), entry.replaces]),
  );
  const entries = op.entries.map((entry) => ({
    ...entry,
    replaces: sortDots((replaces.get(stableText(registerOf(entry))) ?? []).map(dotOf)),
  }));
  return { ...op, time, births: sortDots((model.births ?? []).map(dotOf)), entries };
};

// --------------------------------------------------------------------------- travelling

/** The tables of a writer's only segment. */
interface Wire extends OpTables {
  readonly writer: WriterId;
  readonly paths: Path[];
  readonly rows: WriterId[];
}

const createWire = (writer: WriterId, random: Random): Wire => {
  const paths: Path[] = [];
  const rows: WriterId[] = [];
  return {
    writer,
    paths,
    rows,
    pathIndex: (path) => {
      const known = paths.findIndex((other) => isDeepStrictEqual(other, path));
      // A table may hold a path twice.
      return known >= 0 && random.chance(0.9) ? known : paths.push([...path]) - 1;
    },
    rowIndex: (dot) => {
      if (dot.writer === writer) return 0;
      const known = rows.indexOf(dot.writer);
      return known >= 0 ? known + 1 : rows.push(dot.writer);
    },
  };
};

/** An op as others read it, from its bytes. */
const travel = (history: History, op: WriteOp | DeleteOp): WriteOp | DeleteOp => {
  const wire = history.wires.get(nameOf(op.dot.writer));
  if (wire === undefined) throw new Error("a writer without a wire");
  const bytes = encode(op, wire);
  const { dot, time } = op;
  const read = decodeOp(bytes, { dot, time, paths: wire.paths, dotOf: rowsOf(wire, dot) });
  if (read.kind === "no-op") throw new Error(`a no-op: ${read.reason}`);
  if (read.kind === "unknown") throw new Error("an unknown op");
  expectSame("the op that was read", stableText(read), stableText(asWritten(op)));
  const again = encode(read, { ...wire, pathIndex: (path) => wire.paths.indexOf(path) });
  expectSame("its bytes, written again", again.join(), bytes.join());
  return read;
};

const encode = (op: WriteOp | DeleteOp, tables: OpTables): Uint8Array => {
  const writer = new CborWriter();
  writeOp(writer, op, 0, tables);
  return writer.take();
};

const rowsOf =
  ({ writer, rows }: Wire, own: Dot) =>
  (row: number, n: number): Dot | null => {
    if (row === 0) return n < own.n ? { writer, n } : null;
    const named = rows[row - 1];
    return named === undefined ? null : { writer: named, n };
  };

/** What is not written is not read. */
const asWritten = (op: WriteOp | DeleteOp): WriteOp | DeleteOp =>
  op.kind === "delete"
    ? op
    : {
        ...op,
        entries: op.entries.map((entry) =>
          "seen" in entry
            ? { ...entry, seen: entry.seen.map((each) => ({ ...each, alsoSaw: [] })) }
            : entry,
        ),
      };

// ---------------------------------------------------------------------------- receiving

const receive = (history: History, peer: Peer, sent: Delivered): void => {
  if (!isDeliverable(peer.vector, sent.model)) return;
  const [writer, n] = sent.model.dot;
  peer.vector[writer] = n;
  peer.log.push(sent);
  peer.state = applyOp(peer.state, sent.op);
  if (history.everyOp) check(history, peer);
};

const check = (history: History, peer: Peer): void => {
  if (peer.state !== null) history.onState(peer.state);
  const vector = stableText(peer.vector);
  const text = describeState(peer.state, fieldsOf(peer.state));
  const known = history.known.get(vector);
  if (known === undefined) {
    expectSame("the state", text, describeLog(peer.log.map(({ model }) => model)));
    history.known.set(vector, { text, state: peer.state });
  } else {
    expectSame("the state read in another order", text, known.text);
    if (!isDeepStrictEqual(peer.state, known.state)) {
      throw new Error(`states of one set of ops differ in structure at ${vector}`);
    }
  }
};

const fieldsOf = (state: DocumentState | null): unknown => {
  const view = readDocument(state, reading);
  if (view === null) return null;
  return Object.fromEntries(Object.entries(view.fields).filter(([name]) => name !== "id"));
};

/** Everything that an op names was read before it, and all earlier ops of its writer. */
const isDeliverable = (vector: Readonly<Record<string, number>>, op: ModelOp): boolean => {
  const [writer, n] = op.dot;
  const entries = op.entries ?? [];
  const named = [
    ...(op.removes ?? []),
    ...(op.births ?? []),
    ...entries.flatMap(({ replaces, seenDots }) => [...replaces, ...(seenDots ?? [])]),
  ].filter((name) => name !== `${writer}:${String(n)}`);
  return (
    (vector[writer] ?? 0) === n - 1 &&
    named.map(dotOf).every((dot) => (vector[nameOf(dot.writer)] ?? 0) >= dot.n)
  );
};

const expectSame = (what: string, actual: unknown, expected: unknown): void => {
  if (actual === expected) return;
  throw new Error(`${what} differs\n  product ${String(actual)}\n  model   ${String(expected)}`);
};
