/**
 * Mutants of what bounds a device of a network, and of what comes while a home is busy.
 */
import type { Mutant } from "./mutant.ts";

export const limitMutants: readonly Mutant[] = [
  {
    name: "what comes while a home is read anew is read batch by batch",
    file: "src/engine/ingest.ts",
    text: "      if (waiting.length > 1) return;\n",
    instead: "      arrivals.delete(home);\n",
    killedBy: "tests/unit/engine/closedLate.test.ts",
  },
];
