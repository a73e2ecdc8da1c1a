/**
 * One call after another, in the order in which they came, whatever the ones before came to.
 */
export type Turns = <T>(run: () => Promise<T>) => Promise<T>;

export const createTurns = (): Turns => {
  let underWay: Promise<unknown> = Promise.resolve();
  return (run) => {
    const result = underWay.then(run);
    // Whoever asked for it is told; the next in line does not fail because this one did
    underWay = result.catch(() => undefined);
    return result;
  };
};
