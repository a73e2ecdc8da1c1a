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
import type { RowsWriter } from "../core/wire/rowsWriter.ts";

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
  /** Living and, where asked for, deleted documents, by rising id (UTF-16 code units). */
  scan(range: ReadableRange): Iterable<Shown>;
  /** null where nothing is to be shown under that id. */
  show(id: string, includeDeleted: boolean): Shown | null;
  row(shown: Shown, request: Pick<FindRequest, "fields" | "meta">): Row;
  /** A living document as a row, undecoded; false: nothing was written, ask for it by `show`. */
  copyRow(id: string, writer: RowsWriter): boolean;
  /** All of them are about to be asked for: throws one `PageMiss` for what is on disk. */
  need(ids: readonly string[]): void;
}

export interface ReadableRange {
  readonly includeDeleted: boolean;
  /** Those behind this id. */
  readonly after?: string;
  /** Whether all of it will be read. Default true. */
  readonly isWhole?: boolean;
}

export interface Plan {
  /** Whether a document belongs to the answer, wherever it stands in it. */
  readonly matches: (fields: DocumentFields) => boolean;
  readonly compare: (a: DocumentFields, b: DocumentFields) => number;
  /** The only ids that can match, where the filter says so. */
  readonly ids: readonly string[] | null;
  /** The id of the row behind which the answer begins. */
  readonly after: string | null;
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
  return { matches, compare, ids: filterIds(request.filter), after: cursor?.id ?? null };
};

/** All that match, in order, before offset and limit. */
export const allMatches = (readable: Readable, plan: Plan, includeDeleted: boolean): Shown[] => {
  const found: Shown[] = [];
  for (const shown of candidates(readable, plan, includeDeleted)) {
    if (plan.matches(shown.fields)) found.push(shown);
  }
  return found.sort((a, b) => plan.compare(a.fields, b.fields));
};

/** What the plan does not rule out by its id. */
const candidates = (
  readable: Readable,
  { ids }: Plan,
  includeDeleted: boolean,
): Iterable<Shown> => {
  if (ids === null) return readable.scan({ includeDeleted });
  readable.need(ids);
  return ids.flatMap((id) => readable.show(id, includeDeleted) ?? []);
};

/**
 * The first matches by id, of which no more are looked at than are wanted; null: the answer is not
 * in that order, or is wanted whole.
 */
const firstMatches = (readable: Readable, plan: Plan, request: FindRequest): Shown[] | null => {
  const { sort, limit, offset, includeDeleted } = request;
  if (sort.length > 0 || limit === null || plan.ids !== null) return null;
  if (plan.after !== null && mayRankElsewhere(plan.after)) return null;
  const found: Shown[] = [];
  const after = plan.after === null ? {} : { after: plan.after };
  for (const shown of readable.scan({ includeDeleted, isWhole: false, ...after })) {
    if (found.length >= offset + limit) break;
    if (mayRankElsewhere(shown.id)) return null;
    if (plan.matches(shown.fields)) found.push(shown);
  }
  return found;
};

/** Answers are in the order of UTF-8, pages in that of UTF-16: they differ from here on. */
const mayRankElsewhere = (id: string): boolean => /[\ud800-\uffff]/.test(id);

/** The part of an answer between offset and limit. */
export const windowOf = <T>(all: readonly T[], request: FindRequest): readonly T[] =>
  all.slice(request.offset, request.limit === null ? undefined : request.offset + request.limit);

/** The answer itself, in order. */
export const findShown = (readable: Readable, request: FindRequest): readonly Shown[] => {
  const plan = planOf(request);
  const matches =
    firstMatches(readable, plan, request) ?? allMatches(readable, plan, request.includeDeleted);
  return windowOf(matches, request);
};

export const findRows = (readable: Readable, request: FindRequest): readonly Row[] =>
  findShown(readable, request).map((shown) => readable.row(shown, request));

export const countMatches = (readable: Readable, request: FindRequest): number => {
  const plan = planOf(request);
  let count = 0;
  for (const { fields } of candidates(readable, plan, false)) if (plan.matches(fields)) count += 1;
  return windowLength(count, request);
};

const windowLength = (count: number, request: FindRequest): number => {
  const rest = Math.max(0, count - request.offset);
  return request.limit === null ? rest : Math.min(rest, request.limit);
};
