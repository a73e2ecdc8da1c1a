/** Own writes in closed networks that count no more, and who comes in by what was taken back. */
import type { Mutant } from "./mutant.ts";

export const asideMutants: readonly Mutant[] = [
  {
    name: "what a log that goes on elsewhere changed of void documents is left out",
    file: "src/engine/rebuild.ts",
    text: 'membership.kind === "closed" ? "born anew" : "left out"',
    instead: 'membership.kind === "closed" ? "left out" : "born anew"',
    killedBy: "tests/unit/engine/closedStranded.test.ts",
  },
  {
    name: "whoever shows an invite that was just taken back ends the maker's network",
    file: "src/engine/closed/admit.ts",
    text: "if (own === undefined) return null;",
    instead: 'if (own === undefined) throw new Error("no such invite");',
    killedBy: "tests/unit/engine/closed.test.ts",
  },
  {
    name: "what was built on own void writes stays where nothing delivers it",
    file: "src/engine/closed/aside.ts",
    text: "const gone = await withBuiltOn(engine, home, beyond());",
    instead: "const gone = beyond();",
    killedBy: "tests/sim/closedAgain.test.ts",
  },
];
