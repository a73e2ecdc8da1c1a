/**
 * Mutants of the tabs that share a database: each breaks one promise between leader and followers.
 */
import type { Mutant } from "./mutant.ts";

const directed = "tests/unit/worker/tabs.test.ts";
const random = "tests/sim/tabs.test.ts";

export const tabMutants: readonly Mutant[] = [
  {
    name: "a tab that follows loads nothing for its turn",
    file: "src/worker/tabs/member.ts",
    text: "  loadClosedParts().catch(() => undefined);\n",
    instead: "  void loadClosedParts;\n",
    killedBy: "tests/unit/worker/tabs.test.ts",
  },
  {
    name: "a page is answered by a leader that was replaced",
    file: "src/worker/tabs/asked.ts",
    text: "if (isGone(answer)) deps.gone();",
    instead: "if (number < 0) deps.gone();",
    killedBy: directed,
  },
  {
    name: "a lock that was stolen before its holder led is not missed",
    file: "src/worker/tabs/member.ts",
    text: "  else if (lock.isLost) await seek(share);\n",
    instead: "",
    killedBy: random,
  },
  {
    name: "a replaced leader takes another's record for its own",
    file: "src/engine/journal.ts",
    text: "if (isReplaced(error)) {",
    instead: "if (isReplaced(error) && group.length < 0) {",
    killedBy: directed,
  },
  {
    name: "what a transaction read holds under the next leader",
    file: "src/engine/readingParts.ts",
    text: "    store.epoch,\n",
    instead: "",
    killedBy: directed,
  },
  {
    name: "live queries are not followed under the next leader",
    file: "src/worker/tabs/asked.ts",
    text: "      followAgain(state);\n",
    instead: "",
    killedBy: directed,
  },
  {
    name: "what waited is not asked again",
    file: "src/worker/tabs/asked.ts",
    text: "for (const [number, { question }] of [...waiting]) target(number, question);",
    instead: "",
    killedBy: directed,
  },
  {
    name: "a database is deleted before the other tabs have heard it",
    file: "src/worker/tabs/leader.ts",
    text: "      await allGone(state);\n",
    instead: "",
    killedBy: directed,
  },
  {
    name: "a leader that is silent is waited for",
    file: "src/worker/tabs/follower.ts",
    text: "  state.hasHeard = false;\n  if (state.missed",
    instead: "  if (state.missed",
    killedBy: directed,
  },
  {
    name: "a paused tab keeps the lock",
    file: "src/worker/tabs/member.ts",
    text: "  if (leaving.isPaused) share.phase = ",
    instead: "  if (leaving.isPaused && share.tab === '') share.phase = ",
    killedBy: directed,
  },
];
