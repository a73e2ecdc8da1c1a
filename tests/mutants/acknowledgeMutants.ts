/**
 * Mutants of acknowledgements: each has somebody believed to hold what it does not, or lets what
 * members hold go.
 */
import type { Mutant } from "./mutant.ts";

const codec = "tests/unit/core/network/acknowledgement.test.ts";
const open = "tests/unit/engine/acknowledge.test.ts";
const closed = "tests/unit/engine/acknowledgeClosed.test.ts";

export const acknowledgeMutants: readonly Mutant[] = [
  {
    name: "who is closed goes without a word",
    file: "src/engine/sync/acknowledge.ts",
    text: "        await state.inTurn(() => acknowledge(state, network));\n",
    instead: "",
    killedBy: open,
  },
  {
    name: "a farewell waits for who is not there",
    file: "src/engine/sync/acknowledge.ts",
    text: "await watchFor(state, farewellMillisecondsMax,",
    instead: "await watchFor(state, 60 * farewellMillisecondsMax,",
    killedBy: open,
  },
  {
    name: "anybody acknowledges for anybody",
    file: "src/core/network/acknowledgement.ts",
    text: 'return isSigned ? ok(checked(parsed)) : fail("signature");',
    instead: 'return isSigned || parsed.counter > 0 ? ok(checked(parsed)) : fail("signature");',
    killedBy: codec,
  },
  {
    name: "what was said before a rollback counts again",
    file: "src/core/network/acknowledged.ts",
    text: "  if (next.incarnation < held.number.incarnation) return held;\n",
    instead: "",
    killedBy: codec,
  },
  {
    name: "a device is said to hold heads of which it named as many others",
    file: "src/engine/acknowledged.ts",
    text: "coversRows(rows, held.scopes.get(scope) ?? [])",
    instead: "coversRows([], rows) && (held.scopes.get(scope) ?? []).length >= rows.length",
    killedBy: open,
  },
  {
    name: "what is not stored yet is acknowledged",
    file: "src/engine/sync/acknowledge.ts",
    text: "await state.engine.ingest.inTurn(home, () =>",
    instead: "await ((run: () => Promise<readonly Row[]>) => run())(() =>",
    killedBy: open,
  },
  {
    name: "a profile that was put back goes on as if it had lost nothing",
    file: "src/engine/sync/acknowledge.ts",
    text: "if (!network.hasBegunAnew || network.lost !== null) {",
    instead: "if (network.lost !== null) {",
    killedBy: open,
  },
  {
    name: "two copies of a profile take back for ever what the other says",
    file: "src/engine/sync/acknowledge.ts",
    text: "if (!network.hasBegunAnew || network.lost !== null) {",
    instead: "if (network.book.size >= 0) {",
    killedBy: open,
  },
  {
    name: "whoever asks again is answered again",
    file: "src/engine/sync/acknowledgeExchange.ts",
    text: "answered.set(name, held.number);",
    instead: "answered.set(name, beforeAll);",
    killedBy: open,
  },
  {
    name: "the word of the one who goes keeps its log open",
    file: "src/engine/closed/frontier.ts",
    text: "saidBy(membership, await store.meta(), names)",
    instead: "saidBy(membership, await store.meta(), new Set())",
    killedBy: closed,
  },
  {
    name: "a removal voids what the sequencer has not met",
    file: "src/engine/closed/frontier.ts",
    text: "(other.n > most.n ? other : most)",
    instead: "(other.n < most.n ? other : most)",
    killedBy: closed,
  },
  {
    name: "what a removed device says is kept",
    file: "src/engine/sync/acknowledge.ts",
    text: "if (gone.length > 0 && isPresent(state, network)) {",
    instead: "if (gone.length < 0 && isPresent(state, network)) {",
    killedBy: closed,
  },
];
