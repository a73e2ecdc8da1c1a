/**
 * Documents as a file: JSON and NDJSON without loss (what JSON lacks is written with `$` names, as
 * in the editor), CSV as far as a table goes.
 */
import Papa from "papaparse";
import type { DocumentFields, Fields, Value } from "../../core/base/types.ts";
import type { DistributedCollection } from "../../client/api.ts";
import { plainOf } from "../text/json.ts";
import type { Format } from "./read.ts";

export const mediaTypes: Readonly<Record<Format, string>> = {
  json: "application/json",
  ndjson: "application/x-ndjson",
  csv: "text/csv",
};

/** Parts of the file in order, each with how many documents stand in it. */
export interface Part {
  readonly text: string;
  readonly documents: number;
}

const partDocuments = 500;

export async function* writeDocuments(
  collection: DistributedCollection<Fields>,
  format: Format,
): AsyncGenerator<Part> {
  const names = format === "csv" ? await namesIn(collection) : [];
  let isFirst = true;
  if (format === "csv") yield { text: `${Papa.unparse([[...names]])}\n`, documents: 0 };
  for await (const documents of batches(collection)) {
    const text =
      format === "csv" ? `${csvOf(names, documents)}\n` : jsonOf(documents, format, isFirst);
    isFirst = false;
    yield { text, documents: documents.length };
  }
  if (format === "json") yield { text: isFirst ? "[]\n" : "\n]\n", documents: 0 };
}

const jsonOf = (documents: readonly DocumentFields[], format: Format, isFirst: boolean): string => {
  const lines = documents.map((document) => JSON.stringify(plainOf(document)));
  if (format === "ndjson") return `${lines.join("\n")}\n`;
  return (isFirst ? "[\n" : ",\n") + lines.join(",\n");
};

/** A cell that begins like a formula is kept from being one in a spreadsheet. */
const csvOf = (names: readonly string[], documents: readonly DocumentFields[]): string =>
  Papa.unparse(
    documents.map((document) => names.map((name) => cellOf(document[name]))),
    { escapeFormulae: /^[=+\-@\t\r]/ },
  );

const cellOf = (value: Value | undefined): string | number => {
  if (value === undefined) return "";
  if (typeof value === "string" || typeof value === "number") return value;
  return value instanceof Date ? value.toISOString() : JSON.stringify(plainOf(value));
};

/** Of all fields, in the order in which they are met; the id first. */
const namesIn = async (collection: DistributedCollection<Fields>): Promise<readonly string[]> => {
  const names = new Set(["id"]);
  for await (const documents of batches(collection)) {
    for (const document of documents) for (const name of Object.keys(document)) names.add(name);
  }
  return [...names];
};

async function* batches(
  collection: DistributedCollection<Fields>,
): AsyncGenerator<readonly DocumentFields[]> {
  let batch: DocumentFields[] = [];
  for await (const document of collection.iterate({}, { pageSize: partDocuments })) {
    batch.push(document);
    if (batch.length < partDocuments) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
