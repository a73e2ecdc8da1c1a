/**
 * When logs are trimmed: in the background, home by home, when nobody writes.
 */
import { isNotLoaded } from "../core/base/parts.ts";
import { createTurns } from "../core/base/turns.ts";
import { isDiskFull } from "./failure.ts";
import type { Home } from "./home.ts";
import type { Trimmed } from "./trim.ts";

export interface Trimmer {
  /** Soon, where there is enough to let go. */
  request(): void;
  /** Now, all homes; resolves with the count of ops that went. */
  run(): Promise<number>;
  /** Nothing is trimmed any more when it resolves. */
  end(): Promise<void>;
}

export interface TrimmerDeps {
  readonly homes: () => readonly Home[];
  readonly trim: (home: Home, isEnding: () => boolean) => Promise<Trimmed>;
  readonly failed: (error: unknown) => void;
}

export const createTrimmer = ({ homes, trim, failed }: TrimmerDeps): Trimmer => {
  const inTurn = createTurns();
  /** The headers of a home of which nothing could go: looked at again with twice as many. */
  const inVain = new Map<Home, number>();
  let isEnding = false;
  let isDue = false;

  const run = (): Promise<number> =>
    inTurn(async () => {
      let sum = 0;
      for (const home of homes()) {
        const trimmed = await trim(home, () => isEnding);
        if (typeof trimmed === "number") sum += trimmed;
      }
      return sum;
    });

  const trimDue = async (): Promise<void> => {
    for (const home of homes()) {
      const size = home.tree.size();
      if (size < 2 * (inVain.get(home) ?? 0)) continue;
      const trimmed = await trim(home, () => isEnding);
      if (trimmed === "in vain") inVain.set(home, size);
      else inVain.delete(home);
    }
  };

  return {
    request() {
      if (isDue || isEnding) return;
      isDue = true;
      inTurn(trimDue)
        .catch((error: unknown) => {
          // Everything stays as it is until there is room, or what trims can be loaded
          if (!isDiskFull(error) && !isNotLoaded(error)) throw error;
        })
        .finally(() => {
          isDue = false;
        })
        .catch(failed);
    },
    run,
    async end() {
      isEnding = true;
      await inTurn(() => Promise.resolve());
    },
  };
};
