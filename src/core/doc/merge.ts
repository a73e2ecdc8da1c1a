/**
 * What an op does to a document (FORMATS.md §2, Merge). Ops arrive in causal order: everything an
 * op names was applied before it. That is why what no op to come can bring back into view is
 * dropped at once: replaced entries, entries whose births are all deleted, and removes that hide
 * nothing. A name that is no birth or entry of the document is inert.
 */
import { unreachable } from "../base/result.ts";
import type { Dot, Stamp } from "../base/types.ts";
import { compareStamps } from "../clock/hybrid.ts";
import { valueKey } from "../cbor/value.ts";
import { compareDots, equalDots, highestDots, includesDot, sortDots } from "../op/dots.ts";
import { compareKeys, pathKey } from "../op/path.ts";
import type { DeleteOp, Entry, Op, WriteOp } from "../op/types.ts";
import { emptyRegisters, emptyState, findRegisters, pack, packStamps, toGeneral } from "./pack.ts";
import { placePaths } from "./shapes.ts";
import {
  compareEntries,
  type Birth,
  type Deletion,
  type DocumentState,
  type EntryStamp,
  type GeneralState,
  type HeldBase,
  type HeldElement,
  type HeldEntry,
  type HeldTotal,
  type PathRegisters,
  type PlainState,
} from "./state.ts";

/**
 * The state after one more op; null stands for a document of which nothing was read. Nothing is
 * mutated.
 */
export const applyOp = (state: DocumentState | null, op: Op): DocumentState => {
  switch (op.kind) {
    case "write":
      return (state === null ? born(op) : overwritten(state, op)) ?? applyWrite(state, op);
    case "delete":
      return pack(applyDelete(toGeneral(state ?? emptyState(op.id)), op));
    case "unknown":
      return { ...toGeneral(state ?? emptyState(op.id)), parked: true };
    default:
      return unreachable(op);
  }
};

// -------------------------------------------------- the two short ways, taken by nearly all ops

/** An insert where nothing was: null unless it makes an ordinary document. */
const born = (op: WriteOp): PlainState | null => {
  if (!op.birth || !op.entries.every(isPlainSet)) return null;
  const placement = placePaths(op.entries);
  if (placement === null) return null;
  const { shape, order } = placement;
  const birth: Birth = { dot: op.dot, time: op.time };
  const values = op.entries.map((entry) => entry.value);
  const stamps = op.entries.some((entry) => entry.origin !== null)
    ? packStamps(
        op.entries.map((entry) => entryStamp(op, entry)),
        birth,
      )
    : null;
  return {
    kind: "plain",
    id: op.id,
    birth,
    shape,
    values: order === null ? values : inOrder(values, order),
    stamps: order === null || stamps === null ? stamps : inOrder(stamps, order),
    deletion: null,
  };
};

/**
 * New values for fields of an ordinary document, each naming the one that it saw: null where it is
 * anything else.
 */
const overwritten = (state: DocumentState, op: WriteOp): PlainState | null => {
  if (state.kind !== "plain" || op.birth || op.entries.length === 0) return null;
  if (!includesDot(op.births, state.birth.dot)) return null;
  const values = [...state.values];
  const stamps = state.stamps === null ? values.map(() => null) : [...state.stamps];
  for (const entry of op.entries) {
    const index = state.shape.indexByKey.get(pathKey(entry.path));
    if (index === undefined || !isPlainSet(entry)) return null;
    if (!includesDot(entry.replaces, state.stamps?.[index]?.dot ?? state.birth.dot)) return null;
    values[index] = entry.value;
    stamps[index] = entryStamp(op, entry);
  }
  return { ...state, values, stamps };
};

const isPlainSet = (entry: Entry): entry is Entry & { readonly kind: "set" } =>
  entry.kind === "set" && entry.seen.length === 0;

const entryStamp = (op: WriteOp, entry: Entry): EntryStamp => ({
  dot: op.dot,
  time: op.time,
  origin: entry.origin,
});

const inOrder = <T>(given: readonly T[], order: readonly number[]): readonly T[] => {
  const placed = [...given];
  given.forEach((each, index) => (placed[order[index] ?? index] = each));
  return placed;
};

// ----------------------------------------------------------------------------------------- writes

const applyWrite = (state: DocumentState | null, op: WriteOp): DocumentState => {
  const before = toGeneral(state ?? emptyState(op.id));
  const births = op.birth ? withBirth(before.births, op) : before.births;
  const living = births.map((birth) => birth.dot).filter((dot) => isVisibleUnder(op, dot));
  const registers = [...before.registers];
  const touched = new Set<string>();
  for (const entry of op.entries) {
    const key = pathKey(entry.path);
    const at = findRegisters(registers, key);
    const after = writeEntry(registers[at] ?? emptyRegisters(entry.path), entry, op, living);
    if (at >= 0) registers[at] = after;
    else registers.splice(-1 - at, 0, after);
    touched.add(key);
  }
  const settled = registers.map((each) => (touched.has(each.key) ? settle(each) : each));
  return pack({ ...before, births, registers: settled.filter(isHeld) });
};

const withBirth = (births: readonly Birth[], op: WriteOp): readonly Birth[] =>
  [...births, { dot: op.dot, time: op.time }].sort((a, b) => compareDots(a.dot, b.dot));

/** An op is visible while one of the births that it names lives, its own included. */
const isVisibleUnder = (op: WriteOp, birth: Dot): boolean =>
  includesDot(op.births, birth) || (op.birth && equalDots(op.dot, birth));

/**
 * Takes away what the entry replaces, which it does even when it is not visible itself, and adds
 * the entry.
 */
const writeEntry = (
  registers: PathRegisters,
  entry: Entry,
  op: WriteOp,
  living: readonly Dot[],
): PathRegisters => {
  const stays = ({ dot }: HeldEntry): boolean => !includesDot(entry.replaces, dot);
  const held: HeldEntry = { ...entryStamp(op, entry), births: living };
  switch (entry.kind) {
    case "set":
    case "unset":
      return { ...registers, base: placed(registers.base.filter(stays), baseOf(entry, held)) };
    case "add":
    case "remove": {
      const written = elementOf(entry, held);
      const others = registers.elements.filter(
        (each) => each.elementKey !== written.elementKey || stays(each),
      );
      return { ...registers, elements: placed(others, written, compareElements) };
    }
    case "increment": {
      const written: HeldTotal = { ...held, run: entry.run, total: entry.total };
      const others = registers.runs.filter(
        (each) => !equalDots(each.run, entry.run) || stays(each),
      );
      return { ...registers, runs: placed(others, written, compareTotals) };
    }
    default:
      return unreachable(entry);
  }
};

const baseOf = (entry: Entry & { readonly kind: "set" | "unset" }, held: HeldEntry): HeldBase => {
  const seen = entry.seen.map(({ run, total }) => ({ run, total }));
  if (entry.kind === "unset") return { ...held, kind: entry.kind, seen };
  return { ...held, kind: entry.kind, value: entry.value, seen };
};

const elementOf = (
  entry: Entry & { readonly kind: "add" | "remove" },
  held: HeldEntry,
): HeldElement => {
  const { element } = entry;
  const elementKey = valueKey(element);
  if (entry.kind === "add") return { ...held, kind: entry.kind, element, elementKey };
  return { ...held, kind: entry.kind, element, elementKey, bases: entry.replaces };
};

const compareElements = (a: HeldElement, b: HeldElement): number =>
  compareKeys(a.elementKey, b.elementKey) || compareEntries(a, b);

const compareTotals = (a: HeldTotal, b: HeldTotal): number =>
  compareDots(a.run, b.run) || compareEntries(a, b);

/**
 * An entry whose births are all deleted is not held; it has replaced what it named all the same.
 */
const placed = <T extends HeldEntry>(
  entries: readonly T[],
  written: T,
  compare: (a: T, b: T) => number = compareEntries,
): readonly T[] => (written.births.length === 0 ? entries : [...entries, written].sort(compare));

/** Drops removes that name no visible base value: nothing is left for them to hide. */
const settle = (registers: PathRegisters): PathRegisters => {
  if (!registers.elements.some((each) => each.kind === "remove")) return registers;
  const visible = sortDots(registers.base.map((each) => each.dot));
  const elements = registers.elements.flatMap((each): readonly HeldElement[] => {
    if (each.kind === "add") return [each];
    const bases = each.bases.filter((dot) => includesDot(visible, dot));
    return bases.length === 0 ? [] : [{ ...each, bases }];
  });
  return { ...registers, elements };
};

const isHeld = ({ base, elements, runs }: PathRegisters): boolean =>
  base.length + elements.length + runs.length > 0;

// ---------------------------------------------------------------------------------------- deletes

const applyDelete = (before: GeneralState, op: DeleteOp): GeneralState => {
  const births = before.births.filter(({ dot }) => !includesDot(op.births, dot));
  const deletion = joinDeletion(before.deletion, op);
  if (births.length === before.births.length) return { ...before, deletion };
  const living = births.map(({ dot }) => dot);
  const registers = before.registers.map((each): PathRegisters => ({
    ...each,
    base: stillVisible(each.base, living),
    elements: stillVisible(each.elements, living),
    runs: stillVisible(each.runs, living),
  }));
  return { ...before, births, registers: registers.map(settle).filter(isHeld), deletion };
};

const stillVisible = <T extends HeldEntry>(
  entries: readonly T[],
  living: readonly Dot[],
): readonly T[] =>
  entries.flatMap((entry) => {
    const births = entry.births.filter((dot) => includesDot(living, dot));
    return births.length === 0 ? [] : [{ ...entry, births }];
  });

/** Latest stamp and highest numbers: the same in whatever order the deletes come. */
const joinDeletion = (before: Deletion | null, op: DeleteOp): Deletion => {
  const stamp: Stamp = { ...op.dot, time: op.time };
  const isLater = before === null || compareStamps(before.stamp, stamp) < 0;
  return {
    stamp: isLater ? stamp : before.stamp,
    vector: highestDots([...(before?.vector ?? []), op.dot, ...op.births]),
  };
};
