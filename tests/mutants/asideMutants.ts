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
    name: "what others built on void writes stays on the disk, in no log",
    file: "src/engine/closed/aside.ts",
    text: "return { segments: [...beyond, ...others], notes };",
    instead: "return { segments: others.length < 0 ? others : beyond, notes };",
    killedBy: "tests/unit/engine/closedStranded.test.ts",
  },
  {
    name: "what others built on what was let go stays on the disk, in no log",
    file: "src/engine/closed/aside.ts",
    text: "return { segments: [...beyond, ...own, ...others] };",
    instead: "return { segments: [...beyond, ...own] };",
    killedBy: "tests/unit/engine/closedAside.test.ts",
  },
  {
    name: "what is not cut when a record comes may name what it made void",
    file: "src/engine/closed/aside.ts",
    text: "cutOff.includes(home) || (home.isUnsettled && hasPending(home))",
    instead: "cutOff.includes(home) && hasPending(home)",
    killedBy: "tests/unit/engine/closedStranded.test.ts",
  },
  {
    name: "something is cut upon what has just become void",
    file: "src/engine/home.ts",
    text: "membership.epochs.writing() !== null && !isUnsettled &&",
    instead: "membership.epochs.writing() !== null &&",
    killedBy: "tests/unit/engine/closedStranded.test.ts",
  },
  {
    name: "a home is renamed though this device's own log waits, and cutting ends the engine",
    file: "src/engine/rebuild.ts",
    text: "if (!isCutShort(home, stored)) {",
    instead: "if (!home.isUnsettled) {",
    killedBy: "tests/unit/engine/closedStranded.test.ts",
  },
  {
    name: "own void writes stay shown while this device waits to be let in again",
    file: "src/engine/closed/aside.ts",
    text: '...(standing === "removed" ? [] : ownBeyond(home, membership)),',
    instead: '...(standing === "waiting" ? [] : ownBeyond(home, membership)),',
    killedBy: "tests/unit/engine/closedStranded.test.ts",
  },
  {
    name: "records are followed while others are",
    file: "src/engine/closed/decide.ts",
    text: "turnsOf(taking, membership)(() => takeRecordsNow(engine, membership, records));",
    instead: "takeRecordsNow(engine, membership, records);",
    killedBy: "tests/unit/engine/closedOrder.test.ts",
  },
  {
    name: "two holders who agree to each other's wish open two terms",
    file: "src/engine/closed/decide.ts",
    text: "if (isTerm && isOvertaken(control, { proposal })) {",
    instead: "if (!isTerm && isOvertaken(control, { proposal })) {",
    killedBy: "tests/unit/engine/closedRecovery.test.ts",
  },
];
