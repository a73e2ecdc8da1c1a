/**
 * What a page does with documents: checks and takes apart what a caller gives, encodes it as rows
 * for the worker, and puts the rows of an answer together again.
 */
import { checkDocument } from "../../../src/core/cbor/document.ts";
import { decodeRows, encodeRows, rowToDocument, type Row } from "../../../src/core/wire/rows.ts";
import type { BenchDocument } from "./documents.ts";
import type { Bench } from "./measure.ts";

/** The rows of all documents, as they cross to the worker. */
export const rowsOf = (documents: readonly BenchDocument[]): Uint8Array =>
  encodeRows(documents.map(toRow));

export const measurePage = async (
  bench: Bench,
  documents: readonly BenchDocument[],
): Promise<void> => {
  const base = { side: "page", documents: documents.length } as const;
  const rows = documents.map(toRow);
  const encoded = encodeRows(rows);
  await bench.measure({
    ...{ ...base, name: "check" },
    prepare: () => undefined,
    run: () => documents.map(toRow),
  });
  await bench.measure({
    ...{ ...base, name: "encode rows" },
    prepare: () => undefined,
    run: () => encodeRows(rows),
  });
  await bench.measure({
    ...{ ...base, name: "decode an answer" },
    prepare: () => undefined,
    run: () => decodeRows(encoded).map(rowToDocument),
  });
};

const toRow = (document: BenchDocument): Row => {
  const { id, leaves } = checkDocument(document);
  return { id: id ?? "", leaves, meta: null };
};
