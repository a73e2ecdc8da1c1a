/**
 * The simulation, loaded by Node itself. What vitest loads is asked of its server at each
 * `import()` anew, loaded before or not: that takes real time, of which virtual time knows nothing,
 * and a seed ran otherwise under vitest than by `npm run sim`, and not the same way each time. All
 * who run seeds load it by this: what was loaded by `require` comes some promises sooner at an
 * `import()` than what was imported, and then a seed is another.
 */
import { createRequire } from "node:module";

// Node says nothing of the types of what it loads
export const { simulate } = createRequire(import.meta.url)(
  "./world.ts",
) as typeof import("./world.ts");
