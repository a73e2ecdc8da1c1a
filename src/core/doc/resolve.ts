/**
 * From a path's registers to the one value that is seen there, and from those values to the ones
 * that are shown: of a path and one below it the later write hides the earlier. A stamp too far
 * ahead of `now` is quarantined: it ranks below all others until its time comes (DESIGN.md §3,
 * Time).
 */
import type { Dot, Path, Value } from "../base/types.ts";
import { isAhead } from "../clock/hybrid.ts";
import { isArrayValue, isMapValue, valueKey } from "../cbor/value.ts";
import { equalDots, includesDot } from "../op/dots.ts";
import { compareKeys, pathKey } from "../op/path.ts";
import {
  compareEntries,
  type EntryStamp,
  type HeldElement,
  type HeldTotal,
  type PathRegisters,
} from "./state.ts";
import { strategies, type Resolution, type StrategyName } from "./strategies.ts";

export interface ReadOptions {
  readonly strategy: StrategyName;
  /** This device's clock, in ms since 1970. */
  readonly now: number;
}

export interface ShownValue {
  readonly path: Path;
  readonly value: Value;
  /** The latest of the entries that made it. */
  readonly by: EntryStamp;
  /** One of them is quarantined, and shown only because nothing else is there. */
  readonly quarantined: boolean;
}

/** Sorted by path. */
export const shownValues = (
  registers: readonly PathRegisters[],
  options: ReadOptions,
): readonly ShownValue[] => {
  const values = registers.flatMap((each) => resolvePath(each, options) ?? []);
  return values.some(({ path }) => path.length > 1) ? withoutHidden(values, options.now) : values;
};

/** What a path shows by itself; null if nothing. */
export const resolvePath = (registers: PathRegisters, options: ReadOptions): ShownValue | null => {
  const { now } = options;
  const base = resolveBase(registers, options);
  const value = base?.value;
  const { path } = registers;
  const adds = registers.elements.filter(isAdd);
  const totals = currentTotals(registers.runs, now);
  const parts = [...(base === null || value === undefined ? [] : [base.by]), ...adds, ...totals];
  if (adds.length > 0 && (value === undefined || isArrayValue(value))) {
    return shown(path, union(without(value ?? [], registers, base), adds), parts, now);
  }
  if (totals.length > 0 && (value === undefined || typeof value === "number")) {
    const since = totals.map((each) => each.total - seenOf(base, each.run));
    const isSeen = value === undefined && base !== null && since.every((amount) => amount === 0);
    return isSeen ? null : shown(path, sum(value ?? 0, since), parts, now);
  }
  if (base === null || value === undefined) return null;
  return shown(path, isArrayValue(value) ? without(value, registers, base) : value, [base.by], now);
};

/**
 * Finite whatever the amounts: a total near the end of the range must not make a document
 * unreadable.
 */
export const finite = (amount: number): number => {
  if (Number.isNaN(amount)) return 0;
  return Math.min(Math.max(amount, -Number.MAX_VALUE), Number.MAX_VALUE);
};

export const isQuarantined = (entry: EntryStamp, now: number): boolean =>
  isAhead(entry.origin?.time ?? entry.time, now);

/** The latest entry, quarantined ones first of all. The list is not empty. */
export const latestOf = (
  entries: readonly [EntryStamp, ...EntryStamp[]],
  now: number,
): EntryStamp => entries.reduce((best, each) => (compareRanked(best, each, now) < 0 ? each : best));

const compareRanked = (a: EntryStamp, b: EntryStamp, now: number): number =>
  Number(isQuarantined(b, now)) - Number(isQuarantined(a, now)) || compareEntries(a, b);

const shown = (
  path: Path,
  value: Value,
  parts: readonly EntryStamp[],
  now: number,
): ShownValue | null =>
  isNotEmpty(parts)
    ? {
        path,
        value,
        by: latestOf(parts, now),
        quarantined: parts.some((part) => isQuarantined(part, now)),
      }
    : null;

const isNotEmpty = <T>(list: readonly T[]): list is readonly [T, ...T[]] => list.length > 0;

/** Entries that count: quarantined ones only where nothing else stands. */
const eligible = <T extends EntryStamp>(entries: readonly T[], now: number): readonly T[] => {
  if (entries.length < 2) return entries;
  const due = entries.filter((entry) => !isQuarantined(entry, now));
  return due.length === 0 ? entries : due;
};

const resolveBase = ({ base }: PathRegisters, options: ReadOptions): Resolution | null => {
  const siblings = eligible(base, options.now);
  return isNotEmpty(siblings) ? strategies[options.strategy](siblings) : null;
};

// ----------------------------------------------------------------------------------- sets

const isAdd = (held: HeldElement): held is HeldElement & { readonly kind: "add" } =>
  held.kind === "add";

/** The base array less the elements that a remove hides in it; its order stays. */
const without = (
  elements: readonly Value[],
  registers: PathRegisters,
  base: Resolution | null,
): readonly Value[] => {
  if (base === null || registers.elements.every(isAdd)) return elements;
  const removed = new Set<string>();
  for (const each of registers.elements) {
    if (each.kind === "remove" && includesDot(each.bases, base.by.dot))
      removed.add(each.elementKey);
  }
  return elements.filter((element) => !removed.has(valueKey(element)));
};

/** Each element once, in the order of their bytes. */
const union = (elements: readonly Value[], adds: readonly HeldElement[]): readonly Value[] => {
  const byKey = new Map(elements.map((element) => [valueKey(element), element]));
  for (const { elementKey, element } of adds) byKey.set(elementKey, element);
  return [...byKey].sort(([a], [b]) => compareKeys(a, b)).map(([, element]) => element);
};

// ------------------------------------------------------------------------------- counters

/** The total of each run, in the order of the runs' dots: after a fork the last by stamp counts. */
const currentTotals = (runs: readonly HeldTotal[], now: number): readonly HeldTotal[] => {
  const current: HeldTotal[] = [];
  for (const each of runs) {
    const before = current.at(-1);
    if (before === undefined || !equalDots(before.run, each.run)) current.push(each);
    else if (compareRanked(before, each, now) < 0) current[current.length - 1] = each;
  }
  return current;
};

/** How much of a run the base value has overwritten. */
const seenOf = (base: Resolution | null, run: Dot): number =>
  base?.by.seen.find((each) => equalDots(each.run, run))?.total ?? 0;

/** Sums of floats depend on their order: from left to right, the base value last. */
const sum = (base: number, amounts: readonly number[]): number =>
  finite(base + amounts.reduce((total, amount) => total + amount, 0));

// ---------------------------------------------------------------------------------- paths

/** Looks at pairs of a path and one above it only: siblings in a tree never clash. */
const withoutHidden = (values: readonly ShownValue[], now: number): readonly ShownValue[] => {
  const byKey = new Map(values.map((value) => [pathKey(value.path), value]));
  const hidden = new Set<ShownValue>();
  for (const value of values) {
    for (let length = 1; length < value.path.length; length++) {
      const above = byKey.get(pathKey(value.path.slice(0, length)));
      // An empty object says only that there is an object: nothing below it contradicts that.
      if (above === undefined || isEmptyObject(above.value)) continue;
      hidden.add(compareRanked(above.by, value.by, now) > 0 ? value : above);
    }
  }
  return hidden.size === 0 ? values : values.filter((value) => !hidden.has(value));
};

const isEmptyObject = (value: Value): boolean =>
  isMapValue(value) && Object.keys(value).length === 0;
