/**
 * What can wait until nobody writes: a checkpoint of what was written.
 */
import { idleMilliseconds } from "../core/base/limits.ts";
import type { Timers } from "./timers.ts";

/** The answer is to be called at every write; `run` runs once for a time without any. */
export const createIdle = ({ now, after }: Timers, run: () => void): (() => void) => {
  let isWaiting = false;
  let touchedAt = 0;
  const wait = (milliseconds: number): void => {
    isWaiting = true;
    after(
      milliseconds,
      () => {
        const left = touchedAt + idleMilliseconds - now();
        if (left > 0 && left <= idleMilliseconds) {
          wait(left);
          return;
        }
        isWaiting = false;
        run();
      },
      true,
    );
  };
  return () => {
    touchedAt = now();
    if (!isWaiting) wait(idleMilliseconds);
  };
};
