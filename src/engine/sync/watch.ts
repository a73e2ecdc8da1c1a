/**
 * Waiting for something that sessions or snapshots will show, with an end to it.
 */
import type { SyncState } from "./state.ts";

/** What `look` first gives that is not null, or null when the time is over. */
export const watchFor = <T>(
  { engine, watchers }: SyncState,
  milliseconds: number,
  look: () => T | null,
): Promise<T | null> =>
  new Promise((resolve) => {
    const finish = (found: T | null): void => {
      watchers.delete(watch);
      cancel();
      resolve(found);
    };
    const watch = (): void => {
      const found = look();
      if (found !== null) finish(found);
    };
    const cancel = engine.deps.timers.after(milliseconds, () => {
      finish(null);
    });
    watchers.add(watch);
  });
