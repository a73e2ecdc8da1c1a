/** For documents of which none is on disk: a cache over nothing. */
import { PageCache } from "../../src/engine/pages/pageCache.ts";

export const emptyPages = (): PageCache =>
  new PageCache({
    store: { pages: () => Promise.resolve([]) },
    damaged: (_scope, number, reason) => {
      throw new Error(`page ${String(number)}: ${reason}`);
    },
  });
