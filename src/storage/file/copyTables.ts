/**
 * Copying all that counts of a tables file to a new one, which gives back the room of what was
 * replaced and removed. Values go as they stand, damaged ones too: what was lost stays listed.
 */
import type { Tables } from "./tables.ts";
import { noChange } from "./tableRecord.ts";

export interface CopyDeps {
  readonly batchBytes: number;
  /** Lets others run between two batches. */
  readonly pause: () => Promise<void>;
}

/** Worth it: more is waste than counts, and the file has doubled since it was made. */
export const isWasteful = (tables: Tables, wasteBytesMin: number): boolean => {
  const bytes = tables.bytes();
  const waste = bytes - tables.directory.liveBytes();
  return waste > wasteBytesMin && waste > bytes / 2 && bytes > 2 * tables.copiedBytes();
};

/** Nothing may be written to `from` meanwhile. `to` is whole and flushed when it resolves. */
export const copyTables = async (from: Tables, to: Tables, deps: CopyDeps): Promise<void> => {
  const absorbed = from.absorbed();
  let batch = emptyBatch();
  const put = async (): Promise<void> => {
    to.append({ ...noChange, ...batch, absorbed }, "relaxed");
    batch = emptyBatch();
    await deps.pause();
  };
  for (const table of ["segments", "pages", "meta"] as const) {
    for (const [key, place] of from.directory[table]) {
      batch[table].push([key, from.read(place)]);
      batch.bytes += place.length;
      if (batch.bytes >= deps.batchBytes) await put();
    }
  }
  await put();
  to.finish();
};

type Row = [key: string, value: Uint8Array];

const emptyBatch = (): Record<"segments" | "pages" | "meta", Row[]> & { bytes: number } => ({
  ...{ segments: [], pages: [], meta: [], bytes: 0 },
});
