/**
 * Answers of find, get and count by scanning a collection, in one turn (`pages/pageMiss.ts`). The
 * order of an answer is total: the keys asked for, then the id, so that pages by cursor neither
 * skip nor repeat.
 */
import type { DocumentFields } from "../core/base/types.ts";
import { compileFilter, filterIds } from "../core/query/match.ts";
import { compileSort, decodeCursor } from "../core/query/sort.ts";
import type { FindRequest } from "../core/wire/requests.ts";
import type { Row } from "../core/wire/rows.ts";

/** A document as a reader of a collection meets it. */
export interface Shown {
  readonly id: string;
  /** Another object whenever the document changed, the same while it did not. */
  readonly version: object;
  readonly fields: DocumentFields;
}

/**
 * What a query needs of a collection; `collections.ts` gives it over both homes of its documents.
 */
export interface Readable {
  /** Living and, at the end, deleted documents where asked for, by rising id. */
  ids(includeDeleted: boolean): Iterable<string>;
  /** null where nothing is to be shown under that id. */
  show(id: string, includeDeleted: boolean): Shown | null;
  row(shown: Shown, request: Pick<FindRequest, "fields" | "meta">): Row;
  /** All of them are about to be asked for: throws one `PageMiss` for what is on disk. */
  need(ids: readonly string[]): void;
}

export interface Plan {
  /** Whether a document belongs to the answer, wherever it stands in it. */
  readonly matches: (fields: DocumentFields) => boolean;
  readonly compare: (a: DocumentFields, b: DocumentFields) => number;
  /** The only ids that can match, where the filter says so. */
  readonly ids: readonly string[] | null;
}

/** Throws `InvalidQuery` for what is no query. */
export const planOf = (request: FindRequest): Plan => {
  const filter = compileFilter(request.filter);
  const compare = compileSort(request.sort);
  const cursor = request.after === null ? null : decodeCursor(request.after, request.sort);
  const matches =
    cursor === null
      ? filter
      : (fields: DocumentFields): boolean => filter(fields) && compare(fields, cursor) > 0;
  return { matches, compare, ids: filterIds(request.filter) };
};

/** All that match, in order, before offset and limit. */
export const allMatches = (readable: Readable, plan: Plan, includeDeleted: boolean): Shown[] => {
  const found: Shown[] = [];
  if (plan.ids !== null) readable.need(plan.ids);
  for (const id of plan.ids ?? readable.ids(includeDeleted)) {
    const shown = readable.show(id, includeDeleted);
    if (shown !== null && plan.matches(shown.fields)) found.push(shown);
  }
  return found.sort((a, b) => plan.compare(a.fields, b.fields));
};

/** The part of an answer between offset and limit. */
export const windowOf = <T>(all: readonly T[], request: FindRequest): readonly T[] =>
  all.slice(request.offset, request.limit === null ? undefined : request.offset + request.limit);

export const findRows = (readable: Readable, request: FindRequest): readonly Row[] =>
  windowOf(allMatches(readable, planOf(request), request.includeDeleted), request).map((shown) =>
    readable.row(shown, request),
  );

export const countMatches = (readable: Readable, request: FindRequest): number => {
  const plan = planOf(request);
  let count = 0;
  if (plan.ids !== null) readable.need(plan.ids);
  for (const id of plan.ids ?? readable.ids(false)) {
    const shown = readable.show(id, false);
    if (shown !== null && plan.matches(shown.fields)) count += 1;
  }
  return windowLength(count, request);
};

const windowLength = (count: number, request: FindRequest): number => {
  const rest = Math.max(0, count - request.offset);
  return request.limit === null ? rest : Math.min(rest, request.limit);
};
