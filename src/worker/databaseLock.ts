/**
 * One worker at a time holds a database: a Web Lock named after it, held for as long as it is open.
 * The browser frees it when a tab closes or crashes, tens of milliseconds later (FACTS.md): hence
 * the patience.
 */
import { databaseLockMillisecondsMax } from "../core/base/limits.ts";

/** Frees the lock; resolves when others can have it. */
export type Release = () => Promise<void>;

/** Null: somebody else holds it, and did not let go in time. */
export const takeDatabaseLock = (locks: LockManager, name: string): Promise<Release | null> =>
  new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(databaseLockMillisecondsMax);
    const held = locks.request(
      `nebulusdb ${name}`,
      { signal },
      () =>
        new Promise<void>((free) => {
          resolve(async () => {
            free();
            await held;
          });
        }),
    );
    held.catch((error: unknown) => {
      if (signal.aborted) resolve(null);
      else reject(error instanceof Error ? error : new Error(String(error)));
    });
  });
