/**
 * What a filter means: which documents it matches. The naive scan by this predicate is the oracle
 * of every index.
 *
 * Rules. A dotted path goes into objects by name and into arrays by element and by index; what it
 * reaches are its leaves, one of them "missing" where an object or a scalar ends the way. A
 * condition holds if it holds for any leaf, or for any element of a leaf that is an array.
 * Comparing two different types is false. `$ne`, `$nin` and `$not` are the plain opposites of
 * `$eq`, `$in` and the inner condition, hence true for missing fields. `null` equals missing.
 *
 * Patterns (`$regex`) run as the platform runs them, so one can be written that takes exponential
 * time. They come from this device's own application, run in its worker, on its own data; a peer
 * can send none.
 */
import type { Fields, Value } from "../base/types.ts";
import { isArrayValue, isMapValue } from "../cbor/value.ts";
import { formatFilter, parseFilter, type Choice, type Condition, type Test } from "./filter.ts";
import { compareAny, equalAny, typeOf } from "./order.ts";

/**
 * A filter as plain data: deeply copied, patterns as `{ $regex, $options }`, so that it can cross
 * to a worker.
 */
export type FilterData = Fields;

export type Predicate = (fields: Fields) => boolean;

/**
 * Checks a caller's filter. Throws InvalidQuery, `path` naming the place. Normalising what was
 * normalised changes nothing.
 */
export const normaliseFilter = (filter: unknown): FilterData => formatFilter(parseFilter(filter));

/** Takes FilterData or a caller's filter; throws InvalidQuery like `normaliseFilter`. */
export const compileFilter = (filter: unknown): Predicate => compileCondition(parseFilter(filter));

/**
 * The ids that alone can match, for `{ id: x }` and `{ id: { $in: […] } }`; null where documents
 * must be looked at.
 */
export const filterIds = (filter: FilterData): readonly string[] | null => {
  const condition = parseFilter(filter);
  if (condition.kind !== "field" || condition.path.join(".") !== "id") return null;
  const [test] = condition.tests;
  if (test === undefined || condition.tests.length !== 1) return null;
  if (test.operator === "$eq") return typeof test.value === "string" ? [test.value] : null;
  if (test.operator !== "$in") return null;
  const ids = test.choices.flatMap((choice) =>
    "value" in choice && typeof choice.value === "string" ? [choice.value] : [],
  );
  return ids.length === test.choices.length ? [...new Set(ids)] : null;
};

/** Over a value that a path reached; undefined stands for missing. */
type OnLeaf = (leaf: Value | undefined) => boolean;
/** Over what lies at a path below `root`; the empty path is the root itself. */
type OnPath = (root: Value, path: readonly string[]) => boolean;

const compileCondition = (condition: Condition): Predicate => {
  switch (condition.kind) {
    case "all":
    case "and": {
      const parts = condition.parts.map(compileCondition);
      return (fields) => parts.every((part) => part(fields));
    }
    case "or": {
      const parts = condition.parts.map(compileCondition);
      return (fields) => parts.some((part) => part(fields));
    }
    case "nor": {
      const parts = condition.parts.map(compileCondition);
      return (fields) => !parts.some((part) => part(fields));
    }
    case "not": {
      const part = compileCondition(condition.part);
      return (fields) => !part(fields);
    }
    case "field": {
      const test = compileTests(condition.tests);
      return (fields) => test(fields, condition.path);
    }
  }
};

const compileTests = (tests: readonly Test[]): OnPath => {
  const compiled = tests.map(compileTest);
  const [only] = compiled;
  if (only !== undefined && compiled.length === 1) return only;
  return (root, path) => compiled.every((test) => test(root, path));
};

const compileTest = (test: Test): OnPath => {
  switch (test.operator) {
    case "$eq":
      return anyLeaf(isEqual(test.value));
    case "$ne":
      return opposite(anyLeaf(isEqual(test.value)));
    case "$gt":
    case "$gte":
    case "$lt":
    case "$lte":
      return anyLeaf(compares(test.operator, test.value));
    case "$in":
      return anyLeaf(isOneOf(test.choices));
    case "$nin":
      return opposite(anyLeaf(isOneOf(test.choices)));
    case "$all":
      return allOf(test.choices.map((choice) => anyLeaf(isOneOf([choice]))));
    case "$regex":
      return anyLeaf(isOneOf([{ pattern: test.pattern }]));
    case "$exists":
      return test.exists ? anyLeaf(isThere) : opposite(anyLeaf(isThere));
    case "$contains":
      return anyLeaf(contains(test.value));
    case "$startsWith":
      return anyLeaf(orAnyElement(startsWith(test.start)));
    case "$size":
      return anyLeaf((leaf) => Array.isArray(leaf) && leaf.length === test.size);
    case "$elemMatch":
      return anyLeaf(hasElement(test.element));
    case "$not":
      return opposite(compileTests(test.tests));
  }
};

/** As in MongoDB, no list of values holds none. */
const allOf =
  (tests: readonly OnPath[]): OnPath =>
  (root, path) =>
    tests.length > 0 && tests.every((test) => test(root, path));

const opposite =
  (test: OnPath): OnPath =>
  (root, path) =>
    !test(root, path);

const anyLeaf =
  (test: OnLeaf): OnPath =>
  (root, path) =>
    reaches(root, path, 0, test);

/** Whether the test holds for a leaf of `path` from its name number `at` on, below `value`. */
const reaches = (value: Value, path: readonly string[], at: number, test: OnLeaf): boolean => {
  const name = path[at];
  if (name === undefined) return test(value);
  if (isArrayValue(value)) return reachesInArray(value, path, at, test);
  if (!isMapValue(value)) return test(undefined);
  const inner = Object.hasOwn(value, name) ? value[name] : undefined;
  return inner === undefined ? test(undefined) : reaches(inner, path, at + 1, test);
};

const reachesInArray = (
  array: readonly Value[],
  path: readonly string[],
  at: number,
  test: OnLeaf,
): boolean => {
  let isMissing = true;
  for (const element of array) {
    // An array inside an array is gone into by index only, as in MongoDB.
    if (!isMapValue(element)) continue;
    isMissing = false;
    if (reaches(element, path, at, test)) return true;
  }
  const indexed = elementAt(array, path[at] ?? "");
  if (indexed !== undefined) return reaches(indexed, path, at + 1, test);
  return isMissing && test(undefined);
};

const elementAt = (array: readonly Value[], name: string): Value | undefined =>
  /^(0|[1-9][0-9]{0,9})$/.test(name) ? array[Number(name)] : undefined;

const orAnyElement =
  (test: (leaf: Value) => boolean): OnLeaf =>
  (leaf) =>
    leaf !== undefined && (test(leaf) || (isArrayValue(leaf) && leaf.some(test)));

const isThere: OnLeaf = (leaf) => leaf !== undefined;

const startsWith =
  (start: string) =>
  (leaf: Value): boolean =>
    typeof leaf === "string" && leaf.startsWith(start);

const isEqual = (value: Value): OnLeaf => {
  const test = orAnyElement((leaf) => equalAny(leaf, value));
  return value === null ? (leaf) => leaf === undefined || test(leaf) : test;
};

const compares = (operator: "$gt" | "$gte" | "$lt" | "$lte", value: Value): OnLeaf => {
  const type = typeOf(value);
  const sign = operator.startsWith("$g") ? 1 : -1;
  const beyond = orAnyElement(
    (leaf) => typeOf(leaf) === type && Math.sign(compareAny(leaf, value)) === sign,
  );
  if (operator === "$gt" || operator === "$lt") return beyond;
  const equal = isEqual(value);
  return (leaf) => beyond(leaf) || equal(leaf);
};

/** Scalars in a set: a list may name thousands of ids. */
const isOneOf = (choices: readonly Choice[]): OnLeaf => {
  const values = choices.flatMap((choice) => ("value" in choice ? [choice.value] : []));
  const scalars = new Set<Value>(values.filter(isPrimitive));
  const others = values.filter((value) => !isPrimitive(value));
  const patterns = choices.flatMap((choice) =>
    "pattern" in choice ? [new RegExp(choice.pattern.source, choice.pattern.flags)] : [],
  );
  const test = orAnyElement((leaf) => {
    if (!isPrimitive(leaf)) return others.some((value) => equalAny(value, leaf));
    if (scalars.has(leaf)) return true;
    return typeof leaf === "string" && patterns.some((pattern) => pattern.test(leaf));
  });
  return scalars.has(null) ? (leaf) => leaf === undefined || test(leaf) : test;
};

const isPrimitive = (value: Value): boolean => typeof value !== "object" || value === null;

/** A text holds a text; a list holds an element. The texts in a list are not searched. */
const contains =
  (value: Value): OnLeaf =>
  (leaf) => {
    if (leaf === undefined) return false;
    if (isArrayValue(leaf)) return leaf.some((element) => equalAny(element, value));
    return typeof leaf === "string" && typeof value === "string" && leaf.includes(value);
  };

const hasElement = (condition: readonly Test[] | Condition): OnLeaf => {
  if ("kind" in condition) {
    const matches = compileCondition(condition);
    return (leaf) =>
      leaf !== undefined &&
      isArrayValue(leaf) &&
      leaf.some((element) => isMapValue(element) && matches(element));
  }
  const test = compileTests(condition);
  return (leaf) =>
    leaf !== undefined && isArrayValue(leaf) && leaf.some((element) => test(element, []));
};
