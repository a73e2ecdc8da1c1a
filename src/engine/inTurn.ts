/**
 * One piece of work after another, in the order of the calls.
 */

export type InTurn = <T>(run: () => Promise<T>) => Promise<T>;

export const createInTurn = (): InTurn => {
  let last: Promise<unknown> = Promise.resolve();
  return (run) => {
    const work = last.then(run);
    // Whoever asked for it is told; the next in line does not fail because this one did.
    last = work.catch(() => undefined);
    return work;
  };
};
