/**
 * A caller's query as the engine takes it: checked here, in the page, so that a mistake is told at
 * once and with its place.
 */
import type { Value } from "../core/base/types.ts";
import { checkValue, describe, isPlainObject } from "../core/cbor/check.ts";
import { checkId } from "../core/cbor/document.ts";
import { normaliseFilter, type FilterData } from "../core/query/match.ts";
import { compileProjection } from "../core/query/project.ts";
import { encodeCursor, normaliseSort } from "../core/query/sort.ts";
import type { FindRequest, SortData, Target } from "../core/wire/requests.ts";
import { refusal } from "./answer.ts";
import type { FindOptions, Query, Selector } from "./types.ts";

/** Throws `InvalidQuery`. */
export const findRequest = (
  collection: string,
  query: Query | undefined,
  options: FindOptions | undefined,
): FindRequest => {
  const sort = normaliseSort(options?.sort);
  // Names of fields that nobody can have are told here.
  compileProjection(options?.fields);
  return {
    collection,
    filter: filterOf(query),
    sort,
    limit: options?.limit === undefined ? null : wholeNumber(options.limit, "limit"),
    offset: options?.offset === undefined ? 0 : wholeNumber(options.offset, "offset"),
    after: options?.after === undefined ? null : cursorOf(options.after, sort),
    fields: options?.fields ?? null,
    includeDeleted: options?.includeDeleted === true,
    meta: options?.meta === true,
  };
};

/** Absent: every document. */
export const filterOf = (query: Query | undefined): FilterData => normaliseFilter(query ?? {});

/** The documents that a write is about. `one`: only the first of them. */
export const targetOf = (where: Selector, one: boolean): Target => {
  if (typeof where === "string") return { kind: "ids", ids: [checkId(where, "id")] };
  if (!isPlainObject(where)) {
    const message = `an id or a query is needed, not ${describe(where)}; all documents are {}`;
    throw refusal("InvalidQuery", message, "");
  }
  return { kind: "filter", filter: normaliseFilter(where), limit: one ? 1 : null };
};

/** Names the place behind a document in this order. */
const cursorOf = (document: unknown, sort: SortData): string => {
  if (!isPlainObject(document) || typeof document["id"] !== "string") {
    const what = "the last document of the page before, with its id";
    throw refusal("InvalidQuery", `after: ${what}`, "after");
  }
  const sorted: Record<string, Value> = {};
  for (const [path] of sort) {
    const [name = ""] = path.split(".");
    const value = document[name];
    if (value !== undefined) sorted[name] = checkValue(value, `after.${name}`);
  }
  return encodeCursor({ ...sorted, id: document["id"] }, sort);
};

/** Throws `InvalidQuery`, naming the option. */
export const wholeNumber = (value: unknown, name: string): number => {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  const given = typeof value === "number" ? String(value) : describe(value);
  throw refusal("InvalidQuery", `${name}: a whole number from 0, not ${given}`, name);
};
