/**
 * Documents are read in one turn, without waiting, so that a command is decided against one state
 * of the database; but most pages are on disk. A turn that needs one throws `PageMiss`; whoever
 * runs it loads what was missing and runs the turn again, which therefore leaves nothing behind
 * until it ends.
 */
import type { ScopeId } from "../../core/base/types.ts";

/** Pages that are held in memory until it is released. */
export interface PageLease {
  readonly release: () => void;
}

export class PageMiss extends Error {
  override readonly name = "PageMiss";
  /** Rejects with `DamagedPage`, or what the store rejects with. */
  readonly load: () => Promise<PageLease>;

  constructor(load: () => Promise<PageLease>) {
    super("a page is on disk: run the turn again when it is loaded");
    this.load = load;
  }
}

/** What stood in a page can only be had from the log. */
export class DamagedPage extends Error {
  override readonly name = "DamagedPage";
  readonly scope: ScopeId;

  constructor(scope: ScopeId) {
    super(`a page of ${scope} can not be read`);
    this.scope = scope;
  }
}

/** What a turn came to. */
export type Attempt<T> =
  { readonly kind: "done"; readonly value: T } | { readonly kind: "miss"; readonly miss: PageMiss };

export const attemptTurn = <T>(run: () => T): Attempt<T> => {
  try {
    return { kind: "done", value: run() };
  } catch (error) {
    if (error instanceof PageMiss) return { kind: "miss", miss: error };
    throw error;
  }
};

/** Reads a damaged scope anew from its log. */
export type Repair = (scope: ScopeId) => Promise<void>;

/** Runs a turn that changes nothing, as often as it needs pages. */
export type ReadTurn = <T>(run: () => T) => Promise<T>;

export const createReadTurn =
  (repair: Repair): ReadTurn =>
  async (run) => {
    const leases: PageLease[] = [];
    try {
      for (;;) {
        const attempt = attemptTurn(run);
        if (attempt.kind === "done") return attempt.value;
        const lease = await loadOrRepair(attempt.miss.load(), repair);
        if (lease !== null) leases.push(lease);
      }
    } finally {
      for (const lease of leases) lease.release();
    }
  };

/** A `DamagedPage` goes to whoever called: only they can read the home anew. */
export const readingUndamaged: ReadTurn = createReadTurn((scope) =>
  Promise.reject(new DamagedPage(scope)),
);

/** null: a page that the turn needs is damaged, and nothing was done. */
export const unlessDamaged = async <T>(run: () => T): Promise<T | null> => {
  try {
    return await readingUndamaged(run);
  } catch (error) {
    if (error instanceof DamagedPage) return null;
    throw error;
  }
};

/** null: a page was damaged, and the scope was read anew, so that the turn meets another. */
export const loadOrRepair = async (
  loading: Promise<PageLease>,
  repair: Repair,
): Promise<PageLease | null> => {
  try {
    return await loading;
  } catch (error) {
    if (!(error instanceof DamagedPage)) throw error;
    await repair(error.scope);
    return null;
  }
};
