/**
 * The greeting on a new channel: which network it is about, and who is there: a member, or the
 * other end of an invite.
 */
import { equalBytes } from "../../core/base/bytes.ts";
import type { PeerChannel } from "../../core/net/carrier.ts";
import type { CheckedCertificate } from "../../core/network/certificate.ts";
import {
  greet,
  type Greeted,
  type GreetingInvite,
  type GreetingNetwork,
  type OpenInvite,
} from "../../core/sync/greeting.ts";
import type { SessionIdentity } from "../../core/sync/sessionState.ts";
import type { Joining } from "../closed/joining.ts";
import type { ClosedMembership } from "../closed/membership.ts";
import type { NetworkMembership } from "../identity.ts";
import type { SyncState } from "./state.ts";

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
  );

/** null: strangers, or no network in common; why is counted. */
export const greetPeer = async (
  state: SyncState,
  channel: PeerChannel,
): Promise<GreetedPeer | null> => {
  const { crypto, timers } = state.engine.deps;
  const { localPeerBytes, remotePeerBytes, initiator } = channel;
  const line = queueFrames(channel);
  const base = {
    send: (frame: Uint8Array) => channel.send(frame),
    receive: line.receive,
    peers: initiator
      ? { idI: localPeerBytes, idR: remotePeerBytes }
      : { idI: remotePeerBytes, idR: localPeerBytes },
    crypto,
    timers,
  };
  const mine = reasonsToMeet(state);
  const target = nextToTry(state, channel, mine);
  if (target === null) return null;
  const result = initiator
    ? await greet({ ...base, role: "I", ...target })
    : await greet({ ...base, role: "R", ...mine });
  if (!result.ok) {
    count(state, result.error);
    return null;
  }
  return greetedPeer(state, result.value, line);
};

const greetedPeer = (
  { engine: { registry } }: SyncState,
  { networkHash, peer: certificate, key, transcript, role, invite }: Greeted,
  line: FrameLine,
): GreetedPeer | null => {
  const base = {
    ...{ certificate, identity: { key, transcript, role } },
    ...{ takeFrames: line.handTo, nextFrame: line.receive },
  };
  const joining = registry.networks
    .joinings()
    .find((each) => invite !== null && equalBytes(each.publicKey, invite));
  if (joining !== undefined) return { ...base, kind: "maker", joining };
  const membership = registry.networks
    .all()
    .find(({ network }) => equalBytes(network.networkHash, networkHash));
  if (membership === undefined) return null;
  if (invite === null) return { ...base, kind: "member", membership };
  return membership.kind === "closed" ? { ...base, kind: "joiner", membership, invite } : null;
};

/** All for whose sake this device answers a peer. */
interface Reasons {
  readonly networks: readonly GreetingNetwork[];
  readonly invites: readonly OpenInvite[];
  readonly joinings: readonly GreetingInvite[];
}

const reasonsToMeet = ({ engine }: SyncState): Reasons => {
  const { networks } = engine.registry;
  const now = engine.deps.timers.now();
  return {
    networks: networks.all().map(greetingNetworkOf),
    invites: networks.all().flatMap((membership) => openInvitesOf(membership, now)),
    joinings: networks.joinings().map(greetingInviteOf),
  };
};

const openInvitesOf = (membership: NetworkMembership, now: number): readonly OpenInvite[] => {
  if (membership.kind !== "closed") return [];
  const network = greetingNetworkOf(membership);
  return membership.openInvites(now).map((publicKey) => ({ network, publicKey }));
};

type Target =
  | { readonly network: GreetingNetwork }
  | { readonly invite: GreetingInvite }
  | { readonly open: OpenInvite };

/** With several each attempt with a peer is for another one. */
const nextToTry = (
  { attempts }: SyncState,
  { remotePeer }: PeerChannel,
  { networks, invites, joinings }: Reasons,
): Target | null => {
  const targets: readonly Target[] = [
    ...networks.map((network) => ({ network })),
    ...joinings.map((invite) => ({ invite })),
    ...invites.map((open) => ({ open })),
  ];
  const attempt = attempts.get(remotePeer) ?? 0;
  attempts.set(remotePeer, attempt + 1);
  return targets[attempt % targets.length] ?? null;
};

const greetingNetworkOf = (membership: NetworkMembership): GreetingNetwork => {
  const { network, device, control } = membership;
  return {
    networkHash: network.networkHash,
    greetingKey: network.greetingKey,
    certificate: device.certificate,
    signingSeed: device.seed,
    controlHead: control.head(),
    standingOf: (certificate) => {
      if (membership.kind === "closed") return membership.control.standingOf(certificate);
      return control.mayWrite(certificate, control.head()) ? "member" : "removed";
    },
    isPossibleHead: (head) => control.find(head).kind !== "impossible",
  };
};

const greetingInviteOf = ({ invite, publicKey, device }: Joining): GreetingInvite => ({
  networkHash: invite.networkHash,
  ...{ publicKey, seed: invite.seed, controlHead: invite.controlHead },
  ...{ certificate: device.certificate, signingSeed: device.seed },
  makerKeyHash: invite.makerKeyHash,
});

const count = ({ greetingFaults }: SyncState, fault: string): void => {
  greetingFaults.set(fault, (greetingFaults.get(fault) ?? 0) + 1);
};

interface FrameLine {
  readonly receive: () => Promise<Uint8Array | null>;
  readonly handTo: (handler: (frame: Uint8Array) => void) => void;
}

/** A channel has one handler; frames that come before anyone asks wait here. */
const queueFrames = (channel: PeerChannel): FrameLine => {
  const waiting: Uint8Array[] = [];
  let taker: ((frame: Uint8Array | null) => void) | null = null;
  let handler: ((frame: Uint8Array) => void) | null = null;
  let isClosed = false;
  channel.onFrame((frame) => {
    if (handler !== null) handler(frame);
    else if (taker === null) waiting.push(frame);
    else take(frame);
  });
  const take = (frame: Uint8Array | null): void => {
    const present = taker;
    taker = null;
    present?.(frame);
  };
  channel.onClose(() => {
    isClosed = true;
    take(null);
  });
  return {
    receive: () => {
      const frame = waiting.shift();
      if (frame !== undefined || isClosed) return Promise.resolve(frame ?? null);
      return new Promise((resolve) => {
        taker = resolve;
      });
    },
    handTo(next) {
      handler = next;
      for (const frame of waiting.splice(0)) next(frame);
    },
  };
};
