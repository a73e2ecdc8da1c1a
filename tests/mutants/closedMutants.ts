/**
 * Mutants of closed networks: each lets somebody in, up or back who must not be, or loses who must
 * stay.
 */
import type { Mutant } from "./mutant.ts";

const chain = "tests/unit/core/network/closed/chain.test.ts";
const engine = "tests/unit/engine/closed.test.ts";

export const closedMutants: readonly Mutant[] = [
  {
    name: "anybody's record counts as the sequencer's",
    file: "src/core/network/closed/chain.ts",
    text: "await crypto.verify(hexToBytes(sequencer), record.signature, text)",
    instead: "await Promise.resolve(sequencer !== text.join())",
    killedBy: chain,
  },
  {
    name: "a proposal counts twice",
    file: "src/core/network/closed/state.ts",
    text: 'if (state.nonces.has(nonceText)) return fail("nonce-used");',
    instead: 'if (nonceText === "") return fail("nonce-used");',
    killedBy: chain,
  },
  {
    name: "a used invite opens again",
    file: "src/core/network/closed/state.ts",
    text: "usesLeft: one.usesLeft - 1",
    instead: "usesLeft: one.usesLeft",
    killedBy: chain,
  },
  {
    name: "an invite outlives its maker",
    file: "src/core/network/closed/state.ts",
    text: "  if (roleOf(state, invite.maker) === null) return null;\n",
    instead: "",
    killedBy: chain,
  },
  {
    name: "the network is left without an owner",
    file: "src/core/network/closed/state.ts",
    text: 'return hasOwner({ ...state, accounts }) ? null : "no-owner";',
    instead: 'return accounts.size > 0 ? null : "no-owner";',
    killedBy: chain,
  },
  {
    name: "two records at one height, and the first goes on",
    file: "src/core/network/closed/chain.ts",
    text: "if (only === undefined || next.length > 1) {",
    instead: "if (only === undefined) {",
    killedBy: chain,
  },
  {
    name: "the key of another account is taken for the same device",
    file: "src/core/network/closed/chain.ts",
    text: "    isSame(admitted.account, certificate.account) &&\n",
    instead: "",
    killedBy: chain,
  },
  {
    name: "a removal closes logs that begin after it",
    file: "src/core/network/closed/chain.ts",
    text: "devices.has(device) && openedAt < height",
    instead: "devices.has(device) && openedAt <= height",
    killedBy: chain,
  },
  {
    name: "a removed device gets the next epoch's key",
    file: "src/engine/closed/decide.ts",
    text: "roleOf(state, name) === null || leaving.has(name) ||",
    instead: "roleOf(state, name) === null ||",
    killedBy: engine,
  },
  {
    name: "what was written beyond the frontier stays applied",
    file: "src/engine/closed/decide.ts",
    text: "if (beyond.length > 0) await engine.rebuild.without(home, beyond);",
    instead: "if (beyond.length < 0) await engine.rebuild.without(home, beyond);",
    killedBy: engine,
  },
  {
    name: "whoever was let in is served before it is a member",
    file: "src/engine/sync/state.ts",
    text: 'control.standingOf(certificate) === "member"',
    instead: 'control.standingOf(certificate) !== "removed"',
    killedBy: engine,
  },
  {
    name: "readers write",
    file: "src/engine/permission.ts",
    text: 'standing !== "reader" && standing !== "removed"',
    instead: 'standing !== "removed"',
    killedBy: engine,
  },
  {
    name: "the journal is let go while what it holds may not be cut",
    file: "src/engine/cut.ts",
    text: "if (deps.homes().some((home) => hasPending(home) && !mayCut(home))) return;",
    instead: "if (deps.homes().length < 0) return;",
    killedBy: engine,
  },
  {
    name: "a removal that comes while segments are cut is overlooked",
    file: "src/engine/cut.ts",
    text: "while (sealed.length < segmentsPerTransaction && mayCut(home)) {",
    instead: "while (sealed.length < segmentsPerTransaction) {",
    killedBy: engine,
  },
  {
    name: "an old chain is taken for the network's",
    file: "src/engine/closed/create.ts",
    text: '  if (control.find(controlHead).kind !== "known") return null;\n',
    instead: "",
    killedBy: engine,
  },
];
