/**
 * The reference model beside the product: names of writers both ways, and one text for what each of
 * them says about an op or a state, so that equal meaning is equal text.
 */
import type { Dot, Path, Stamp, Time, WriterId } from "../../src/core/base/types.ts";
import { writerIdOf } from "../../src/core/base/ids.ts";
import { toGeneral } from "../../src/core/doc/pack.ts";
import { isAlive, stampOf, type DocumentState, type HeldEntry } from "../../src/core/doc/state.ts";
import type { DeleteOp, Entry, SeenRun, WriteOp } from "../../src/core/op/types.ts";
import {
  EMPTY,
  key,
  liveBirths,
  read,
  siblings,
  type ModelChange,
  type ModelEntry,
  type ModelKey,
  type ModelOp,
  type ModelPath,
  type ModelRegister,
  type ModelSibling,
} from "./model/merge-reference.mjs";

/**
 * The model's writers are single letters, whose ids sort alike, or ids of real writers as they are.
 */
export const writerOf = (name: string): WriterId =>
  writerIdOf(new Uint8Array(16).fill(name.charCodeAt(0)));

export const nameOf = (writer: WriterId): string => {
  const first = writer.slice(0, 2);
  return writer === first.repeat(16) ? String.fromCharCode(Number.parseInt(first, 16)) : writer;
};

export const keyOf = ({ writer, n }: Dot): ModelKey => `${nameOf(writer)}:${String(n)}`;

export const dotOf = (text: ModelKey): Dot => {
  const [name = "", n = ""] = text.split(":");
  return { writer: writerOf(name), n: Number(n) };
};

export const timeOf = (time: number): { readonly ms: number; readonly counter: number } => ({
  ms: time,
  counter: 0,
});

export const registerOf = (entry: Entry): ModelRegister => {
  if (entry.kind === "set" || entry.kind === "unset") return entry.path;
  if (entry.kind === "increment") return [...entry.path, { run: keyOf(entry.run) }];
  return [...entry.path, { element: entry.element }];
};

/** Equal for a model's op and the product's exactly if they say the same. */
export const describeModelOp = (op: ModelOp): string =>
  stableText({
    dot: key(op.dot),
    time: op.time,
    birth: op.birth ?? false,
    births: [...(op.births ?? op.removes ?? [])].sort(),
    entries: op.entries?.map(describeModelEntry).sort() ?? "delete",
  });

export const describeOp = (op: WriteOp | DeleteOp): string =>
  stableText({
    dot: keyOf(op.dot),
    time: op.time.ms,
    birth: op.kind === "write" && op.birth,
    births: op.births.map(keyOf).sort(),
    entries: op.kind === "write" ? op.entries.map(describeEntry).sort() : "delete",
  });

const describeModelEntry = (entry: ModelEntry): string =>
  stableText({
    register: entry.register,
    kind: entry.kind,
    value: entry.value ?? null,
    replaces: [...entry.replaces].sort(),
    origin: entry.origin ?? null,
    seen: entry.seen ?? {},
    seenDots: [...(entry.seenDots ?? [])].sort(),
  });

const describeEntry = (entry: Entry): string => {
  const seen: readonly SeenRun[] = "seen" in entry ? entry.seen : [];
  return stableText({
    register: registerOf(entry),
    kind: entry.kind,
    value: entryValue(entry),
    replaces: entry.replaces.map(keyOf).sort(),
    origin: entry.origin === null ? null : modelOrigin(entry.origin),
    seen: Object.fromEntries(seen.map(({ run, total }) => [runId(entry.path, run), total])),
    seenDots: seen.flatMap(({ dot, alsoSaw }) => [dot, ...alsoSaw].map(keyOf)).sort(),
  });
};

const entryValue = (entry: Entry): unknown => {
  if (entry.kind === "set") return entry.value;
  return entry.kind === "increment" ? entry.total : null;
};

const modelOrigin = ({ time, writer, n }: Stamp, timeOf = millisecondsOf): readonly unknown[] => [
  timeOf(time),
  nameOf(writer),
  n,
];

/** The model's times are single numbers: milliseconds, unless told otherwise. */
const millisecondsOf = (time: Time): number => time.ms;

const runId = (path: Path, run: Dot): string => JSON.stringify([...path, { run: keyOf(run) }]);

/** What a set of ops adds up to, by the model. */
export const describeLog = (log: readonly ModelOp[]): string => {
  const registers = siblings(log);
  if (registers === null) return "not alive";
  const live = liveBirths(log);
  const birthsByDot = new Map(log.map((op) => [key(op.dot), op.births ?? []]));
  const entries = [...registers.values()]
    .flat()
    .map((entry) =>
      textOf([
        entry.register,
        entry.kind,
        entry.value ?? null,
        key(entry.dot),
        [entry.time, entry.by, entry.at],
        (birthsByDot.get(key(entry.dot)) ?? []).filter((birth) => live.has(birth)).sort(),
        Object.entries(entry.seen ?? {}).sort(byName),
        entry.kind === "remove" ? hiddenBases(entry, registers) : [],
      ]),
    );
  return [[...live].sort().join(), ...entries.sort(), stableText(read(log))].join("\n");
};

const hiddenBases = (
  { register, replaces }: ModelSibling,
  registers: ReadonlyMap<string, readonly ModelSibling[]>,
): readonly string[] =>
  (registers.get(JSON.stringify(register.slice(0, -1))) ?? [])
    .map((base) => key(base.dot))
    .filter((dot) => replaces.includes(dot))
    .sort();

/** What a state holds, and the fields that were read from it, in the words of `describeLog`. */
export const describeState = (
  state: DocumentState | null,
  fields: unknown,
  timeOf: (time: Time) => number = millisecondsOf,
): string => {
  if (!isAlive(state)) return "not alive";
  const { births, registers } = toGeneral(state);
  const describeHeld = createHeldDescriber(timeOf);
  const entries = registers.flatMap(({ path, base, elements, runs }) => [
    ...base.map((held) =>
      describeHeld(held, path, held.kind, {
        value: held.kind === "set" ? held.value : null,
        seen: held.seen.map(({ run, total }) => [runId(path, run), total] as const),
      }),
    ),
    ...elements.map((held) =>
      describeHeld(held, [...path, { element: held.element }], held.kind, {
        hides: held.kind === "remove" ? held.bases.map(keyOf).sort() : [],
      }),
    ),
    ...runs.map((held) =>
      describeHeld(held, [...path, { run: keyOf(held.run) }], "increment", { value: held.total }),
    ),
  ]);
  const living = births.map(({ dot }) => keyOf(dot)).sort();
  return [living.join(), ...entries.sort(), stableText(fields)].join("\n");
};

const createHeldDescriber =
  (timeOf: (time: Time) => number) =>
  (
    held: HeldEntry,
    register: ModelRegister,
    kind: string,
    more: {
      readonly value?: unknown;
      readonly seen?: readonly (readonly [run: string, total: number])[];
      readonly hides?: readonly ModelKey[];
    },
  ): string =>
    textOf([
      register,
      kind,
      more.value ?? null,
      keyOf(held.dot),
      modelOrigin(stampOf(held), timeOf),
      held.births.map(keyOf).sort(),
      [...(more.seen ?? [])].sort(byName),
      more.hides ?? [],
    ]);

const byName = (a: readonly [string, unknown], b: readonly [string, unknown]): number =>
  a[0] < b[0] ? -1 : 1;

/** Of arrays and scalars; the only object is the empty one, the model's or ours. */
const textOf = (parts: readonly unknown[]): string =>
  JSON.stringify(parts.map((part) => (part === EMPTY ? {} : part)));

/**
 * Whether the product leaves a change out because nothing would read differently, told by the
 * model.
 */
export const isIdleInModel = (held: readonly ModelSibling[], change: ModelChange): boolean => {
  const at = (path: ModelPath): ModelSibling[] =>
    held.filter((entry) => JSON.stringify(pathOf(entry)) === JSON.stringify(path));
  const showsNothing = (entries: readonly ModelSibling[]): boolean => {
    const base = entries.filter(({ kind }) => kind === "set" || kind === "unset");
    const runs = entries.filter(({ kind }) => kind === "increment");
    const isSeen = runs.every((run) =>
      base.every(({ seen }) => seen?.[JSON.stringify(run.register)] === run.value),
    );
    const isPlain = entries.every(({ kind }) => kind !== "set" && kind !== "add");
    return isPlain && (runs.length === 0 || (base.length > 0 && isSeen));
  };
  const { path } = change;
  const isPrefix = (a: ModelPath, b: ModelPath): boolean => a.every((name, i) => b[i] === name);
  const pathsHeld = [...new Set(held.map((entry) => JSON.stringify(pathOf(entry))))].map(
    // The text was made from a path just above.
    (text) => JSON.parse(text) as string[],
  );
  if ("set" in change) {
    const [only, ...others] = at(path);
    const isSame = only?.kind === "set" && stableText(only.value) === stableText(change.set);
    const around = pathsHeld.filter(
      (other) => other.length !== path.length && (isPrefix(other, path) || isPrefix(path, other)),
    );
    return isSame && others.length === 0 && around.every((other) => showsNothing(at(other)));
  }
  if ("unset" in change) {
    return pathsHeld
      .filter((other) => isPrefix(path, other))
      .every((other) => showsNothing(at(other)));
  }
  if ("remove" in change) {
    const element = stableText(change.remove);
    const entries = at(path);
    const named = entries.filter((entry) => isOfElement(entry, change.remove));
    if (named.some(({ kind }) => kind === "add")) return false;
    return entries.every(
      (entry) =>
        entry.kind !== "set" ||
        !Array.isArray(entry.value) ||
        !entry.value.some((each) => stableText(each) === element) ||
        named.some(({ replaces }) => replaces.includes(key(entry.dot))),
    );
  }
  return false;
};

/** All visible entries; none of a document that is not alive. */
export const heldInModel = (log: readonly ModelOp[]): readonly ModelSibling[] =>
  [...(siblings(log) ?? new Map<string, ModelSibling[]>()).values()].flat();

const pathOf = ({ register }: ModelEntry): readonly unknown[] =>
  typeof register.at(-1) === "object" ? register.slice(0, -1) : register;

const isOfElement = ({ register }: ModelEntry, element: unknown): boolean => {
  const last = register.at(-1);
  const isElement = typeof last === "object" && "element" in last;
  return isElement && stableText(last.element) === stableText(element);
};

/** JSON with sorted keys; the model's empty object is the product's `{}`. */
export const stableText = (value: unknown): string =>
  JSON.stringify(value ?? null, (_, each: unknown) => {
    if (each === EMPTY) return {};
    if (!isObject(each)) return each;
    return Object.fromEntries(Object.entries(each).sort(byName));
  });

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
