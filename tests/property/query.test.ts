/**
 * Filters against a small evaluator of their own: it collects the leaves of a path first and knows
 * only one way to say each operator, so it shares no idea with the compiled predicates. Then the
 * laws of order, cursors and copies.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DocumentFields, Fields, Value } from "../../src/core/base/types.ts";
import { compileFilter, filterIds, normaliseFilter } from "../../src/core/query/match.ts";
import { compareAny, equalAny } from "../../src/core/query/order.ts";
import {
  compileSort,
  decodeCursor,
  encodeCursor,
  normaliseSort,
  type SortData,
} from "../../src/core/query/sort.ts";

type Filter = Readonly<Record<string, unknown>>;

// ------------------------------------------------------------------------------ the oracle

const missing = Symbol("missing");
type Reached = Value | typeof missing;

const isObject = (value: unknown): value is Fields =>
  Object.prototype.toString.call(value) === "[object Object]";

const leavesAt = (value: Reached, names: readonly string[]): Reached[] => {
  const [name, ...rest] = names;
  if (name === undefined) return [value];
  if (isObject(value))
    return leavesAt(Object.hasOwn(value, name) ? (value[name] ?? null) : missing, rest);
  if (!isArray(value)) return [missing];
  const found = value.filter(isObject).flatMap((element) => leavesAt(element, names));
  const indexed = /^\d+$/.test(name) ? value[Number(name)] : undefined;
  if (indexed !== undefined) found.push(...leavesAt(indexed, rest));
  return found.length === 0 ? [missing] : found;
};

/** Type and content as text: equal texts are equal values. */
const textOf = (value: unknown): string => {
  if (value === missing) return "null";
  if (value instanceof Date) return `date ${value.toISOString()}`;
  if (value instanceof Uint8Array) return `bytes ${value.join()}`;
  if (value instanceof Float32Array) return `vector ${value.join()}`;
  if (Array.isArray(value)) return `[${value.map(textOf).join()}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const fields = Object.entries(value).map(([name, inner]) => `${name}=${textOf(inner)}`);
  return `{${fields.sort().join()}}`;
};

const isArray = (leaf: Reached): leaf is readonly Value[] => Array.isArray(leaf);

const withElements = (leaf: Reached): Reached[] => (isArray(leaf) ? [leaf, ...leaf] : [leaf]);

const kindOf = (value: unknown): string => Object.prototype.toString.call(value);

/** As many digits each, so that their order as text is theirs. */
const codePoints = (text: string): string =>
  Array.from(text, (each) => (each.codePointAt(0) ?? 0).toString(16).padStart(6, "0")).join("");

/** Scalars only: the generators never compare arrays or objects by order. */
const isLess = (a: Reached, b: Reached): boolean => {
  if (kindOf(a) !== kindOf(b)) return false;
  if (a instanceof Date && b instanceof Date) return a < b;
  if (typeof a === "string" && typeof b === "string") return codePoints(a) < codePoints(b);
  if (typeof a === "boolean" && typeof b === "boolean") return !a && b;
  return typeof a === "number" && typeof b === "number" && a < b;
};

const matchesChoice = (leaf: Reached, choice: unknown): boolean =>
  choice instanceof RegExp
    ? typeof leaf === "string" && choice.test(leaf)
    : textOf(leaf) === textOf(choice);

const holds = (
  operator: string,
  operand: unknown,
  options: unknown,
  leaves: Reached[],
): boolean => {
  const spread = leaves.flatMap(withElements);
  const equals = (value: unknown): boolean => spread.some((leaf) => matchesChoice(leaf, value));
  // What the generators put there.
  const value = operand as Value;
  switch (operator) {
    case "$eq":
      return equals(operand);
    case "$ne":
      return !equals(operand);
    case "$gt":
      return spread.some((leaf) => isLess(value, leaf));
    case "$gte":
      return equals(operand) || spread.some((leaf) => isLess(value, leaf));
    case "$lt":
      return spread.some((leaf) => isLess(leaf, value));
    case "$lte":
      return equals(operand) || spread.some((leaf) => isLess(leaf, value));
    case "$in":
      return listOf(operand).some(equals);
    case "$nin":
      return !listOf(operand).some(equals);
    case "$all":
      return listOf(operand).length > 0 && listOf(operand).every(equals);
    case "$regex":
      return equals(new RegExp(String(operand), typeof options === "string" ? options : ""));
    case "$exists":
      return leaves.some((leaf) => leaf !== missing) === operand;
    case "$contains":
      return leaves.some((leaf) => doesContain(leaf, operand));
    case "$startsWith":
      return spread.some((leaf) => typeof leaf === "string" && leaf.startsWith(String(operand)));
    case "$size":
      return leaves.some((leaf) => Array.isArray(leaf) && leaf.length === operand);
    case "$elemMatch":
      return leaves.some((leaf) => isArray(leaf) && leaf.some((one) => isElement(one, operand)));
    case "$not":
      return !meets(operand, leaves);
    default:
      throw new Error(`the oracle does not know ${operator}`);
  }
};

const listOf = (operand: unknown): readonly unknown[] => (Array.isArray(operand) ? operand : []);

const doesContain = (leaf: Reached, operand: unknown): boolean =>
  Array.isArray(leaf)
    ? leaf.some((element) => textOf(element) === textOf(operand))
    : typeof leaf === "string" && typeof operand === "string" && leaf.includes(operand);

const isElement = (element: Value, operand: unknown): boolean => {
  if (!isObject(operand)) throw new Error("the oracle wants an object");
  const isOnItself = Object.keys(operand).some((name) => name.startsWith("$"));
  return isOnItself ? meets(operand, [element]) : isObject(element) && matches(operand, element);
};

const meets = (condition: unknown, leaves: Reached[]): boolean => {
  const isOperators = isObject(condition) && Object.keys(condition).some((n) => n.startsWith("$"));
  if (!isOperators) return holds("$eq", condition, "", leaves);
  return Object.entries(condition).every(
    ([operator, operand]) =>
      operator === "$options" || holds(operator, operand, condition["$options"], leaves),
  );
};

const matches = (filter: Filter, fields: Fields): boolean =>
  Object.entries(filter).every(([name, operand]) => {
    if (name === "$not") return isObject(operand) && !matches(operand, fields);
    if (!name.startsWith("$")) return meets(operand, leavesAt(fields, name.split(".")));
    const each = listOf(operand).map((part) => isObject(part) && matches(part, fields));
    if (name === "$and") return each.every(Boolean);
    return each.some(Boolean) === (name === "$or");
  });

// -------------------------------------------------------------------------- the generators

const names = fc.constantFrom("a", "b", "c");
const scalars: fc.Arbitrary<Value> = fc.oneof(
  fc.constantFrom(null, true, false, 0, 1, 2, -1.5, "", "x", "xy", "Xy", "1", "😀", "\uffff"),
  fc.constantFrom(new Date(0), new Date(1), new Uint8Array([1]), new Float32Array([1])),
);
const { value: values, object: objects } = fc.letrec<{ value: Value; object: Fields }>((tie) => ({
  value: fc.oneof(
    // A step may be two levels, and a literal may have 16 with its path
    { depthSize: "small", maxDepth: 5, withCrossShrink: true },
    scalars,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.array(tie("object"), { maxLength: 3 }),
    tie("object"),
  ),
  object: fc.dictionary(names, tie("value"), { maxKeys: 3, noNullPrototype: true }),
}));
const documents: fc.Arbitrary<DocumentFields> = fc
  .tuple(fc.constantFrom("1", "2", "3"), objects)
  .map(([id, fields]) => ({ ...fields, id }));

const paths = fc.constantFrom("a", "b", "c", "a.b", "a.0", "a.1", "b.c", "a.b.c", "a.0.b", "b.c.0");
const patterns = fc.constantFrom(/x/, /^x/i, /^$/, /y$/, /./u);
const choices = fc.array(
  fc.oneof({ weight: 4, arbitrary: values }, { weight: 1, arbitrary: patterns }),
  {
    maxLength: 3,
  },
);
const operators = (tie: fc.LetrecTypedTie<Grammar>): fc.Arbitrary<Filter> => {
  const one = (names: readonly string[], operand: fc.Arbitrary<unknown>): fc.Arbitrary<Filter> =>
    fc.tuple(fc.constantFrom(...names), operand).map(([name, value]) => ({ [name]: value }));
  return fc.oneof(
    { withCrossShrink: true },
    one(["$eq", "$ne", "$contains"], values),
    one(["$gt", "$gte", "$lt", "$lte"], scalars),
    one(["$in", "$nin", "$all"], choices),
    one(["$exists"], fc.boolean()),
    one(["$startsWith"], fc.constantFrom("", "x", "xy")),
    one(["$size"], fc.nat(3)),
    one(["$elemMatch"], fc.oneof(tie("tests"), tie("fields"))),
    one(["$not"], fc.oneof(tie("tests"), patterns)),
    one(["$regex"], fc.constantFrom("x", "^X", "y$")),
    fc.constantFrom<Filter>({ $regex: "^X", $options: "i" }, { $regex: "^.$", $options: "su" }),
  );
};

/** An alias: an interface is no record to the checker of types. */
type Grammar = { tests: Filter; fields: Filter; filter: Filter };
const { filter: filters } = fc.letrec<Grammar>((tie) => ({
  tests: fc
    .array(operators(tie), { minLength: 1, maxLength: 2 })
    .map((parts) => parts.reduce((all, part) => ({ ...all, ...part }))),
  fields: fc.dictionary(paths, fc.oneof(values, patterns, tie("tests")), {
    maxKeys: 2,
    noNullPrototype: true,
  }),
  filter: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    tie("fields"),
    fc.record(
      {
        $and: fc.array(tie("filter"), { minLength: 1, maxLength: 2 }),
        $or: fc.array(tie("filter"), { minLength: 1, maxLength: 2 }),
        $nor: fc.array(tie("filter"), { minLength: 1, maxLength: 2 }),
        $not: tie("filter"),
      },
      { requiredKeys: [], noNullPrototype: true },
    ),
  ),
}));

// ------------------------------------------------------------------------------- the tests

describe("filters", () => {
  test("match what a naive evaluator matches", () => {
    let matched = 0;
    let refused = 0;
    fc.assert(
      fc.property(filters, fc.array(documents, { minLength: 1, maxLength: 8 }), (filter, rows) => {
        const predicate = compileFilter(filter);
        for (const row of rows) {
          const expected = matches(filter, row);
          expect(predicate(row)).toBe(expected);
          if (expected) matched++;
          else refused++;
        }
      }),
      { numRuns: 10_000 },
    );
    // Neither answer may be so rare that the comparison says little.
    expect(Math.min(matched, refused)).toBeGreaterThan(6_000);
  }, 60_000);

  test("mean the same after normalising, cloning and normalising again", () => {
    fc.assert(
      fc.property(filters, documents, (filter, row) => {
        const data = normaliseFilter(filter);
        const crossed = structuredClone(data);
        expect(normaliseFilter(crossed)).toEqual(data);
        expect(compileFilter(crossed)(row)).toBe(compileFilter(filter)(row));
      }),
      { numRuns: 3_000 },
    );
  }, 60_000);

  test("that name ids match nothing but those", () => {
    const idFilters = fc.oneof(
      fc.constantFrom("1", "2").map((id) => ({ id })),
      fc.array(fc.constantFrom("1", "2"), { maxLength: 3 }).map((ids) => ({ id: { $in: ids } })),
    );
    fc.assert(
      fc.property(idFilters, documents, (filter, row) => {
        const ids = filterIds(normaliseFilter(filter));
        expect(ids?.includes(row.id)).toBe(compileFilter(filter)(row));
      }),
    );
  });
});

describe("order", () => {
  test("of all values is total: antisymmetric, transitive, zero only for equals", () => {
    fc.assert(
      fc.property(fc.array(values, { minLength: 3, maxLength: 3 }), ([a, b, c]) => {
        expect(Math.sign(compareAny(a, b))).toBe(0 - Math.sign(compareAny(b, a)));
        expect(compareAny(a, b) === 0).toBe(textOf(a) === textOf(b));
        expect(equalAny(a, b)).toBe(textOf(a) === textOf(b));
        if (compareAny(a, b) <= 0 && compareAny(b, c) <= 0) {
          expect(compareAny(a, c)).toBeLessThanOrEqual(0);
        }
      }),
      { numRuns: 5_000 },
    );
  }, 60_000);

  const sorts: fc.Arbitrary<SortData> = fc
    .uniqueArray(fc.tuple(paths, fc.constantFrom(1 as const, -1 as const)), {
      maxLength: 3,
      selector: ([path]) => path,
    })
    .map(normaliseSort);
  const rowSets = fc
    .array(objects, { maxLength: 12 })
    .map((list) => list.map((fields, at): DocumentFields => ({ ...fields, id: String(at) })));

  test("pages by cursor neither skip nor repeat, whatever is deleted in between", () => {
    fc.assert(
      fc.property(rowSets, sorts, fc.integer({ min: 1, max: 4 }), (rows, sort, size) => {
        const compare = compileSort(sort);
        const sorted = rows.toSorted(compare);
        const paged: DocumentFields[] = [];
        let rest = sorted;
        while (rest.length > 0 && paged.length < sorted.length) {
          const page = rest.slice(0, size);
          paged.push(...page);
          const last = page.at(-1);
          if (last === undefined) break;
          const cursor = decodeCursor(encodeCursor(last, sort), sort);
          // The cursor's own row is gone by now.
          rest = sorted.filter((row) => row !== last && compare(row, cursor) > 0);
        }
        expect(paged).toEqual(sorted);
      }),
      { numRuns: 2_000 },
    );
  }, 60_000);
});
