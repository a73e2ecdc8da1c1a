/** What somebody in a closed network, or who was, can make others do by what the rules allow. */
import type { Mutant } from "./mutant.ts";

const misuse = "tests/unit/engine/closedMisuse.test.ts";
const faults = "tests/unit/engine/closedFaults.test.ts";

export const misuseMutants: readonly Mutant[] = [
  {
    name: "who was removed beside a frozen chain is served",
    file: "src/engine/identity.ts",
    text: '=== "member" && !membership.isOut(certificate)',
    instead: '=== "member"',
    killedBy: misuse,
  },
  {
    name: "what is written while a chain is frozen is sealed for who was removed beside it",
    file: "src/engine/closed/membership.ts",
    text: "const isSafe = !control.state().needsNewer && out().size === 0;",
    instead: "const isSafe = !control.state().needsNewer;",
    killedBy: misuse,
  },
  {
    name: "between a term and the removals that it left beside, who was removed reads along",
    file: "src/engine/closed/decide.ts",
    text: "membership.settling.ticksLeft = termSettleTicks;",
    instead: "membership.settling.ticksLeft = 0;",
    killedBy: misuse,
  },
  {
    name: "an invite for one lets in two who come at once",
    file: "src/engine/closed/admit.ts",
    text: "turnsOf(admitting, membership)(() => admitNow(engine, membership, publicKey, shown));",
    instead: "admitNow(engine, membership, publicKey, shown);",
    killedBy: misuse,
  },
  {
    name: "a stranger's proposal is taken for a leak, and the key replaced",
    file: "src/engine/closed/epochs.ts",
    text: "if (!isOfMember) return;",
    instead: "if (!isOfMember) leaked.set(membership, membership.control.head().height);",
    killedBy: misuse,
  },
  {
    name: "a removal of one's own device ends another's log",
    file: "src/engine/closed/decide.ts",
    text: "if (endsOthersLogs(engine, membership, content)) return",
    instead: "if (endsOthersLogs(engine, membership, content) && isTerm) return",
    killedBy: misuse,
  },
  {
    name: "a member fills the chain as fast as it likes",
    file: "src/engine/closed/decide.ts",
    text: "if (!isTerm && !mayAsk(",
    instead: "if (isTerm && !mayAsk(",
    killedBy: misuse,
  },
  {
    name: "what the disk refused when records came is never done",
    file: "src/engine/closed/tend.ts",
    text: "(await followLate(engine, membership)) || hasSettled;",
    instead: "(await Promise.resolve(false)) || hasSettled;",
    killedBy: faults,
  },
  {
    name: "what was cut and waits for a lost segment is written anew from the journal as well",
    file: "src/engine/openLog.ts",
    text: "const cut = isShared ? lastCutIn(waiting)",
    instead: "const cut = home.isDropped ? lastCutIn(waiting)",
    killedBy: faults,
  },
  {
    name: "what waited for ops that a record made void waits for ever",
    file: "src/engine/ingest.ts",
    text: "const released = [...byHead, ...byVoid];",
    instead: "const released = byVoid.length < 0 ? byVoid : byHead;",
    killedBy: "tests/unit/engine/closedStranded.test.ts",
  },
  {
    name: "a removal does not wait for what others hold of whoever goes",
    file: "src/engine/sync/round.ts",
    text: "Promise.allSettled(shared.map((home) =>",
    instead: "Promise.allSettled(shared.slice(shared.length).map((home) =>",
    killedBy: "tests/unit/engine/closedRemoval.test.ts",
  },
  {
    name: "a log goes on under an older head than it has named",
    file: "src/engine/home.ts",
    text: "&& !isUnsettled && !isAheadOfChain(home);",
    instead: "&& !isUnsettled;",
    killedBy: faults,
  },
];
