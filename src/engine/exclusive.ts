/**
 * Who may change documents: commits, which never wait inside, share; what reads a home anew runs
 * alone, and commits that come meanwhile wait for it.
 */
export interface Exclusive {
  /** Runs at once, or when what runs alone is done. */
  shared<T>(run: () => Promise<T>): Promise<T>;
  /** Runs when what ran alone before is done, and holds up what is shared. */
  alone<T>(run: () => Promise<T>): Promise<T>;
}

export const createExclusive = (): Exclusive => {
  let gate: Promise<unknown> | null = null;

  const alone = <T>(run: () => Promise<T>): Promise<T> => {
    const work = (gate ?? Promise.resolve()).then(run);
    const settled = work.then(
      () => undefined,
      () => undefined,
    );
    gate = settled;
    void settled.then(() => {
      if (gate === settled) gate = null;
    });
    return work;
  };

  const shared = async <T>(run: () => Promise<T>): Promise<T> => {
    while (gate !== null) await gate;
    return run();
  };

  return { shared, alone };
};
