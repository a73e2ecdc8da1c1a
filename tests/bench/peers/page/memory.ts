/**
 * What the page and its workers hold, by the browser's own account after it collected garbage:
 * objects, array buffers and WebAssembly memory, each attributed to its realm.
 */

interface MemoryMeasurement {
  readonly bytes: number;
  readonly breakdown: readonly {
    readonly bytes: number;
    readonly attribution: readonly { readonly scope: string }[];
  }[];
}

declare global {
  interface Performance {
    /** Chromium's, in isolated pages. */
    measureUserAgentSpecificMemory: () => Promise<MemoryMeasurement>;
  }
}

export const measureMemory = async (): Promise<{
  readonly all: number;
  readonly workers: number;
}> => {
  const { bytes, breakdown } = await performance.measureUserAgentSpecificMemory();
  const ofWorkers = breakdown.filter(({ attribution }) =>
    attribution.some(({ scope }) => scope === "DedicatedWorkerGlobalScope"),
  );
  return { all: bytes, workers: ofWorkers.reduce((sum, each) => sum + each.bytes, 0) };
};
