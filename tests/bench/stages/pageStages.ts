/**
 * What a page does with documents: checks what a caller gives and encodes it as rows for the
 * worker, in one walk or, where plugins are to see it, in two; puts the rows of an answer together
 * again.
 */
import { checkDocument } from "../../../src/core/cbor/document.ts";
import { prepareBatch } from "../../../src/client/prepare.ts";
import { decodeDocuments } from "../../../src/client/rows.ts";
import { encodeRows, type Row } from "../../../src/core/wire/rows.ts";
import type { BenchDocument } from "../support/documents.ts";
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
    ...{ ...base, name: "check and encode" },
    prepare: () => undefined,
    run: () => prepareBatch(documents, noId),
  });
  await bench.measure({
    ...{ ...base, name: "check for plugins" },
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
    run: () => decodeDocuments(encoded, null),
  });
};

const noId = (): string => {
  throw new Error("every document has its id");
};

const toRow = (document: BenchDocument): Row => {
  const { id, leaves } = checkDocument(document);
  return { id: id ?? "", leaves, meta: null };
};
