/**
 * What the page and its workers hold, by the browser's own account after it collected garbage:
 * objects and array buffers, each attributed to its realm. WebAssembly memory is in none of the
 * browser's accounts: who uses it says itself how much it is.
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

export interface Memory {
  readonly all: number;
  /** 0: there is no worker. */
  readonly workers: number;
}

/** `wasmBytes`: of WebAssembly in the worker. */
export const measureMemory = async (wasmBytes: number): Promise<Memory> => {
  const { bytes, breakdown } = await performance.measureUserAgentSpecificMemory();
  const ofWorkers = breakdown.filter(({ attribution }) =>
    attribution.some(({ scope }) => scope === "DedicatedWorkerGlobalScope"),
  );
  return {
    all: bytes + wasmBytes,
    workers: ofWorkers.reduce((sum, each) => sum + each.bytes, wasmBytes),
  };
};
