/**
 * Mutants of what is said to and known of peers: signs of life, announcements, messages, modes.
 */
import type { Mutant } from "./mutant.ts";

const heartbeat = {
  file: "src/core/sync/heartbeat.ts",
  killedBy: "tests/unit/core/sync/heartbeat.test.ts",
};
const announce = {
  file: "src/core/sync/announce.ts",
  killedBy: "tests/unit/core/sync/announce.test.ts",
};
const retake = "tests/unit/engine/retake.test.ts";
const peers = { file: "src/engine/sync/peers.ts", killedBy: "tests/unit/engine/peers.test.ts" };
const sessionHeads = "tests/unit/core/sync/sessionHeads.test.ts";

export const peerMutants: readonly Mutant[] = [
  {
    name: "a round that comes further ends like one that does not",
    file: "src/engine/sync/watch.ts",
    text: "      stalled = 0;\n",
    instead: "",
    killedBy: "tests/unit/engine/sync.test.ts",
  },
  {
    name: "in memory who is refused is linked all the same",
    file: "src/net/memory.ts",
    text: "    !isRefused(a, b) &&\n",
    instead: "",
    killedBy: "tests/unit/engine/peers.test.ts",
  },
  {
    name: "over the relay who is refused is let in all the same",
    file: "src/net/mesh.ts",
    text: "  if (state.refused.has(id)) {\n",
    instead: "  if (state.isStopped) {\n",
    killedBy: "tests/unit/net/peerNode.test.ts",
  },
  {
    name: "what could not be stored is taken for being on its way for ever",
    file: "src/engine/sync/peer.ts",
    text: "    } finally {\n      // Also where",
    instead: "    } catch (error) {\n      throw error;\n    }\n    {\n      // Also where",
    killedBy: retake,
  },
  {
    name: "what memory has and the log lacks is held",
    file: "src/engine/sync/connect.ts",
    text: "      retakeLater(state, home);\n",
    instead: "",
    killedBy: retake,
  },
  {
    ...heartbeat,
    name: "what is heard of a peer is no sign of its life",
    text: "heard: () => {\n      silentMs = 0;",
    instead: "heard: () => {",
  },
  {
    ...heartbeat,
    name: "one's own sleep counts as a peer's silence",
    text: "Math.min(elapsedMs, tickMsMax)",
    instead: "elapsedMs",
  },
  {
    ...heartbeat,
    name: "a peer's answer to an older question is measured",
    text: "askedAt === null || answer !== number",
    instead: "askedAt === null",
  },
  {
    name: "what was said before the peer attached counts as said",
    file: "src/core/sync/knowledge.ts",
    text: "scope.isReplyDue || scope.isAbsent ||",
    instead: "scope.isReplyDue ||",
    killedBy: "tests/property/session.test.ts",
  },
  {
    ...announce,
    name: "a peer is not told of a scope that goes",
    text: "if (isSpokenOf) draft",
    instead: "if (!isSpokenOf) draft",
  },
  {
    ...announce,
    name: "a peer's older announcement counts",
    text: "if (revision <= draft.announcing.peerRevision) {",
    instead: "if (revision < 0) {",
  },
  {
    name: "a peer that shares a scope no more keeps its claim",
    file: "src/core/sync/status.ts",
    text: 'if (scope.isAbsent) return { kind: "absent" };',
    instead: "",
    killedBy: "tests/unit/core/sync/announce.test.ts",
  },
  {
    ...peers,
    name: "a peer is sent as many messages as are asked for",
    text: "if (!peer.messageTurns.take(now)) {",
    instead: "if (!peer.messageTurns.take(now) && now < 0) {",
  },
  {
    name: "a peer that was disconnected is greeted again",
    file: "src/engine/sync.ts",
    text: "if (state.refused.has(channel.remotePeer)) {",
    instead: "if (state.refused.has(channel.localPeer)) {",
    killedBy: "tests/unit/engine/peers.test.ts",
  },
  {
    name: "a peer's malformed message is passed over",
    file: "src/engine/sync/connect.ts",
    text: "if (!message.ok) return false;",
    instead: "if (!message.ok) return true;",
    killedBy: "tests/unit/engine/peers.test.ts",
  },
  {
    name: "statistics forget a peer that left",
    file: "src/engine/sync/connect.ts",
    text: "known.traffic = addTraffic(known.traffic, peer.traffic);",
    instead: "",
    killedBy: "tests/unit/api/networkContract.test.ts",
  },
  {
    name: "a peer's message is told to tabs that come later",
    file: "src/worker/tabs/host.ts",
    text: "if (!momentary.has(event.kind)) state",
    instead: 'if (event.kind !== "damage") state',
    killedBy: "tests/unit/worker/host.test.ts",
  },
  {
    name: "by hand means only that a peer is not told at once",
    file: "src/engine/sync/state.ts",
    text: ".filter((home) => !isPaused(state, home))",
    instead: ".filter(() => true)",
    killedBy: "tests/unit/engine/syncModes.test.ts",
  },
  {
    name: "lazy waits, however much there is for a peer",
    file: "src/engine/sync/tell.ts",
    text: "|| pendingOps >= lazyOpsMax;",
    instead: ";",
    killedBy: "tests/unit/engine/syncModes.test.ts",
  },
  {
    name: "forceSync cuts before a peer named the heads of this device's log",
    file: "src/engine/sync/round.ts",
    text: "if (pendingOpsOf(home) > 0 && !isConfirmed(state, home)) {",
    instead: "if (pendingOpsOf(home) < 0) {",
    killedBy: "tests/unit/engine/rebuild.test.ts",
  },
  {
    name: "forceSync hears only of what pages are told",
    file: "src/engine/sync/connect.ts",
    text: "      if (state.watchers.size > 0) schedule(state);\n",
    instead: "",
    killedBy: "tests/unit/engine/syncModes.test.ts",
  },
  {
    name: "what is held is told before all that came is taken in",
    file: "src/core/sync/session.ts",
    text: '(draft.push.outstanding === 0 && input.kind !== "cut")',
    instead: 'input.kind !== "cut"',
    killedBy: sessionHeads,
  },
  {
    name: "what is written is cut before a peer names the heads of the log",
    file: "src/engine/sync/peer.ts",
    text: "found !== undefined && namesHeldOnly(found, writer, this.deps.view)",
    instead: "!found?.peerTips || namesHeldOnly(found, writer, this.deps.view)",
    killedBy: "tests/unit/engine/rebuild.test.ts",
  },
  {
    name: "what is written is cut though a peer names a head of the log that is not here",
    file: "src/core/sync/push.ts",
    text: "=> view.hasHeader(scope.local.scope, hash));",
    instead: "=> scope.local.scope !== hash);",
    killedBy: "tests/unit/engine/rebuild.test.ts",
  },
  {
    name: "however slow the disk is, what is written waits for no segment",
    file: "src/engine/sync/tell.ts",
    text: "Math.max(last.milliseconds, last.ops * gatherMillisecondsPerOp)",
    instead: "last.ops * gatherMillisecondsPerOp",
    killedBy: "tests/unit/engine/syncModes.test.ts",
  },
  {
    name: "a stream of writes goes in a segment each",
    file: "src/engine/sync/tell.ts",
    text: "last.ops * gatherMillisecondsPerOp)",
    instead: "gatherMillisecondsPerOp)",
    killedBy: "tests/unit/engine/syncModes.test.ts",
  },
  {
    name: "a peer that tells of before a push is taken at its word",
    file: "src/core/sync/push.ts",
    text: "if (!isUpon || now - at >= options.pushedMs) return false;",
    instead: "if (isUpon || !isUpon) return false;",
    killedBy: "tests/unit/core/sync/session.test.ts",
  },
  {
    name: "a push that never came counts as held for ever",
    file: "src/core/sync/push.ts",
    text: "if (!isUpon || now - at >= options.pushedMs) return false;",
    instead: "if (!isUpon) return false;",
    killedBy: "tests/unit/core/sync/session.test.ts",
  },
  {
    name: "what stands upon something that the peer lacks is not kept for it",
    file: "src/core/sync/session.ts",
    text: "  pushWaiting(draft, view);\n",
    instead: "",
    killedBy: "tests/unit/core/sync/session.test.ts",
  },
  {
    name: "any number of own segments waits for a peer",
    file: "src/core/sync/push.ts",
    text: "  while (bytes > pushBytesMax) bytes -= waiting.shift()?.bytes.length ?? 0;\n",
    instead: "",
    killedBy: "tests/unit/core/sync/session.test.ts",
  },
  {
    name: "two that say the same at a time answer each other",
    file: "src/core/sync/knowledge.ts",
    text: "return reply && !isOnItsWay;",
    instead: "return reply && (!isOnItsWay || reply);",
    killedBy: sessionHeads,
  },
  {
    name: "who lacks what was said is sent no tips",
    file: "src/core/sync/knowledge.ts",
    text: "changeScope(draft, told, { areTipsWanted: true });",
    instead: "changeScope(draft, told, { areTipsWanted: false });",
    killedBy: sessionHeads,
  },
  {
    name: "each change is told, answered or not",
    file: "src/core/sync/knowledge.ts",
    text: "(scope.isUrgent || isTick) && (sent.isAnswered || isRested)",
    instead: "(scope.isUrgent || isTick)",
    killedBy: sessionHeads,
  },
];
