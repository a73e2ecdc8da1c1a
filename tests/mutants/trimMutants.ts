/**
 * Mutants of trimming: each lets go of something that is still needed, or keeps what is not.
 */
import type { Mutant } from "./mutant.ts";

const trim = { file: "src/engine/trim.ts", killedBy: "tests/unit/engine/trim.test.ts" };

export const trimMutants: readonly Mutant[] = [
  {
    ...trim,
    name: "a log is cut off before what was written anew is in it",
    text: "  await deps.settle();\n",
    instead: "",
  },
  {
    ...trim,
    name: "documents that lean on what goes are not written anew",
    text: "if (leaning.length > 0) {",
    instead: "if (leaning.length < 0) {",
  },
  {
    ...trim,
    name: "a segment goes whose last ops are young",
    text: " : young) - 1));",
    instead: " : young)));",
  },
  {
    ...trim,
    name: "the log of a network is trimmed",
    text: 'membership.kind !== "local" || ',
    instead: "",
  },
  {
    ...trim,
    name: "the names of deleted documents stay in pages",
    text: "if (state.deletion !== null && isOld",
    instead: "if (state.deletion === null && isOld",
  },
  {
    name: "siblings are taken for what a reader sees",
    file: "src/core/doc/lean.ts",
    text: "base.length > 1",
    instead: "base.length > 2",
    killedBy: "tests/unit/core/doc/lean.test.ts",
  },
];
