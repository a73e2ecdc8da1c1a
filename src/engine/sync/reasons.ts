/**
 * For whose sake this device speaks with a peer: the networks that it is in, the invites that it
 * holds, and those that it made.
 */
import { bytesToHex } from "../../core/base/bytes.ts";
import type {
  GreetingInvite,
  GreetingNetwork,
  GreetingTarget,
  OpenInvite,
  Standing,
} from "../../core/sync/greeting.ts";
import type { CheckedCertificate } from "../../core/network/certificate.ts";
import type { Joining } from "../closed/joining.ts";
import type { NetworkMembership } from "../identity.ts";
import type { SyncState, TargetKey } from "./state.ts";

export interface Reasons {
  readonly networks: readonly GreetingNetwork[];
  readonly invites: readonly OpenInvite[];
  readonly joinings: readonly GreetingInvite[];
}

/** What one channel may be for. */
export interface Target {
  readonly key: TargetKey;
  readonly target: GreetingTarget;
}

export const reasonsToMeet = ({ engine }: SyncState): Reasons => {
  const { networks } = engine.registry;
  const now = engine.deps.timers.now();
  return {
    networks: networks.all().map(greetingNetworkOf),
    invites: networks.all().flatMap((membership) => openInvitesOf(membership, now)),
    joinings: networks.joinings().map(greetingInviteOf),
  };
};

export const targetsOf = ({ networks, invites, joinings }: Reasons): readonly Target[] => [
  ...networks.map((network) => ({ key: networkKey(network.networkHash), target: { network } })),
  ...joinings.map((invite) => ({
    ...{ key: `joining/${bytesToHex(invite.publicKey)}` as const, target: { invite } },
  })),
  ...invites.map((open) => ({
    ...{ key: `invite/${bytesToHex(open.publicKey)}` as const, target: { open } },
  })),
];

export const networkKey = (networkHash: Uint8Array): TargetKey =>
  `network/${bytesToHex(networkHash)}`;

const openInvitesOf = (membership: NetworkMembership, now: number): readonly OpenInvite[] => {
  if (membership.kind !== "closed") return [];
  const network = greetingNetworkOf(membership);
  return membership.answeredInvites(now).map((publicKey) => ({ network, publicKey }));
};

const greetingNetworkOf = (membership: NetworkMembership): GreetingNetwork => {
  const { network, device, control } = membership;
  return {
    networkHash: network.networkHash,
    greetingKey: network.greetingKey,
    certificate: device.certificate,
    signingSeed: device.seed,
    controlHead: control.head(),
    standingOf: (certificate) => standingIn(membership, certificate),
    isPossibleHead: (head) => control.find(head).kind !== "impossible",
  };
};

const standingIn = (membership: NetworkMembership, certificate: CheckedCertificate): Standing => {
  const { control } = membership;
  if (membership.kind === "open") {
    return control.mayWrite(certificate, control.head()) ? "member" : "refused";
  }
  const standing = membership.control.standingOf(certificate);
  if (standing !== "removed") return standing;
  // A member's device under another certificate was removed by nobody
  return membership.control.removedAt(certificate.signingKey) === null ? "refused" : "removed";
};

const greetingInviteOf = ({ invite, publicKey, device }: Joining): GreetingInvite => ({
  networkHash: invite.networkHash,
  ...{ publicKey, seed: invite.seed, controlHead: invite.controlHead },
  ...{ certificate: device.certificate, signingSeed: device.seed },
  makerKeyHash: invite.makerKeyHash,
});
