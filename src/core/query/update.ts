/**
 * Updates as callers write them: `{ $set, $unset, $inc, $push, $pull, $addToSet }` or a plain
 * patch, checked into plain data (which can cross to a worker) and then, document by document,
 * turned into the changes that the merge writes.
 */
import { invalid, type NebulusError } from "../base/errors.ts";
import {
  depthMax,
  opBytesMax,
  pathNamesMax,
  unsetEntriesPerOpMax,
  writeEntriesPerOpMax,
} from "../base/limits.ts";
import type { DocumentFields, Fields, Path, Value } from "../base/types.ts";
import { checkValue, describe, isPlainObject, pathBelow } from "../cbor/check.ts";
import type { Leaf } from "../cbor/document.ts";
import { isMetadataName, isOurName, nameFault } from "../cbor/names.ts";
import { encodedLength, isArrayValue, isMapValue, valueKey } from "../cbor/value.ts";
import type { Change } from "../doc/change.ts";
import { leavesBelow } from "./leaves.ts";
import { suggestion } from "./nearest.ts";
import { equalAny } from "./order.ts";

export type { Change };

/** A checked update: no two of its steps are about one path or about a path and one below it. */
export type UpdateData = readonly Step[];

export type Step =
  | { readonly kind: "set"; readonly path: Path; readonly value: Value }
  /** An object with fields: what is held there becomes exactly these leaves. */
  | { readonly kind: "replace"; readonly path: Path; readonly leaves: readonly Leaf[] }
  | { readonly kind: "unset"; readonly path: Path }
  | { readonly kind: "increment"; readonly path: Path; readonly by: number }
  | { readonly kind: "push" | "add" | "pull"; readonly path: Path; readonly elements: Elements }
  /** `id` and `_entryType` never change; a patch may name them as they are. */
  | { readonly kind: "expect"; readonly path: Path; readonly value: Value };

/**
 * Checks a caller's update; nothing of it is kept. In a patch each field given is replaced as a
 * whole, `undefined` unsets it, and computed fields (`_vector` and its like) are ignored, so that
 * what was read can be written back. Throws InvalidUpdate, InvalidDocument (a value that no
 * document can hold) or TooLarge, `path` naming the place.
 */
export const compileUpdate = (update: unknown): UpdateData => {
  if (!isPlainObject(update)) {
    throw refuse("", `an update is a plain object, not ${describe(update)}`);
  }
  const names = Object.keys(update);
  const operators = names.filter((name) => name.startsWith("$"));
  const [field] = names.filter((name) => !name.startsWith("$"));
  const [operator] = operators;
  if (operator !== undefined && field !== undefined) {
    const both = `operators (${operator}) and plain fields (${field}) do not mix`;
    throw refuse(field, `${both}; use $set for fields`);
  }
  const steps = operator === undefined ? parsePatch(update) : parseOperators(update);
  checkOverlaps(steps);
  checkSizes(steps.map(({ step }) => step));
  return steps.map(({ step }) => step);
};

/**
 * What an update means for a document as it reads now; null counts as one without fields. Throws
 * InvalidUpdate, naming document and path, where the document has no such place: a counter on text,
 * an element of something that is no list.
 */
export const changesFor = (update: UpdateData, current: DocumentFields | null): readonly Change[] =>
  update.flatMap((step) => changesOf(step, current ?? {}));

/** Whether what it changes depends on what the document holds. */
export const dependsOnFields = (update: UpdateData): boolean =>
  update.some(({ kind, path }) => kind !== "set" || path.length > 1);

type Elements = readonly Value[];

/** A step and the operator that asked for it, for messages. */
interface Parsed {
  readonly step: Step;
  readonly operator: string;
}

// ------------------------------------------------------------------------------ checking

const parsePatch = (patch: { readonly [name: string]: unknown }): readonly Parsed[] =>
  Object.entries(patch)
    .filter(([name]) => !isMetadataName(name))
    .map(([name, value]) => {
      if (name.includes(".")) {
        throw refuse(name, `a dotted path in a patch; use { $set: { "${name}": … } }`);
      }
      const path = parsePath(name, name, true);
      const isUnset = value === undefined && !isFixed(path);
      const step: Step = isUnset ? { kind: "unset", path } : setStep(path, value, name);
      return { step, operator: "patch" };
    });

const parseOperators = (update: { readonly [name: string]: unknown }): readonly Parsed[] =>
  Object.entries(update).flatMap(([operator, operand]) => {
    const parse = stepParsers[operator];
    if (parse === undefined) {
      const hint = suggestion(operator, Object.keys(stepParsers));
      throw refuse(operator, `unknown operator${hint}`);
    }
    return operandEntries(operator, operand).map(([name, value]) => {
      const place = `${operator}.${name}`;
      const path = parsePath(name, place, operator === "$set");
      return { step: parse(path, value, place), operator };
    });
  });

const operandEntries = (operator: string, operand: unknown): [string, unknown][] => {
  if (isPlainObject(operand)) return Object.entries(operand);
  if (operator !== "$unset" || !Array.isArray(operand)) {
    throw refuse(operator, `an object of paths, not ${describe(operand)}`);
  }
  return Array.from<unknown>(operand).map((name, at) => {
    if (typeof name === "string") return [name, true];
    throw refuse(`$unset[${String(at)}]`, `a path, not ${describe(name)}`);
  });
};

const parsePath = (dotted: string, place: string, mayExpect: boolean): Path => {
  const path = dotted.split(".");
  if (mayExpect && isFixed(path)) return path;
  const [first = ""] = path;
  if (isFixed([first])) throw refuse(place, `${first} never changes`);
  if (path.length > pathNamesMax) {
    throw refuse(place, `a path of more than ${String(pathNamesMax)} names`);
  }
  for (const name of path) {
    const ours = "a name with a leading underscore, which is the database's own";
    const fault = nameFault(name) ?? (isOurName(name) ? ours : null);
    if (fault !== null) throw refuse(place, fault);
  }
  return path;
};

const isFixed = (path: Path): boolean =>
  path.length === 1 && (path[0] === "id" || path[0] === "_entryType");

type StepParser = (path: Path, operand: unknown, place: string) => Step;

const setStep: StepParser = (path, operand, place) => {
  if (operand === undefined) throw refuse(place, "undefined; use $unset");
  const value = checkValue(operand, place, depthMax - path.length);
  if (isFixed(path)) return { kind: "expect", path, value };
  if (!isMapValue(value) || Object.keys(value).length === 0) return { kind: "set", path, value };
  return { kind: "replace", path, leaves: leavesBelow(path, value) };
};

const unsetStep: StepParser = (path, operand, place) => {
  if (operand === true || operand === 1 || operand === "") return { kind: "unset", path };
  throw refuse(place, "$unset takes true");
};

const incrementStep: StepParser = (path, by, place) => {
  if (typeof by === "number" && Number.isFinite(by)) return { kind: "increment", path, by };
  const given = typeof by === "number" ? String(by) : describe(by);
  throw refuse(place, `$inc takes a finite number, not ${given}`);
};

const pushStep: StepParser = (path, operand, place) => ({
  kind: "push",
  path,
  elements: parseElements(path, operand, place, "$each"),
});

const addStep: StepParser = (path, operand, place) => ({
  kind: "add",
  path,
  elements: parseElements(path, operand, place, "$each"),
});

const pullStep: StepParser = (path, operand, place) => ({
  kind: "pull",
  path,
  elements: parseElements(path, operand, place, "$in"),
});

const stepParsers: { readonly [operator: string]: StepParser | undefined } = {
  $set: setStep,
  $unset: unsetStep,
  $inc: incrementStep,
  $push: pushStep,
  $pull: pullStep,
  $addToSet: addStep,
};

/** One element, or `{ $each: [ … ] }` (for $pull, `{ $in: [ … ] }`). */
const parseElements = (
  path: Path,
  operand: unknown,
  place: string,
  several: "$each" | "$in",
): Elements => {
  const check = (element: unknown, at: string): Value => {
    if (element === undefined) throw refuse(at, "undefined");
    // One level less: each will stand in a list.
    return checkValue(element, at, depthMax - path.length - 1);
  };
  if (!isPlainObject(operand)) return [check(operand, place)];
  const names = Object.keys(operand);
  const [operator] = names.filter((name) => name.startsWith("$"));
  if (operator === undefined) return [check(operand, place)];
  if (operator !== several || names.length > 1) {
    const others = names.filter((name) => name !== several).join(", ");
    throw refuse(place, `${others}: only ${several} may stand here`);
  }
  const list = operand[several];
  const listPlace = pathBelow(place, several);
  if (!Array.isArray(list)) throw refuse(listPlace, `a list, not ${describe(list)}`);
  return Array.from<unknown>(list).map((element, at) =>
    check(element, `${listPlace}[${String(at)}]`),
  );
};

const checkOverlaps = (steps: readonly Parsed[]): void => {
  const operatorByPath = new Map<string, string>();
  const clash = (a: string, b: string, operator: string): NebulusError => {
    const first = `${operatorByPath.get(a) ?? ""} "${a}"`;
    return refuse(b, `${first} and ${operator} "${b}" change the same place`);
  };
  for (const { step, operator } of steps) {
    const dotted = step.path.join(".");
    if (operatorByPath.has(dotted)) throw clash(dotted, dotted, operator);
    operatorByPath.set(dotted, operator);
  }
  for (const { step, operator } of steps) {
    for (let names = 1; names < step.path.length; names++) {
      const above = step.path.slice(0, names).join(".");
      if (operatorByPath.has(above)) throw clash(above, step.path.join("."), operator);
    }
  }
};

/** The bounds of one op, which the whole update will be for each document. */
const checkSizes = (steps: UpdateData): void => {
  const written = total(steps.map(writtenEntries));
  const removed = total(steps.map(removedEntries));
  const bytes = total(steps.flatMap(writtenValues).map(encodedLength));
  if (written > writeEntriesPerOpMax) {
    throw tooLarge(`writes ${String(written)} fields; at most ${String(writeEntriesPerOpMax)}`);
  }
  if (removed > unsetEntriesPerOpMax) {
    throw tooLarge(`removes ${String(removed)} values; at most ${String(unsetEntriesPerOpMax)}`);
  }
  if (bytes > opBytesMax) {
    throw tooLarge(`takes ${String(bytes)} bytes; at most ${String(opBytesMax)} bytes`);
  }
};

const writtenEntries = (step: Step): number => {
  if (step.kind === "replace") return step.leaves.length;
  if (step.kind === "add") return step.elements.length;
  return step.kind === "set" || step.kind === "push" || step.kind === "increment" ? 1 : 0;
};

const removedEntries = (step: Step): number => {
  if (step.kind === "pull") return step.elements.length;
  return step.kind === "unset" ? 1 : 0;
};

const writtenValues = (step: Step): readonly Value[] => {
  if (step.kind === "set") return [step.value];
  if (step.kind === "replace") return step.leaves.map(({ value }) => value);
  return step.kind === "push" || step.kind === "add" ? step.elements : [];
};

const total = (numbers: readonly number[]): number => numbers.reduce((sum, n) => sum + n, 0);

// ------------------------------------------------------------------------------ applying

const changesOf = (step: Step, current: Fields): readonly Change[] => {
  const { path } = step;
  const held = heldAt(step, current);
  switch (step.kind) {
    case "set":
      return [{ path, set: step.value }];
    case "replace":
      return [{ path, replace: step.leaves }];
    case "unset":
      return held === undefined ? [] : [{ path, unset: true }];
    case "increment":
      if (held === undefined || typeof held === "number") return [{ path, increment: step.by }];
      throw misplaced(step, current, `$inc needs a number, and there is ${describe(held)}`);
    case "push":
      return [{ path, set: [...listAt(step, held, current), ...step.elements] }];
    case "add":
      return missingFrom(listAt(step, held, current), step.elements).map((add) => ({ path, add }));
    case "pull":
      return presentIn(listAt(step, held, current), step.elements).map((remove) => ({
        path,
        remove,
      }));
    case "expect":
      return expected(step, held, current);
  }
};

/** A place inside a list has no path of its own: the list is one value. */
const heldAt = (step: Step, current: Fields): Value | undefined => {
  let held: Value | undefined = current;
  for (const [at, name] of step.path.entries()) {
    if (held !== undefined && isArrayValue(held)) {
      const list = step.path.slice(0, at).join(".");
      const advice = `${list} is a list, which is one value; set it as a whole`;
      throw misplaced(step, current, advice);
    }
    if (held === undefined || !isMapValue(held) || !Object.hasOwn(held, name)) return undefined;
    held = held[name];
  }
  return held;
};

const listAt = (step: Step, held: Value | undefined, current: Fields): Elements => {
  if (held === undefined) return [];
  if (isArrayValue(held)) return held;
  throw misplaced(step, current, `a list is needed, and there is ${describe(held)}`);
};

/**
 * What is there already is not added again: nobody would see a difference but in the order, and
 * each repeat would be an op. It can thus be removed by someone who pulls it at the same time.
 */
const missingFrom = (list: Elements, elements: Elements): Elements => {
  const keys = new Set(list.map(valueKey));
  return uniqueByKey(elements).filter((element) => !keys.has(valueKey(element)));
};

const presentIn = (list: Elements, elements: Elements): Elements => {
  const keys = new Set(list.map(valueKey));
  return uniqueByKey(elements).filter((element) => keys.has(valueKey(element)));
};

const uniqueByKey = (elements: Elements): Elements => [
  ...new Map(elements.map((element) => [valueKey(element), element])).values(),
];

const expected = (
  step: Extract<Step, { readonly kind: "expect" }>,
  held: Value | undefined,
  current: Fields,
): readonly Change[] => {
  // Readers leave a document's kind out unless asked for it: the usual one is not there to compare
  // with.
  const actual = held ?? (step.path[0] === "_entryType" ? "MEMORY" : undefined);
  if (equalAny(actual, step.value)) return [];
  throw misplaced(step, current, `${step.path.join(".")} never changes`);
};

const misplaced = (step: Step, current: Fields, what: string): NebulusError => {
  const path = step.path.join(".");
  const id = current["id"];
  const whose = typeof id === "string" ? `document "${id}", ` : "";
  return invalid("InvalidUpdate", `${whose}${path}: ${what}`, path);
};

const refuse = (path: string, what: string): NebulusError =>
  invalid("InvalidUpdate", path === "" ? what : `${path}: ${what}`, path);

const tooLarge = (what: string): NebulusError => invalid("TooLarge", `the update ${what}`, "");
