/**
 * A damaged page makes its home be read anew from the log: once, however many wait for it.
 */
import type { Home } from "./home.ts";
import type { Repair } from "./pages/pageMiss.ts";
import type { Registry } from "./registry.ts";

export const createRepair = (
  registry: Pick<Registry, "home">,
  readAnew: (home: Home) => Promise<void>,
): Repair => {
  const running = new Map<Home, Promise<void>>();
  return async (scope) => {
    const home = registry.home(scope);
    if (home === null) return;
    const before = running.get(home);
    const work =
      before ??
      readAnew(home).finally(() => {
        running.delete(home);
      });
    running.set(home, work);
    await work;
  };
};
