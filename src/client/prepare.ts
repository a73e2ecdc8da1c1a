/**
 * A caller's documents on their way in: checked and copied before anything is sent, so that the
 * rest of a batch is never half applied; given ids; seen by plugins and schemas.
 */
import { NebulusError } from "../core/base/errors.ts";
import { batchDocumentsMax } from "../core/base/limits.ts";
import { checkDocument, type CheckedDocument } from "../core/cbor/document.ts";
import type { Row } from "../core/wire/rows.ts";
import type { CollectionSchema } from "./api.ts";
import { refusal, withDetail } from "./answer.ts";
import type { Hooks } from "./hooks.ts";
import { checkSchema } from "./schema.ts";
import { storedFields } from "./rows.ts";

/** What a collection's documents meet. */
export interface Intake {
  readonly makeId: () => string;
  readonly hooks: Hooks;
  readonly schema: CollectionSchema | null;
}

/**
 * Rows of documents that a caller gave, with ids. Throws InvalidDocument, InvalidEntryType,
 * TooLarge, DuplicateId (one id twice) or VaultNotSetUp, `path` naming document and place:
 * `[3].address.city`.
 */
export const toRows = (documents: unknown, makeId: () => string): readonly Row[] => {
  if (!Array.isArray(documents)) {
    throw refusal("InvalidDocument", "a list of documents is needed", "");
  }
  checkCount(documents.length);
  const seen = new Set<string>();
  return Array.from<unknown>(documents).map((document, at) => {
    const row = atPlace(`[${String(at)}]`, () => toRow(document, makeId));
    if (seen.has(row.id)) {
      const message = `[${String(at)}].id: the batch holds the id "${row.id}" twice`;
      throw refusal("DuplicateId", message, row.id);
    }
    seen.add(row.id);
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

const refuseSecrets = ({ entryType }: CheckedDocument): void => {
  if (entryType === "MEMORY") return;
  const message =
    "A secret (_entryType AUTH) is stored encrypted only, and no vault is set up on this device.";
  throw refusal("VaultNotSetUp", message, "_entryType");
};

const atPlace = <T>(place: string, run: () => T): T => {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof NebulusError)) throw error;
    const inside = error.path ?? "";
    const path = inside === "" ? place : `${place}.${inside}`;
    throw withDetail(error, { path, message: `${place}: ${error.message}` });
  }
};
