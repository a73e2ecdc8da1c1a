/**
 * A caller's documents on their way in: checked and copied before anything is sent, so that the
 * rest of a batch is never half applied; given ids; seen by plugins and schemas.
 */
import { NebulusError } from "../core/base/errors.ts";
import { batchDocumentsMax } from "../core/base/limits.ts";
import { checkDocument, type CheckedDocument } from "../core/cbor/document.ts";
import { createRowAdder, type Row } from "../core/wire/rows.ts";
import { RowsWriter } from "../core/wire/rowsWriter.ts";
import { writeSoundDocument } from "../core/wire/soundDocument.ts";
import type { CollectionSchema } from "./api.ts";
import { refusal, withDetail } from "./answer.ts";
import type { Hooks } from "./hooks.ts";
import { checkSchema } from "./schema.ts";
import { storedFields, type StoredFields } from "./rows.ts";

/** What a collection's documents meet. */
export interface Intake {
  readonly makeId: () => string;
  readonly hooks: Hooks;
  readonly schema: CollectionSchema | null;
}

/** Documents on their way, that nobody but the engine has to see. */
export interface Prepared {
  readonly rows: Uint8Array;
  /** As they will be stored: copies. */
  readonly documents: readonly StoredFields[];
}

/**
 * A batch of a caller's, encoded while it is checked. Throws InvalidDocument, InvalidEntryType,
 * TooLarge, DuplicateId (one id twice) or VaultNotSetUp, `path` naming document and place:
 * `[3].address.city`.
 */
export const prepareBatch = (given: unknown, makeId: () => string): Prepared => {
  const documents = checkBatch(given);
  const { add, done } = createPreparation(documents.length, makeId);
  const isTaken = createTaken();
  for (let at = 0; at < documents.length; at++) {
    const { id } = add(documents[at], at);
    if (isTaken(id)) throw twice(id, at);
  }
  return done();
};

/** As `prepareBatch` does it; `path` names the place in the document. */
export const prepareOne = (document: unknown, makeId: () => string): Prepared => {
  const { add, done } = createPreparation(1, makeId);
  add(document, null);
  return done();
};

/** As `prepareBatch`, for plugins and schemas to see. */
export const toRows = (given: unknown, makeId: () => string): readonly Row[] => {
  const documents = checkBatch(given);
  const isTaken = createTaken();
  return Array.from(documents).map((document, at) => {
    const row = toRowAt(document, at, makeId);
    if (isTaken(row.id)) throw twice(row.id, at);
    return row;
  });
};

export const toRow = (document: unknown, makeId: () => string): Row => {
  const checked = checkDocument(document);
  refuseSecrets(checked);
  return { id: checked.id ?? makeId(), leaves: checked.leaves, meta: null };
};

/** The row of what hooks made of it; it keeps its id. */
export const rowOfHooked = (document: unknown, id: string): Row => {
  const checked = checkDocument(document);
  refuseSecrets(checked);
  if (checked.id !== undefined && checked.id !== id) {
    throw refusal("InvalidDocument", `id: a document's id never changes, from "${id}"`, "id");
  }
  return { id, leaves: checked.leaves, meta: null };
};

/** Rows as plugins and schema let them through. */
export const admitRows = async (rows: readonly Row[], intake: Intake): Promise<readonly Row[]> => {
  if (!intake.hooks.onInsert && intake.schema === null) return rows;
  const admitted: Row[] = [];
  for (const row of rows) admitted.push(await admitRow(row, intake));
  return admitted;
};

export const admitRow = async (row: Row, { hooks, schema }: Intake): Promise<Row> => {
  const given = storedFields(row);
  const hooked = await hooks.beforeInsert(given);
  const admitted = hooked === given ? row : rowOfHooked(hooked, row.id);
  await checkSchema(storedFields(admitted), schema);
  return admitted;
};

export const checkCount = (count: number): void => {
  if (count <= batchDocumentsMax) return;
  const most = String(batchDocumentsMax);
  throw refusal("TooLarge", `${String(count)} documents at once; at most ${most}: split them`, "");
};

interface Preparation {
  /** `at` is its place in a batch. */
  readonly add: (document: unknown, at: number | null) => StoredFields;
  readonly done: () => Prepared;
}

const createPreparation = (documentsMax: number, makeId: () => string): Preparation => {
  const writer = new RowsWriter(documentsMax);
  const addRow = createRowAdder(writer);
  const documents: StoredFields[] = [];
  const addUnsure = (document: unknown, at: number | null): StoredFields => {
    const row = at === null ? toRow(document, makeId) : toRowAt(document, at, makeId);
    addRow(row);
    return storedFields(row);
  };
  return {
    add(document, at) {
      const stored = writeSoundDocument(writer, document, makeId) ?? addUnsure(document, at);
      documents.push(stored);
      return stored;
    },
    done: () => ({ rows: writer.take(), documents }),
  };
};

const checkBatch = (documents: unknown): readonly unknown[] => {
  if (!Array.isArray(documents)) {
    throw refusal("InvalidDocument", "a list of documents is needed", "");
  }
  checkCount(documents.length);
  return documents;
};

/** Tells which ids came before. Mostly each is greater than the last, and no set is needed. */
const createTaken = (): ((id: string) => boolean) => {
  const rising: string[] = [];
  let seen: Set<string> | null = null;
  return (id) => {
    if (seen === null) {
      const last = rising[rising.length - 1];
      if (last === undefined || id > last) {
        rising.push(id);
        return false;
      }
      seen = new Set(rising);
    }
    if (seen.has(id)) return true;
    seen.add(id);
    return false;
  };
};

const twice = (id: string, at: number): NebulusError =>
  refusal("DuplicateId", `[${String(at)}].id: the batch holds the id "${id}" twice`, id);

const refuseSecrets = ({ entryType }: CheckedDocument): void => {
  if (entryType === "MEMORY") return;
  const message =
    "A secret (_entryType AUTH) is stored encrypted only, and no vault is set up on this device.";
  throw refusal("VaultNotSetUp", message, "_entryType");
};

const toRowAt = (document: unknown, at: number, makeId: () => string): Row => {
  try {
    return toRow(document, makeId);
  } catch (error) {
    if (!(error instanceof NebulusError)) throw error;
    const place = `[${String(at)}]`;
    const inside = error.path ?? "";
    const path = inside === "" ? place : `${place}.${inside}`;
    throw withDetail(error, { path, message: `${place}: ${error.message}` });
  }
};
