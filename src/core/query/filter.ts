/**
 * Mongo-style filters as callers write them, checked and taken apart to a tree that no later code
 * need doubt. Apart from match.ts, which says what the tree means.
 *
 *   filter    = { (path: condition | "$and" | "$or" | "$nor": [filter, …] | "$not": filter)* }
 *   condition = value | RegExp | { operator: operand, … }
 */
import { invalid, NebulusError } from "../base/errors.ts";
import { queryDepthMax, regexLengthMax } from "../base/limits.ts";
import type { Fields, Value } from "../base/types.ts";
import { checkValue, describe, isPlainObject, pathBelow } from "../cbor/check.ts";
import { nearest, suggestion } from "./nearest.ts";

/** All parts of "all" stand in one object of the filter. */
export type Condition =
  | { readonly kind: "all" | "and" | "or" | "nor"; readonly parts: readonly Condition[] }
  | { readonly kind: "not"; readonly part: Condition }
  | { readonly kind: "field"; readonly path: readonly string[]; readonly tests: readonly Test[] };

export type Test =
  | { readonly operator: "$eq" | "$ne" | "$contains"; readonly value: Value }
  | { readonly operator: "$gt" | "$gte" | "$lt" | "$lte"; readonly value: Value }
  | { readonly operator: "$in" | "$nin" | "$all"; readonly choices: readonly Choice[] }
  | { readonly operator: "$regex"; readonly pattern: Pattern }
  | { readonly operator: "$startsWith"; readonly start: string }
  | { readonly operator: "$size"; readonly size: number }
  | { readonly operator: "$exists"; readonly exists: boolean }
  | { readonly operator: "$elemMatch"; readonly element: readonly Test[] | Condition }
  | { readonly operator: "$not"; readonly tests: readonly Test[] };

export type Choice = { readonly value: Value } | { readonly pattern: Pattern };

/** A regular expression as plain data. It compiles: that was tried. */
export interface Pattern {
  readonly source: string;
  readonly flags: string;
}

/**
 * Throws InvalidQuery, `path` naming the place in the filter (`$or[1].age.$gt`). Nothing of the
 * input is kept.
 */
export const parseFilter = (filter: unknown): Condition => parseAt(filter, { path: "", depth: 0 });

/** The filter of a tree: parsing it again gives an equal tree. */
export const formatFilter = (condition: Condition): Fields =>
  Object.fromEntries(
    condition.kind === "all" ? condition.parts.map(formatPart) : [formatPart(condition)],
  );

interface Place {
  readonly path: string;
  /** Objects and patterns around this place. */
  readonly depth: number;
}

const parseAt = (filter: unknown, place: Place): Condition => {
  const inside = deeper(place);
  const parts = entriesOf(filter, place).map(([name, operand]) =>
    name.startsWith("$")
      ? parseLogic(name, operand, below(inside, name))
      : parseField(name, operand, below(inside, name)),
  );
  const [only] = parts;
  return only !== undefined && parts.length === 1 ? only : { kind: "all", parts };
};

const parseLogic = (name: string, operand: unknown, place: Place): Condition => {
  switch (name) {
    case "$and":
      return { kind: "and", parts: parseList(operand, place) };
    case "$or":
      return { kind: "or", parts: parseList(operand, place) };
    case "$nor":
      return { kind: "nor", parts: parseList(operand, place) };
    case "$not":
      return { kind: "not", part: parseAt(operand, place) };
    default:
      if (fieldOperators.includes(name)) {
        throw refuse(place, `${name} stands inside a field's condition: { age: { ${name}: … } }`);
      }
      throw refuse(place, `unknown operator ${name}${suggestion(name, logicOperators)}`);
  }
};

const parseList = (operand: unknown, place: Place): readonly Condition[] => {
  const list = listOf(operand, place);
  if (list.length === 0) throw refuse(place, "an empty list of filters says nothing");
  return list.map((filter, at) => parseAt(filter, element(place, at)));
};

const parseField = (name: string, condition: unknown, place: Place): Condition => {
  const path = name.split(".");
  if (path.includes("")) throw refuse(place, "an empty name in the path");
  return { kind: "field", path, tests: parseCondition(condition, place) };
};

const parseCondition = (condition: unknown, place: Place): readonly Test[] => {
  if (condition instanceof RegExp) {
    return [{ operator: "$regex", pattern: patternOf(condition, deeper(place)) }];
  }
  if (!hasOperators(condition)) return [{ operator: "$eq", value: literal(condition, place) }];
  return parseTests(condition, place);
};

const parseTests = (condition: { readonly [name: string]: unknown }, place: Place): Test[] => {
  const inside = deeper(place);
  return Object.entries(condition).flatMap(([name, operand]) => {
    const at = below(inside, name);
    if (!name.startsWith("$")) throw refuse(at, "a name among operators; write { $eq: … }");
    if (name === "$options" && Object.hasOwn(condition, "$regex")) return [];
    return [parseTest(name, operand, condition, at)];
  });
};

const parseTest = (
  name: string,
  operand: unknown,
  condition: { readonly [name: string]: unknown },
  place: Place,
): Test => {
  switch (name) {
    case "$eq":
    case "$ne":
    case "$gt":
    case "$gte":
    case "$lt":
    case "$lte":
    case "$contains":
      return { operator: name, value: literal(operand, place) };
    case "$in":
    case "$nin":
    case "$all":
      return { operator: name, choices: parseChoices(operand, place) };
    case "$regex":
      return { operator: name, pattern: patternAt(operand, condition["$options"], place) };
    case "$startsWith":
      if (typeof operand !== "string") throw refuse(place, `text, not ${describe(operand)}`);
      return { operator: name, start: operand };
    case "$exists":
      if (typeof operand !== "boolean") {
        throw refuse(place, `true or false, not ${describe(operand)}`);
      }
      return { operator: name, exists: operand };
    case "$size":
      return { operator: name, size: sizeOf(operand, place) };
    case "$elemMatch":
      return { operator: name, element: parseElement(operand, place) };
    case "$not":
      return { operator: name, tests: parseNegated(operand, place) };
    default:
      throw unknownOperator(name, place);
  }
};

const sizeOf = (operand: unknown, place: Place): number => {
  if (typeof operand !== "number") throw refuse(place, `a number, not ${describe(operand)}`);
  if (!Number.isSafeInteger(operand) || operand < 0) {
    throw refuse(place, `a whole number from 0, not ${String(operand)}`);
  }
  return operand === 0 ? 0 : operand;
};

const parseChoices = (operand: unknown, place: Place): readonly Choice[] =>
  listOf(operand, place).map((choice, at): Choice => {
    const inside = element(place, at);
    if (choice instanceof RegExp) return { pattern: patternOf(choice, deeper(inside)) };
    if (!isPlainObject(choice) || !Object.hasOwn(choice, "$regex")) {
      return { value: literal(choice, inside) };
    }
    const [test, ...others] = parseTests(choice, inside);
    if (test?.operator === "$regex" && others.length === 0) return { pattern: test.pattern };
    throw refuse(inside, "only $options may stand beside $regex here");
  });

/** Of a list's elements: either operators on the element itself, or a filter on its fields. */
const parseElement = (operand: unknown, place: Place): readonly Test[] | Condition => {
  const isOnItself = (name: string): boolean =>
    name.startsWith("$") && !(name !== "$not" && logicOperators.includes(name));
  if (isPlainObject(operand) && Object.keys(operand).some(isOnItself)) {
    return parseTests(operand, place);
  }
  return parseAt(operand, place);
};

const parseNegated = (operand: unknown, place: Place): readonly Test[] => {
  if (operand instanceof RegExp) return parseCondition(operand, place);
  if (!hasOperators(operand)) throw refuse(place, "$not takes operators; for a value use $ne");
  return parseTests(operand, place);
};

const patternAt = (operand: unknown, options: unknown, place: Place): Pattern => {
  if (options !== undefined && typeof options !== "string") {
    throw refuse(place, `$options is text, not ${describe(options)}`);
  }
  if (operand instanceof RegExp) return patternOf(operand, place, options);
  if (typeof operand !== "string") throw refuse(place, `text, not ${describe(operand)}`);
  return checkPattern(operand, options ?? "", place);
};

const patternOf = (pattern: RegExp, place: Place, options: string = pattern.flags): Pattern =>
  checkPattern(pattern.source, options, place);

const checkPattern = (source: string, options: string, place: Place): Pattern => {
  if (source.length > regexLengthMax) {
    throw refuse(place, `a pattern of more than ${String(regexLengthMax)} characters`);
  }
  const unknown = /[^dgimsuv]/.exec(options);
  if (unknown !== null) throw refuse(place, `option "${unknown[0]}"; i, m, s, u and v are known`);
  // Global and indices say how to go on after a match; here only the first one counts.
  const flags = options.replaceAll(/[dg]/g, "");
  try {
    new RegExp(source, flags);
  } catch (cause) {
    throw refuse(place, cause instanceof Error ? cause.message : "a broken pattern");
  }
  return { source, flags };
};

const literal = (value: unknown, place: Place): Value => {
  if (value === undefined) {
    throw refuse(place, "undefined; use null or { $exists: false } for what is not there");
  }
  if (value instanceof RegExp) throw refuse(place, "a pattern; use $regex, $in or $not");
  try {
    return checkValue(value, place.path);
  } catch (error) {
    // One word for the caller: it is the query that must be mended. Message and place are right as
    // they are.
    if (error instanceof NebulusError) throw invalid("InvalidQuery", error.message, error.path);
    throw error;
  }
};

const listOf = (operand: unknown, place: Place): readonly unknown[] => {
  if (!Array.isArray(operand)) throw refuse(place, `a list, not ${describe(operand)}`);
  // A list with holes must not lose them: `from` makes them undefined, which is refused.
  return Array.from<unknown>(operand);
};

const entriesOf = (filter: unknown, place: Place): [string, unknown][] => {
  if (!isPlainObject(filter)) {
    throw refuse(place, `a filter is a plain object, not ${describe(filter)}`);
  }
  return Object.entries(filter);
};

const hasOperators = (condition: unknown): condition is { readonly [name: string]: unknown } =>
  isPlainObject(condition) && Object.keys(condition).some((name) => name.startsWith("$"));

const unknownOperator = (name: string, place: Place): NebulusError => {
  if (name === "$options") return refuse(place, "$options stands beside $regex");
  if (nearest(name, fieldOperators) === null && logicOperators.includes(name)) {
    return refuse(place, `${name} joins filters: { ${name}: [{ age: … }, …] }`);
  }
  return refuse(place, `unknown operator ${name}${suggestion(name, fieldOperators)}`);
};

/** Cyclic filters end here too. */
const deeper = (place: Place): Place => {
  if (place.depth >= queryDepthMax) {
    throw refuse(place, `nested deeper than ${String(queryDepthMax)}, or containing itself`);
  }
  return { path: place.path, depth: place.depth + 1 };
};

const below = (place: Place, name: string): Place => ({
  path: pathBelow(place.path, name),
  depth: place.depth,
});

const element = (place: Place, at: number): Place => ({
  path: `${place.path}[${String(at)}]`,
  depth: place.depth,
});

const refuse = (place: Place, what: string): NebulusError =>
  invalid("InvalidQuery", place.path === "" ? what : `${place.path}: ${what}`, place.path);

const formatPart = (part: Condition): [string, Value] => {
  switch (part.kind) {
    case "field":
      return [part.path.join("."), formatCondition(part.tests)];
    case "not":
      return ["$not", formatFilter(part.part)];
    case "all":
      return ["$and", [formatFilter(part)]];
    case "and":
    case "or":
    case "nor":
      return [`$${part.kind}`, part.parts.map(formatFilter)];
  }
};

/** A lone `$eq` is written bare, so that a filter does not grow deeper when it is formatted. */
const formatCondition = (tests: readonly Test[]): Value => {
  const [only] = tests;
  if (tests.length === 1 && only?.operator === "$eq") return only.value;
  return formatTests(tests);
};

const formatTests = (tests: readonly Test[]): Fields =>
  Object.fromEntries(tests.flatMap(formatTest));

const formatTest = (test: Test): [string, Value][] => {
  if (test.operator === "$regex") return Object.entries(formatPattern(test.pattern));
  return [[test.operator, formatOperand(test)]];
};

const formatOperand = (test: Exclude<Test, { readonly operator: "$regex" }>): Value => {
  switch (test.operator) {
    case "$in":
    case "$nin":
    case "$all":
      return test.choices.map((choice) =>
        "pattern" in choice ? formatPattern(choice.pattern) : choice.value,
      );
    case "$startsWith":
      return test.start;
    case "$size":
      return test.size;
    case "$exists":
      return test.exists;
    case "$not":
      return formatTests(test.tests);
    case "$elemMatch":
      return "kind" in test.element ? formatFilter(test.element) : formatTests(test.element);
    case "$eq":
    case "$ne":
    case "$gt":
    case "$gte":
    case "$lt":
    case "$lte":
    case "$contains":
      return test.value;
  }
};

const formatPattern = ({ source, flags }: Pattern): Fields =>
  flags === "" ? { $regex: source } : { $regex: source, $options: flags };

const logicOperators: readonly string[] = ["$and", "$or", "$nor", "$not"];
const fieldOperators: readonly string[] = [
  "$eq",
  "$ne",
  "$gt",
  "$gte",
  "$lt",
  "$lte",
  "$in",
  "$nin",
  "$regex",
  "$exists",
  "$contains",
  "$startsWith",
  "$size",
  "$all",
  "$elemMatch",
  "$not",
];
