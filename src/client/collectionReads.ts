/**
 * The half of a collection that reads: queries, pages, documents by id, live queries.
 */
import { iteratePageDocumentsDefault } from "../core/base/limits.ts";
import { checkId } from "../core/cbor/document.ts";
import { compileProjection } from "../core/query/project.ts";
import { encodeCursor } from "../core/query/sort.ts";
import type { FindRequest } from "../core/wire/requests.ts";
import { decodeRows, type Row } from "../core/wire/rows.ts";
import { RowsReader } from "../core/wire/rowsReader.ts";
import { unlessAborted } from "./abort.ts";
import type { CollectionSchema, LiveQuery } from "./api.ts";
import { refusal } from "./answer.ts";
import type { CollectionContext } from "./context.ts";
import { findRequest, wholeNumber } from "./findRequest.ts";
import { createLiveQuery, type LiveRows } from "./liveQuery.ts";
import { decodeDocuments, documentAt, documentOf, storedFields } from "./rows.ts";
import type { Ask } from "./session.ts";
import type {
  CallOptions,
  Document,
  FindOptions,
  GetOptions,
  IterateOptions,
  LiveOptions,
  Query,
} from "./types.ts";

export interface CollectionReads {
  find(query?: Query, options?: FindOptions): Promise<Document[]>;
  findOne(query?: Query, options?: FindOptions): Promise<Document | null>;
  iterate(query?: Query, options?: IterateOptions): AsyncIterable<Document>;
  get(id: string, options?: GetOptions): Promise<Document | null>;
  getMany(ids: readonly string[], options?: GetOptions): Promise<Document[]>;
  count(query?: Query, options?: CallOptions): Promise<number>;
  subscribe(
    query: Query,
    callback: (rows: LiveRows) => void,
    onError?: (error: Error) => void,
  ): () => void;
  live(query?: Query, options?: LiveOptions): LiveQuery<Document>;
}

export const createCollectionReads = (context: CollectionContext): CollectionReads => {
  const { name, schema, session } = context;

  const find = (query?: Query, options?: FindOptions): Promise<Document[]> =>
    read(context, options, async (ask) => {
      const request = findRequest(name, query, options);
      const { rows } = await ask((service) => service.find(request, []));
      return decodeDocuments(rows, schema);
    });

  const getMany = (ids: readonly string[], options?: GetOptions): Promise<Document[]> =>
    read(context, options, async (ask) => {
      for (const [at, id] of ids.entries()) checkId(id, `ids[${String(at)}]`);
      const request = { collection: name, ids: [...new Set(ids)], meta: options?.meta === true };
      const { rows } = await ask((service) => service.get(request, []));
      const found = decodeDocuments(rows, schema);
      return isEach(found, ids) ? found : pick(rows, ids, schema);
    });

  const live = (query?: Query, options?: LiveOptions): LiveQuery<Document> =>
    createLiveQuery(context, findRequest(name, query, options), options?.onError ?? session.report);

  return {
    find,
    findOne: async (query, options) => (await find(query, { ...options, limit: 1 })).at(0) ?? null,
    iterate: (query, options) => iterate(context, query, options),
    get: async (id, options) => (await getMany([id], options)).at(0) ?? null,
    getMany,
    count: (query, options) =>
      read(context, options, (ask) => {
        const request = findRequest(name, query, undefined);
        return ask((service) => service.count(request));
      }),
    subscribe: (query, callback, onError) =>
      live(query, onError === undefined ? {} : { onError }).subscribe((rows) => {
        if (rows !== undefined) callback(rows);
      }),
    live,
  };
};

/** Whether it is one document for each id, in order, as it mostly is. */
const isEach = (documents: readonly Document[], ids: readonly string[]): boolean => {
  if (documents.length !== ids.length) return false;
  for (let at = 0; at < ids.length; at++) if (documents[at]?.["id"] !== ids[at]) return false;
  return true;
};

/** In the order of the ids, without those that were not found; twice what was asked for twice. */
const pick = (
  rows: Uint8Array,
  ids: readonly string[],
  schema: CollectionSchema | null,
): Document[] => {
  const reader = new RowsReader(rows);
  const rowById = new Map<string, number>();
  for (let at = 0; at < reader.length; at++) rowById.set(reader.id(at), at);
  const documents: Document[] = [];
  for (const id of ids) {
    const row = rowById.get(id);
    if (row !== undefined) documents.push(documentAt(reader, row, schema));
  }
  return documents;
};

/** Something that is asked once the collection is known. */
const read = <T>(
  { session, prepared }: CollectionContext,
  options: CallOptions | undefined,
  run: (ask: <A>(request: Ask<A>) => Promise<A>) => Promise<T>,
): Promise<T> =>
  session.during(async () => {
    const signal = options?.signal;
    const asked = run(async (request) => {
      await prepared;
      return session.ask(request);
    });
    return unlessAborted(asked, signal);
  });

async function* iterate(
  context: CollectionContext,
  query: Query | undefined,
  options: IterateOptions | undefined,
): AsyncGenerator<Document> {
  const pageSize = wholeNumber(options?.pageSize ?? iteratePageDocumentsDefault, "pageSize");
  if (pageSize === 0) throw refusal("InvalidQuery", "pageSize: a whole number from 1", "pageSize");
  const request = findRequest(context.name, query, options);
  const project = createProjection(request);
  let place: Pick<FindRequest, "after" | "offset"> = request;
  let left = request.limit ?? Infinity;
  while (left > 0) {
    const limit = Math.min(pageSize, left);
    const rows = await fetchPage(context, { ...request, ...place, limit }, options);
    for (const row of rows) {
      yield documentOf(project(row), context.schema);
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < limit) return;
    left -= rows.length;
    place = { after: encodeCursor(storedFields(last), request.sort), offset: 0 };
  }
}

/** Takes away what was fetched for the cursor's sake. */
const createProjection = ({ fields }: FindRequest): ((row: Row) => Row) => {
  if (fields === null) return (row) => row;
  const project = compileProjection(fields);
  return (row) => {
    const kept = Object.entries(project(storedFields(row))).filter(([name]) => name !== "id");
    return { ...row, leaves: kept.map(([name, value]) => ({ path: [name], value })) };
  };
};

/** Beside the fields that were asked for, those that the next page's cursor needs. */
const fetchPage = (
  context: CollectionContext,
  request: FindRequest,
  options: CallOptions | undefined,
): Promise<readonly Row[]> =>
  read(context, options, async (ask) => {
    const sorted = request.sort.map(([path]) => path.split(".")[0] ?? path);
    const fields = request.fields === null ? null : [...request.fields, ...sorted];
    const { rows } = await ask((service) => service.find({ ...request, fields }, []));
    return decodeRows(rows);
  });
