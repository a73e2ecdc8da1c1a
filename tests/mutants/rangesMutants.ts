/**
 * Mutants of range-based repair: each leaves documents wrong, believes a peer, or never stops.
 */
import type { Mutant } from "./mutant.ts";

const engine = "tests/unit/engine/ranges.test.ts";
const property = "tests/property/ranges.test.ts";

export const rangesMutants: readonly Mutant[] = [
  {
    name: "ranges of as many documents are equal",
    file: "src/core/sync/rangeItems.ts",
    text: "a.count === b.count && a.print === b.print;",
    instead: "a.count === b.count;",
    killedBy: property,
  },
  {
    name: "ids are the same in every session",
    file: "src/core/sync/rangeItems.ts",
    text: 'deriveKey(key, "ranges", [transcript])',
    instead: 'deriveKey(key, "ranges", [transcript.length])',
    killedBy: property,
  },
  {
    name: "what the other side lacks does not differ",
    file: "src/core/sync/ranges.ts",
    text: "  if (theirs.count === 0) return mine;\n",
    instead: "  if (theirs.count === 0) return [];\n",
    killedBy: property,
  },
  {
    name: "answers to what was not asked count",
    file: "src/core/sync/ranges.ts",
    text: "if (end === undefined || asked.get(run.from) !== end) continue;",
    instead: "if (end === undefined) continue;",
    killedBy: property,
  },
  {
    name: "the other side is not told what differs",
    file: "src/engine/sync/ranges.ts",
    text: 'const noted = await ask(pair, { kind: "found", keys });',
    instead: 'const noted = keys?.length === -1 ? await ask(pair, { kind: "found", keys }) : 1;',
    killedBy: engine,
  },
  {
    name: "documents are read anew from a damaged log",
    file: "src/engine/sync/mend.ts",
    text: "  if (!isWhole) {\n    home.counters",
    instead: "  if (!isWhole && home.retired.length > 0) {\n    home.counters",
    killedBy: engine,
  },
  {
    name: "a peer's body is taken for the one that the header names",
    file: "src/engine/sync/mend.ts",
    text: "if (node === null || !(await isBodyWhole(segment, deps.crypto))) return null;",
    instead: "if (node === null) return null;",
    killedBy: engine,
  },
  {
    name: "a peer's signature is taken unread",
    file: "src/engine/sync/mend.ts",
    text: "(await isSignedBy(node.origin, segment, view)) ? segment : null",
    instead: "(await isSignedBy(node.origin, segment, view)) ? segment : segment",
    killedBy: engine,
  },
  {
    name: "what was tried in vain is tried again",
    file: "src/engine/sync/repairState.ts",
    text: "if (patience.situation === situation) return null;",
    instead: "if (patience.situation === situation && now < 0) return null;",
    killedBy: engine,
  },
  {
    name: "a peer that always differs costs the same every minute",
    file: "src/engine/sync/repairState.ts",
    text: "Math.min(waitMilliseconds * 2, repairWaitMillisecondsMax)",
    instead: "Math.min(waitMilliseconds, repairWaitMillisecondsMax)",
    killedBy: engine,
  },
  {
    name: "a wrong digest is never summed up anew",
    file: "src/engine/sync/rangeList.ts",
    text: "if (equalBytes(sum.bytes(), home.digest.value())) return",
    instead: "if (sum.bytes().length === 32) return",
    killedBy: engine,
  },
  {
    name: "a digest put right is forgotten at the next opening",
    file: "src/engine/sync/rangeList.ts",
    text: "      home.storedHeaders = null;\n",
    instead: "",
    killedBy: engine,
  },
  {
    name: "whoever asks is answered, equal or not",
    file: "src/engine/sync/ranges.ts",
    text: "  if (!isOfNow) return;\n",
    instead: "  if (!isOfNow && home.retired.length > 0) return;\n",
    killedBy: engine,
  },
];
