/**
 * From a new channel to a running session: greeting, then the session with what is attached in that
 * network.
 */
import type { PeerChannel } from "../../core/net/carrier.ts";
import { loadPart } from "../../core/base/parts.ts";
import type { HeaderHash, ScopeId } from "../../core/base/types.ts";
import { decodeApplicationMessage } from "../../core/sync/applicationMessage.ts";
import { claimedTips } from "../../core/sync/session.ts";
import type { SessionView } from "../../core/sync/sessionState.ts";
import { checkOwnHead } from "./ownHead.ts";
import { noteHostile } from "../closed/hostility.ts";
import { deviceNameOf } from "../device.ts";
import type { Home } from "../home.ts";
import type { NetworkMembership } from "../identity.ts";
import { chainChanged, introduceTo, takeControl } from "./control.ts";
import { loggedChannel } from "./frameLog.ts";
import { queueFrames } from "./frameQueue.ts";
import { greetPeer, type Dismissed, type GreetedPeer } from "./greet.ts";
import { joinLine, leaveLine, noteOutcome } from "./lines.ts";
import { loadRange } from "./load.ts";
import { isWelcome, noteOffence } from "./offences.ts";
import { Peer, type PeerDeps } from "./peer.ts";
import { considerRepair, takeRanges } from "./ranges.ts";
import { retakeLater } from "./retake.ts";
import { countRefusal, countSession } from "./refusals.ts";
import {
  attachedHome,
  connectedOf,
  isServed,
  reportFailure,
  servedHomes,
  type Connected,
  type Met,
  type PeerLine,
  type SyncState,
} from "./state.ts";
import { locatorIn, ownWritersOf, summaryOf } from "./summary.ts";
import { cutSoon, schedule, tellHome, tellPage } from "./tell.ts";
import { addTraffic, noTraffic } from "./traffic.ts";

export const connect = async (state: SyncState, opened: PeerChannel): Promise<void> => {
  const channel = loggedChannel(state, opened);
  if (!isWelcome(state.offences, channel.remotePeer)) {
    channel.close();
    return;
  }
  const line = joinLine(state, channel);
  let onClosed = (): void => undefined;
  const frames = queueFrames(channel, () => {
    leaveLine(state, line, channel);
    onClosed();
  });
  const greeted = await greetPeer(state, channel, frames, line);
  if (greeted?.kind === "dismissed") await hearOfRemoval(state, channel, greeted);
  const isThere = greeted !== null && greeted.kind !== "dismissed";
  const met = isThere ? await meetAs(state, channel, greeted) : null;
  if (!isThere || met === null) {
    channel.close();
    return;
  }
  await state.loadAcknowledging();
  const { membership, certificate } = met;
  const { identity } = greeted;
  const peer: Peer = new Peer({
    ...peerDeps(state, channel, membership, () => peer),
    device: deviceNameOf(certificate.signingKey),
    identity,
  });
  const connected: Connected = {
    peer,
    membership,
    certificate,
    known: { ...nothingKnown, proposed: new Map() },
  };
  // It closed meanwhile
  if (!line.channels.has(channel)) return;
  state.connected.set(channel, connected);
  const known = metIn(state, membership);
  known.devices.add(peer.device);
  onClosed = () => {
    peer.step({ kind: "closed" });
    state.connected.delete(channel);
    countSession(state, peer.counters());
    known.traffic = addTraffic(known.traffic, peer.traffic);
    schedule(state);
  };
  peer.start(servedHomes(state, connected).map(summaryOf));
  frames.handTo((frame) => {
    peer.takeFrame(frame);
  });
  schedule(state);
  keepOne(state, line, channel);
  noteOutcome(state, line, channel, null);
  state.acknowledging?.met(connected);
  await introduceTo(state, membership, connected);
};

/**
 * Both sides may have opened one for the same network at once. Both know who opened which, and keep
 * that of the smaller id.
 */
const keepOne = ({ connected }: SyncState, line: PeerLine, channel: PeerChannel): void => {
  const membership = connected.get(channel)?.membership;
  const twins = [...line.channels.keys()].filter(
    (each) => each !== channel && connected.get(each)?.membership === membership,
  );
  const isOpenedByFirst = ({ initiator, localPeer, remotePeer }: PeerChannel): boolean =>
    initiator === localPeer < remotePeer;
  for (const twin of twins) {
    const isKept = isOpenedByFirst(twin) && !isOpenedByFirst(channel);
    (isKept ? channel : twin).close();
  }
};

const metIn = ({ met }: SyncState, membership: NetworkMembership): Met => {
  const known = met.get(membership) ?? { devices: new Set(), traffic: noTraffic };
  met.set(membership, known);
  return known;
};

/** What was not accepted of this device's is shown by then. */
const hearOfRemoval = async (
  state: SyncState,
  channel: PeerChannel,
  { membership, nextFrame }: Dismissed,
): Promise<void> => {
  const { hearRemoval } = await loadPart(() => import("../closed/removal.ts"));
  const hasLearned = await hearRemoval(state.engine, membership, channel, nextFrame);
  if (hasLearned) await chainChanged(state, membership);
};

const nothingKnown = {
  ...{ at: null, isSaid: false, beside: 0 },
  ...{ askedMs: -Infinity, toldMs: -Infinity, invite: null },
};

/** As members at last: behind an invite, what it takes is handed over first. */
const meetAs = async (
  state: SyncState,
  channel: PeerChannel,
  greeted: GreetedPeer,
): Promise<Pick<Connected, "membership" | "certificate"> | null> => {
  if (greeted.kind === "member") return greeted;
  const { engine } = state;
  if (greeted.kind === "removed") {
    const { tellRemoved } = await loadPart(() => import("../closed/removal.ts"));
    await tellRemoved(state, channel, greeted);
    state.retag();
    return null;
  }
  const { handOver, takeOver } = await loadPart(() => import("../closed/meeting.ts"));
  if (greeted.kind === "joiner") {
    const { membership } = greeted;
    const certificate = await handOver(engine, membership, channel, greeted);
    if (certificate === null) return null;
    await chainChanged(state, membership);
    return { membership, certificate };
  }
  const { joining, certificate, nextFrame } = greeted;
  const membership = await takeOver(engine, joining, certificate.signingKey, nextFrame);
  // Otherwise it may know by now why it is not let in
  if (membership !== null) state.retag();
  tellPage(state);
  return membership === null ? null : { membership, certificate };
};

const peerDeps = (
  state: SyncState,
  channel: PeerChannel,
  membership: NetworkMembership,
  self: () => Peer,
): Omit<PeerDeps, "device" | "identity"> => {
  const { engine, sentOps } = state;
  const { store, timers } = engine.deps;
  const homeOf: PeerDeps["homeOf"] = (scope) => attachedHome(state, membership, scope);
  return {
    channel,
    homeOf,
    view: viewOf(state, membership, self),
    now: timers.now,
    async load(home, range, bytesMax) {
      const loaded = await loadRange(home, store, range, bytesMax);
      for (const segment of loaded.segments) sentOps.set(segment.bytes, segment);
      if (loaded.isLost) {
        engine.mendLog(home.scope).catch((error: unknown) => {
          reportFailure(state, error);
        });
      }
      return loaded;
    },
    take: (home, segments, isRequested) =>
      takeSegments(state, home, segments, { from: channel.remotePeer, isRequested }),
    control: (body) => takeControl(state, membership, self(), body),
    async acknowledge(body) {
      const connected = connectedOf(state, self());
      if (connected !== undefined) await state.acknowledging?.take(connected, body);
    },
    message: (body) => takeMessage(state, membership, self(), body),
    changed: () => {
      schedule(state);
    },
    ownHead: (home, header, signature) => checkOwnHead(engine, home, header, signature),
    opsIn: (segment) => sentOps.get(segment) ?? null,
    statusChanged(scope) {
      const home = homeOf(scope);
      if (home === null) return;
      const status = self().status(scope);
      if (status?.kind === "synced" && status.verified) {
        state.lastSync.set(scope, timers.now());
        state.acknowledging?.verified(membership);
      }
      if (status?.kind === "mismatch") considerRepair(state, home);
      cutSoon(state, home);
      schedule(state);
    },
    heard(scope) {
      const home = homeOf(scope);
      if (home !== null) cutSoon(state, home);
      if (state.watchers.size > 0) schedule(state);
    },
    ranges: (body) => {
      takeRanges(state, self(), homeOf, body);
    },
    offended: () => {
      noteOffence(state.offences, channel.remotePeer);
    },
    failed: (error) => {
      reportFailure(state, error);
    },
  };
};

/** How many ops were delivered. */
const takeSegments = async (
  state: SyncState,
  home: Home,
  segments: readonly Uint8Array[],
  from: { readonly from: string; readonly isRequested: boolean },
): Promise<number> => {
  const taken = from.isRequested
    ? segments
    : (state.devices?.withinRate(home, segments) ?? segments);
  const { delivered, forgers } = await state.engine.ingest
    .take(home, taken, { scope: home.scope, ...from })
    .catch((error: unknown) => {
      retakeLater(state, home);
      throw error;
    });
  tellHome(state, home);
  for (const { peer, membership, certificate } of [...state.connected.values()]) {
    if (!forgers.includes(peer.channel.remotePeer)) continue;
    if (membership === home.membership && noteHostile(membership, certificate)) {
      countRefusal(state, "session", `device ${peer.device} passed on what nobody signed`);
    }
    peer.step({ kind: "malformed", fault: "segment-forged" });
  }
  return delivered.reduce((sum, { header }) => sum + header.count, 0);
};

/** Of who is no member, or no longer, nothing is heard; what no sender of ours makes is refused. */
const takeMessage = (
  state: SyncState,
  { networkId }: NetworkMembership,
  peer: Peer,
  body: Uint8Array,
): boolean => {
  const message = decodeApplicationMessage(body);
  if (!message.ok) return false;
  const connected = state.connected.get(peer.channel);
  if (connected !== undefined && isServed(connected)) {
    state.emitMessage({ ...message.value, networkId, device: peer.device });
    schedule(state);
  }
  return true;
};

const viewOf = (state: SyncState, membership: NetworkMembership, self: () => Peer): SessionView => {
  const home = (scope: ScopeId): ReturnType<typeof attachedHome> =>
    attachedHome(state, membership, scope);
  const isFetching = (peer: Peer, scope: ScopeId, tip: HeaderHash): boolean =>
    claimedTips(peer.session()).some((claim) => claim.scope === scope && claim.tip === tip);
  return {
    hasHeader: (scope, hash) => (home(scope)?.tree.get(hash) ?? null) !== null,
    isClaimed: (scope, tip) =>
      [...state.connected.values()].some(
        ({ peer }) => peer !== self() && isFetching(peer, scope, tip),
      ),
    ownWriters: (scope) => {
      const found = home(scope);
      return found === null ? new Set() : ownWritersOf(found);
    },
    paceOf: (scope, writer) => {
      const found = home(scope);
      const { devices } = state;
      return found === null || devices === null
        ? "usual"
        : devices.paceOf(found, writer, self().device);
    },
    headProof: (scope, writer) => home(scope)?.proofs.get(writer) ?? null,
    locator: (scope, writer) => {
      const found = home(scope);
      return found === null ? [] : locatorIn(found, writer);
    },
  };
};
