/**
 * Mutants of what the chain leaves aside: keys that are carried on, branches that a term left, and
 * logs that ended. Each gives a key to who must not have it, or loses what others read.
 */
import type { Mutant } from "./mutant.ts";

const epochs = "tests/unit/engine/closedEpochs.test.ts";
const stranded = "tests/unit/engine/closedStranded.test.ts";
const late = "tests/unit/engine/closedLate.test.ts";
const outdated = "tests/unit/engine/closedOutdated.test.ts";
const terms = "tests/unit/engine/closedTerms.test.ts";

export const skippedMutants: readonly Mutant[] = [
  {
    name: "a key that the sequencer came too late for is skipped",
    file: "src/engine/closed/carry.ts",
    text: "if (count !== (isSequencer(membership) ? 1 : othersAfter)) return false;",
    instead: "if (count !== (isSequencer(membership) ? 1 : -1)) return false;",
    killedBy: epochs,
  },
  {
    name: "a key from behind a removal that may be made again goes to who is to be removed",
    file: "src/engine/closed/carry.ts",
    text: "if (mayComeAgain(membership, at, nowMs)) return true;",
    instead: "if (mayComeAgain(membership, at, nowMs)) return false;",
    killedBy: terms,
  },
  {
    name: "who was to be removed beside the chain, and stays, never gets the key of it",
    file: "src/engine/closed/carry.ts",
    text: "if (proposalFault(state, content, { signers, ms, evidence }) !== null) return false;",
    instead: "",
    killedBy: terms,
  },
  {
    name: "a branch beside the chain is told to nobody who is as far",
    file: "src/engine/closed/wire.ts",
    text: ".filter((record) => record.height > height || beside.has(record));",
    instead: ".filter((record) => record.height > height);",
    killedBy: terms,
  },
  {
    name: "whoever learns of a branch beside the chain keeps it until the next meeting",
    file: "src/engine/closed/wire.ts",
    text: "if (peer.known.beside === countBeside(control)) tellHead(control, peer);",
    instead: "if (peer.known.beside >= 0) tellHead(control, peer);",
    killedBy: terms,
  },
  {
    name: "who is told of a branch beside the chain does not ask for it",
    file: "src/engine/closed/wire.ts",
    text: 'control.find(place.head).kind === "unknown" || holdsMore(control, place);',
    instead: 'control.find(place.head).kind === "unknown";',
    killedBy: terms,
  },
  {
    name: "what waited for a key waits on when it is there",
    file: "src/engine/sync/control.ts",
    text: "for (const home of state.engine.registry.homesOf(membership)) cutSoon(state, home);",
    instead: "",
    killedBy: epochs,
  },
  {
    name: "what comes late of a log that ended is read behind what replaces it",
    file: "src/engine/ingest.ts",
    text: "if (isLate(home, verdict.segment)) isRenamed = true;",
    instead: "",
    killedBy: late,
  },
  {
    name: "after a checkpoint nobody knows what names a log that ended",
    file: "src/core/segment/tree.ts",
    text: "isNamedBeyond: (writer, n) => isRestored || n",
    instead: "isNamedBeyond: (writer, n) => n",
    killedBy: late,
  },
  {
    name: "what is on top of a log that ended is read anew before it",
    file: "src/engine/readStored.ts",
    text: "[...absent, ...absent.flatMap((each) => logBefore(each, logs))]",
    instead: "[...absent]",
    killedBy: late,
  },
  {
    name: "what can not be read of a log that ended does not hold up what is on top of it",
    file: "src/core/segment/reading.ts",
    text: "(node === null ? unreadOf(row) : [])",
    instead: "(node === null && row.n < 0 ? unreadOf(row) : [])",
    killedBy: "tests/unit/core/segment/reading.test.ts",
  },
  {
    name: "a carried key is believed without its epoch's word",
    file: "src/engine/closed/keys.ts",
    text: "if (opened === null || !isRecordedKey(control, opened, networkHash)) continue;",
    instead: "if (opened === null) continue;",
    killedBy: epochs,
  },
  {
    name: "the sequencer puts in order what carries no key on",
    file: "src/engine/closed/decide.ts",
    text: 'return { kind: "refused", fault: "carries-nothing" };',
    instead: "",
    killedBy: epochs,
  },
  {
    name: "keys sealed under what a removed device has are put in order",
    file: "src/core/network/closed/state.ts",
    text: 'return isOutdated(state, around.evidence) ? "outdated" : null;',
    instead: "return null;",
    killedBy: outdated,
  },
  {
    name: "who was removed beside the chain reads on under the key that he had",
    file: "src/engine/closed/keys.ts",
    text: "there.epochs.some(({ id }) => id === present) &&",
    instead: "there.epochs.length === 0 &&",
    killedBy: terms,
  },
  {
    name: "an opening forgets what was built on logs that went",
    file: "src/engine/closed/aside.ts",
    text: "hasOwn ? [droppedChange(home.scope, true)] : []",
    instead: "hasOwn ? [] : []",
    killedBy: stranded,
  },
  {
    name: "an opening keeps logs that count no more",
    file: "src/engine/closed/aside.ts",
    text: "for (const home of homes) await dropVoid(engine, home, membership);",
    instead: "",
    killedBy: stranded,
  },
  {
    name: "what is cut and in no log is written anew from the journal, too",
    file: "src/engine/openLog.ts",
    text: "first > (cut.get(writer) ?? 0),",
    instead: "first > -cut.size,",
    killedBy: stranded,
  },
  {
    name: "what was changed of a document that void logs had made is left out",
    file: "src/engine/closed/aside.ts",
    text: 'writeAnew(draft, home, unsent, "born anew");',
    instead: "writeAnew(draft, home, unsent);",
    killedBy: stranded,
  },
];
