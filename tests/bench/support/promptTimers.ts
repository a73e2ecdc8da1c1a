/**
 * Timers for links in memory. Browsers make a timer of no time wait 4 ms when timers follow each
 * other, which is none of the link's doing: these run it at once.
 */
import { createTimers } from "../../../src/engine/timers.ts";

export const promptTimers = {
  after: (milliseconds: number, run: () => void): (() => void) => {
    if (milliseconds > 0) return timers.after(milliseconds, run);
    let isWanted = true;
    timers.soon(() => {
      if (isWanted) run();
    });
    return () => {
      isWanted = false;
    };
  },
};
const timers = createTimers(() => Date.now());
