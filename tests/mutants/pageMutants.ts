/**
 * Wrong look-alikes of the pages: checkpoints, what they are read as, and how they are mended.
 */
import type { Mutant } from "./mutant.ts";

export const pageMutants: readonly Mutant[] = [
  {
    name: "own segments are stored and no note says that no checkpoint holds them",
    file: "src/engine/cut.ts",
    text: "pages: [note],",
    instead: "pages: note.bytes.length > 0 ? [] : [note],",
    killedBy: "tests/unit/engine/checkpoint.test.ts",
  },
  {
    name: "so are those of peers",
    file: "src/engine/ingest.ts",
    text: "pages: [note],",
    instead: "pages: note.bytes.length > 0 ? [] : [note],",
    killedBy: "tests/unit/engine/checkpoint.test.ts",
  },
  {
    name: "a checkpoint does not wait for the journal",
    file: "src/engine/pages/checkpoint.ts",
    text: "await journal.idle();",
    instead: "if (journal.idle.length > 0) await journal.idle();",
    killedBy: "tests/unit/engine/checkpoint.test.ts",
  },
  {
    name: "the directory stands before its last pages do",
    file: "src/engine/pages/checkpoint.ts",
    text: "      ...folded.pages,\n",
    instead: "",
    killedBy: "tests/unit/engine/checkpoint.test.ts",
  },
  {
    name: "what stands behind a lost segment of local is given up",
    file: "src/engine/engine.ts",
    text: "rebuild.beginAnew(home, stranded)",
    instead: "rebuild.beginAnew(home, stranded?.slice(stranded.length))",
    killedBy: "tests/unit/engine/openLog.test.ts",
  },
  {
    name: "a turn that missed a page leaves what it did",
    file: "src/engine/commit.ts",
    text: "    undoBatch(draft.batch);\n",
    instead: "    if (draft.batch.size < 0) undoBatch(draft.batch);\n",
    killedBy: "tests/unit/engine/batchPages.test.ts",
  },
  {
    name: "pages that hold more than the log are given up",
    file: "src/engine/openLog.ts",
    text: 'else if (beyond === "lost") opening.broken.set(home, true);',
    instead: 'else if (beyond === "lost") opening.broken.set(home, false);',
    killedBy: "tests/unit/engine/salvage.test.ts",
  },
  {
    name: "pages go before what they hold is written anew",
    file: "src/engine/rebuild.ts",
    text: "    for (const [index, chunk] of chunksOf(found)",
    instead:
      "    await forget(deps, home, stale);\n    for (const [index, chunk] of chunksOf(found)",
    killedBy: "tests/unit/engine/salvage.test.ts",
  },
  {
    name: "a peer's segment is stored before what says that its collection is here",
    file: "src/engine/ingest.ts",
    text: "    await deps.keepHomes();\n",
    instead: "",
    killedBy: "tests/unit/engine/openLog.test.ts",
  },
  {
    name: "a commit goes on while a fork renames what it reads",
    file: "src/engine/draft.ts",
    text: "if (home.isRenamed) throw new PageMiss(",
    instead: "if (home.isRenamed && home.scope.length < 0) throw new PageMiss(",
    killedBy: "tests/unit/engine/rebuild.test.ts",
  },
  {
    name: "what is written while opening is cut before all logs are mended",
    file: "src/engine/writingParts.ts",
    text: "    if (!isMended) return;\n",
    instead: "    if (!isMended) idle();\n",
    killedBy: "tests/sim/crash.test.ts",
  },
  {
    name: "a journal of other keys goes on under these",
    file: "src/engine/replay.ts",
    text: "endsAt(home, present) && canOpen(home, id, opening)",
    instead: "endsAt(home, present) && (canOpen(home, id, opening) || id.length > 0)",
    killedBy: "tests/unit/engine/openLog.test.ts",
  },
  {
    name: "a picture that could not be loaded rejects with the browser's own words",
    file: "src/client/members.ts",
    text: '(await loadPart(() => import("./qrPicture.ts"))).qrPicture',
    instead: '(await import("./qrPicture.ts")).qrPicture',
    killedBy: "tests/unit/client/notLoaded.test.ts",
  },
  {
    name: "a part of the engine is loaded without saying that it could not be",
    file: "src/engine/sync/control.ts",
    text: 'await loadPart(() => import("../closed/decide.ts"))',
    instead: 'await import("../closed/decide.ts")',
    killedBy: "tests/tidy.test.ts",
  },
  {
    name: "a page that was just loaded from the store counts as a hit",
    file: "src/engine/pages/pageCache.ts",
    text: "    page.isAwaited = true;\n",
    instead: "",
    killedBy: "tests/unit/engine/pageCounts.test.ts",
  },
  {
    name: "pages that are read together from the store count as one",
    file: "src/engine/pages/pageCache.ts",
    text: "this.misses += numbers.length;",
    instead: "this.misses += 1;",
    killedBy: "tests/unit/engine/pageCounts.test.ts",
  },
];
