/**
 * The greeting on a new channel: which network it is about, and who is there: a member, the other
 * end of an invite, or a device that is none any more.
 */
import { equalBytes } from "../../core/base/bytes.ts";
import type { PeerChannel } from "../../core/net/carrier.ts";
import type { CheckedCertificate } from "../../core/network/certificate.ts";
import type { ControlHead } from "../../core/network/control.ts";
import { greet, type Greeted, type GreetingNetwork } from "../../core/sync/greeting.ts";
import type { SessionIdentity } from "../../core/sync/sessionState.ts";
import type { Joining } from "../closed/joining.ts";
import type { ClosedMembership } from "../closed/membership.ts";
import type { NetworkMembership } from "../identity.ts";
import { tellConnectivity } from "./connectivity.ts";
import type { FrameQueue } from "./frameQueue.ts";
import { nextTarget, noteOutcome } from "./lines.ts";
import { reasonsToMeet } from "./reasons.ts";
import { countRefusal } from "./refusals.ts";
import type { PeerLine, SyncState } from "./state.ts";

interface GreetedBase {
  readonly certificate: CheckedCertificate;
  readonly identity: SessionIdentity;
  /** Where frames go from now on. */
  readonly takeFrames: (handler: (frame: Uint8Array) => void) => void;
  /** The next one, until then; null once the channel closed. */
  readonly nextFrame: () => Promise<Uint8Array | null>;
}

export type GreetedPeer = GreetedBase &
  (
    | { readonly kind: "member"; readonly membership: NetworkMembership }
    /** The other side holds an invite of this device. */
    | {
        readonly kind: "joiner";
        readonly membership: ClosedMembership;
        readonly invite: Uint8Array;
      }
    /** The other side made the invite that this device holds. */
    | { readonly kind: "maker"; readonly joining: Joining }
    /** The other side was removed, and may not know it. */
    | { readonly kind: "removed"; readonly membership: ClosedMembership; readonly at: ControlHead }
  );

/** The other side says that this device was removed, and sends the records that say so. */
export interface Dismissed {
  readonly kind: "dismissed";
  readonly membership: ClosedMembership;
  readonly nextFrame: () => Promise<Uint8Array | null>;
}

/** null: strangers, or no network in common; why is counted. */
export const greetPeer = async (
  state: SyncState,
  channel: PeerChannel,
  frames: FrameQueue,
  line: PeerLine,
): Promise<GreetedPeer | Dismissed | null> => {
  const { crypto, timers } = state.engine.deps;
  const { localPeerBytes, remotePeerBytes, initiator } = channel;
  const base = {
    send: (frame: Uint8Array) => channel.send(frame),
    receive: frames.receive,
    peers: initiator
      ? { idI: localPeerBytes, idR: remotePeerBytes }
      : { idI: remotePeerBytes, idR: localPeerBytes },
    crypto,
    timers,
  };
  const target = initiator ? nextTarget(state, line, channel) : null;
  if (initiator && target === null) return null;
  const result =
    target === null
      ? await greet({ ...base, role: "R", ...reasonsToMeet(state) })
      : await greet({ ...base, role: "I", ...target.target });
  line.refusal = result.ok ? null : result.error;
  tellConnectivity(state);
  if (!result.ok) {
    countRefusal(state, "greeting", result.error);
    noteOutcome(state, line, channel, result.error);
    const isDismissed = result.error === "removed" && target !== null && "network" in target.target;
    return isDismissed ? dismissedFrom(state, target.target.network, frames) : null;
  }
  if (result.value.standing === "removed") {
    countRefusal(state, "greeting", "removed");
    noteOutcome(state, line, channel, "removed");
  }
  return greetedPeer(state, result.value, frames);
};

const dismissedFrom = (
  { engine: { registry } }: SyncState,
  { networkHash }: GreetingNetwork,
  { receive }: FrameQueue,
): Dismissed | null => {
  const membership = registry.networks
    .all()
    .find(({ network }) => equalBytes(network.networkHash, networkHash));
  return membership?.kind === "closed"
    ? { kind: "dismissed", membership, nextFrame: receive }
    : null;
};

const greetedPeer = (
  { engine: { registry } }: SyncState,
  { networkHash, peer: certificate, key, transcript, role, invite, ...met }: Greeted,
  frames: FrameQueue,
): GreetedPeer | null => {
  const base = {
    ...{ certificate, identity: { key, transcript, role } },
    ...{ takeFrames: frames.handTo, nextFrame: frames.receive },
  };
  const joining = registry.networks
    .joinings()
    .find((each) => invite !== null && equalBytes(each.publicKey, invite));
  if (joining !== undefined) return { ...base, kind: "maker", joining };
  const membership = registry.networks
    .all()
    .find(({ network }) => equalBytes(network.networkHash, networkHash));
  if (membership === undefined) return null;
  if (met.standing === "removed") {
    if (membership.kind === "open") return null;
    return { ...base, kind: "removed", membership, at: met.peerControlHead };
  }
  if (invite === null) return { ...base, kind: "member", membership };
  return membership.kind === "closed" ? { ...base, kind: "joiner", membership, invite } : null;
};
