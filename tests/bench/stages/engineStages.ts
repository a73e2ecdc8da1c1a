/**
 * Everything that runs where the engine runs, in order: in the benchmark's worker over IndexedDB,
 * in Node over memory.
 */
import type { StorageAdapter } from "../../../src/storage/store.ts";
import { isRare, makeDocuments, type BenchDocument } from "../support/documents.ts";
import type { Bench } from "./measure.ts";
import { rowsOf } from "./pageStages.ts";
import { measurePaths } from "./paths.ts";
import type { Sizes, Task } from "./protocol.ts";
import { measureReading } from "./readStages.ts";
import { createBenchScope } from "./scope.ts";
import { measureStoring } from "./storeStages.ts";
import { measureWriting } from "./writeStages.ts";

export const measureEngine = async (
  bench: Bench,
  task: Task,
  adapter: StorageAdapter,
): Promise<Sizes> => {
  const documents = makeDocuments(task.documents, task.seed);
  const rows = rowsOf(documents);
  const scope = await createBenchScope();
  const written = await measureWriting(bench, scope, rows);
  await measureStoring(bench, scope, { written, adapter });
  await measureReading(bench, scope, written);
  const rare = documents.filter(isRare).length;
  const wire = await measurePaths({ bench, adapter, rows, documents: documents.length, rare });
  return {
    ...(await jsonSizes(documents)),
    rows: rows.length,
    ops: written.opBytes,
    journalRecord: written.record.length,
    segments: written.segments.reduce((sum, { bytes }) => sum + bytes.length, 0),
    segmentCount: written.segments.length,
    wire,
  };
};

/** The yardstick: what the same documents take as JSON, and that compressed as a server would. */
const jsonSizes = async (
  documents: readonly BenchDocument[],
): Promise<Pick<Sizes, "json" | "jsonGzip">> => {
  const json = new Blob([JSON.stringify(documents)]);
  const zipped = json.stream().pipeThrough(new CompressionStream("gzip"));
  return { json: json.size, jsonGzip: (await new Response(zipped).arrayBuffer()).byteLength };
};
