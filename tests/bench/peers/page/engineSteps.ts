/** The steps from engine to engine, as samples of the page's workloads. */
import type { Engine } from "../../engines/engine.ts";
import { measureMerge, measureSync } from "../../engines/exchange.ts";
import type { Sample } from "../protocol.ts";

export const syncSamples = async (
  engine: Engine,
  sizes: { readonly documents: number; readonly seed: number },
): Promise<readonly Sample[]> => {
  const { bytes, time } = await measureSync(engine, sizes);
  const rest = { documents: sizes.documents, operations: 1, spread: null };
  return [
    { workload: "sync-bytes", value: bytes, ...rest },
    { workload: "sync-time", value: time, ...rest },
  ];
};

export const mergeSamples = async (
  engine: Engine,
  sizes: Record<"documents" | "seed" | "edits", number>,
): Promise<readonly Sample[]> => {
  const { time, edits } = await measureMerge(engine, sizes);
  const { documents } = sizes;
  return [{ workload: "merge", documents, operations: edits, value: time, spread: null }];
};
