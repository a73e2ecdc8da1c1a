/**
 * The greeting on a new channel: which network it is about, and who is there.
 */
import { equalBytes } from "../../core/base/bytes.ts";
import type { PeerChannel } from "../../core/net/carrier.ts";
import type { CheckedCertificate } from "../../core/network/certificate.ts";
import { greet, type GreetingNetwork } from "../../core/sync/greeting.ts";
import type { SessionIdentity } from "../../core/sync/sessionState.ts";
import type { OpenMembership } from "../identity.ts";
import type { SyncState } from "./state.ts";

export interface GreetedPeer {
  readonly membership: OpenMembership;
  readonly certificate: CheckedCertificate;
  readonly identity: SessionIdentity;
  /** Where frames go from now on. */
  readonly takeFrames: (handler: (frame: Uint8Array) => void) => void;
}

/** null: strangers, or no network in common; why is counted. */
export const greetPeer = async (
  state: SyncState,
  channel: PeerChannel,
): Promise<GreetedPeer | null> => {
  const { engine } = state;
  const memberships = engine.registry.networks.all();
  const { crypto, timers } = engine.deps;
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
  const mine = nextToTry(state, channel, memberships);
  if (mine === null) return null;
  const result = initiator
    ? await greet({ ...base, role: "I", network: greetingNetworkOf(mine) })
    : await greet({ ...base, role: "R", networks: memberships.map(greetingNetworkOf) });
  if (!result.ok) {
    count(state, result.error);
    return null;
  }
  const { networkHash, peer, key, transcript, role } = result.value;
  const membership = memberships.find(({ network }) =>
    equalBytes(network.networkHash, networkHash),
  );
  if (membership === undefined) return null;
  const identity = { key, transcript, role };
  return { membership, certificate: peer, identity, takeFrames: line.handTo };
};

/** With several networks each attempt with a peer is for another one. */
const nextToTry = (
  { attempts }: SyncState,
  { remotePeer }: PeerChannel,
  memberships: readonly OpenMembership[],
): OpenMembership | null => {
  const attempt = attempts.get(remotePeer) ?? 0;
  attempts.set(remotePeer, attempt + 1);
  return memberships[attempt % memberships.length] ?? null;
};

const greetingNetworkOf = ({ network, device, control }: OpenMembership): GreetingNetwork => ({
  networkHash: network.networkHash,
  greetingKey: network.greetingKey,
  certificate: device.certificate,
  signingSeed: device.seed,
  controlHead: control.head(),
  isMember: (certificate) => control.mayWrite(certificate, control.head()),
  isPossibleHead: (head) => control.find(head).kind !== "impossible",
});

const count = ({ greetingFaults }: SyncState, fault: string): void => {
  greetingFaults.set(fault, (greetingFaults.get(fault) ?? 0) + 1);
};

/** A channel has one handler; frames that come before anyone asks wait here. */
const queueFrames = (
  channel: PeerChannel,
): {
  readonly receive: () => Promise<Uint8Array | null>;
  readonly handTo: (handler: (frame: Uint8Array) => void) => void;
} => {
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
