/** The yardstick: all documents as JSON, compressed as a server would, taken apart again. */
import type { BenchDocument } from "../support/documents.ts";
import type { Engine } from "./engine.ts";
import { parseJson } from "../support/json.ts";

export const engine: Engine = {
  prepare: async (documents) => {
    let received: readonly BenchDocument[] = [];
    return {
      transfer: async () => {
        const json = new Blob([JSON.stringify(documents)]).stream();
        const zipped = json.pipeThrough(new CompressionStream("gzip"));
        const bytes = await new Response(zipped).arrayBuffer();
        const unzipped = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
        received = parseJson<readonly BenchDocument[]>(await new Response(unzipped).text());
        return bytes.byteLength;
      },
      received: async () => received,
      close: async () => undefined,
    };
  },
};
