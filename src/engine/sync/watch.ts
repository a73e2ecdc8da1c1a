/**
 * Waiting for something that sessions or snapshots will show, with an end to it.
 */
import { roundLookMilliseconds, roundStallMillisecondsMax } from "../../core/base/limits.ts";
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

/**
 * The same for what takes as long as it comes further: null once `progress` has given the same text
 * for `roundStallMillisecondsMax`.
 */
export const watchProgress = <T>(
  { engine, watchers }: SyncState,
  { look, progress }: { readonly look: () => T | null; readonly progress: () => string },
): Promise<T | null> =>
  new Promise((resolve) => {
    let before = progress();
    let stalled = 0;
    let cancel = (): void => undefined;
    const finish = (found: T | null): void => {
      watchers.delete(watch);
      cancel();
      resolve(found);
    };
    const wait = (): void => {
      cancel();
      cancel = engine.deps.timers.after(roundLookMilliseconds, () => {
        stalled += roundLookMilliseconds;
        const hasComeFurther = note();
        if (stalled >= roundStallMillisecondsMax) finish(null);
        else if (!hasComeFurther) wait();
      });
    };
    const note = (): boolean => {
      const now = progress();
      if (now === before) return false;
      before = now;
      stalled = 0;
      wait();
      return true;
    };
    const watch = (): void => {
      const found = look();
      if (found === null) note();
      else finish(found);
    };
    watchers.add(watch);
    wait();
  });
