/** Mutants of the digest of a scope's state. */
import type { Mutant } from "./mutant.ts";

export const digestMutants: readonly Mutant[] = [
  {
    name: "the digest of an insert names another dot than its state",
    file: "src/engine/stateDigest.ts",
    text: "birth: { dot, time }",
    instead: "birth: { dot: { ...dot, n: dot.n + 1 }, time }",
    killedBy: "tests/unit/engine/stateDigest.test.ts",
  },
];
