/**
 * How one stage is measured: prepared anew for every run, outside the measured time, with runs
 * before the first that counts, so that the compiler has seen the code. Nothing here judges a time.
 */

/** Where a stage belongs on the way of a document. */
export type Side = "page" | "writer" | "store" | "reader" | "whole path";

export interface Measured {
  readonly side: Side;
  readonly name: string;
  /** The stage that this one is a part of: it is not to be added to the sum again. */
  readonly within: string | null;
  readonly documents: number;
  /** Of each run that counts, in order. */
  readonly milliseconds: readonly number[];
  /** Milliseconds of each single operation of the last run, where there were several. */
  readonly singles: readonly number[];
}

/** `T` is prepared, `R` is what a run gives. */
export interface Stage<T, R> {
  readonly side: Side;
  readonly name: string;
  readonly within?: string;
  readonly documents: number;
  readonly prepare: () => T | Promise<T>;
  /** What is measured. */
  readonly run: (prepared: T) => R | Promise<R>;
  /** Lets go of what was prepared; throws where the answer was wrong. */
  readonly finish?: (prepared: T, result: R) => unknown;
  readonly singles?: (result: R) => readonly number[];
}

export interface Bench {
  readonly measure: <T, R>(stage: Stage<T, R>) => Promise<void>;
}

export interface BenchOptions {
  readonly runs: number;
  readonly warmUps: number;
}

export const createBench = (
  { runs, warmUps }: BenchOptions,
  emit: (measured: Measured) => void,
): Bench => ({
  async measure({ side, name, within, documents, prepare, run, finish, singles }) {
    const milliseconds: number[] = [];
    let lastSingles: readonly number[] = [];
    for (let at = -warmUps; at < runs; at++) {
      const prepared = await prepare();
      const started = performance.now();
      const running = run(prepared);
      // What gives no promise is not to wait for a turn of its own.
      const result = running instanceof Promise ? await running : running;
      if (at >= 0) milliseconds.push(performance.now() - started);
      lastSingles = singles?.(result) ?? [];
      await finish?.(prepared, result);
    }
    emit({ side, name, within: within ?? null, documents, milliseconds, singles: lastSingles });
  },
});
