/**
 * Who may change documents: commits, which never wait inside, share; what reads a home anew runs
 * alone, and commits that come meanwhile wait for it. A commit that needs pages from the disk holds
 * up those behind it until they are there, so that commits take effect in the order of the calls.
 */
import { attemptTurn, loadOrRepair, type PageLease, type Repair } from "./pages/pageMiss.ts";

export interface Exclusive {
  /**
   * Runs at once, or when what runs alone is done; again when the pages are there that it missed.
   */
  shared<T>(run: () => Promise<T>): Promise<T>;
  /** Runs when what ran alone before is done, and holds up what is shared. */
  alone<T>(run: () => Promise<T>): Promise<T>;
}

export const createExclusive = (repair: Repair): Exclusive => {
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
    const leases: PageLease[] = [];
    try {
      for (;;) {
        while (gate !== null) await gate;
        const attempt = attemptTurn(run);
        if (attempt.kind === "done") return await attempt.value;
        const lease = await holdingUp(attempt.miss.load());
        if (lease !== null) leases.push(lease);
      }
    } finally {
      for (const lease of leases) lease.release();
    }
  };

  /** Others wait meanwhile, but not for a repair, which runs alone itself. */
  const holdingUp = async (loading: Promise<PageLease>): Promise<PageLease | null> => {
    const mine = loading.then(
      () => undefined,
      () => undefined,
    );
    gate = mine;
    return loadOrRepair(
      loading.finally(() => {
        // Before those who wait for the gate are woken
        if (gate === mine) gate = null;
      }),
      repair,
    );
  };

  return { shared, alone };
};
