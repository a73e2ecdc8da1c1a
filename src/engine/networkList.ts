/**
 * The networks that this device is in, and those that it is on its way into.
 */
import { bytesToHex } from "../core/base/bytes.ts";
import { invalid, type NebulusError } from "../core/base/errors.ts";
import type { Joining } from "./closed/joining.ts";
import type { Membership, NetworkMembership } from "./identity.ts";
import type { NetworkRelays } from "./networkRelays.ts";

export interface NetworkList {
  all(): readonly NetworkMembership[];
  /** By the caller's name for it; throws `UnknownNetwork`. */
  named(networkId: string): NetworkMembership;
  withHash(hash: string): NetworkMembership | null;
  /** Whether one of mine is called so, or one that I am joining. */
  isNameTaken(networkId: string): boolean;
  add(membership: NetworkMembership): void;
  remove(membership: NetworkMembership): void;
  joinings(): readonly Joining[];
  /** By the network's hash. */
  joining(hash: string): Joining | null;
  addJoining(joining: Joining): void;
  removeJoining(joining: Joining): void;
  /** Beside those of this device, by the network's hash; of networks that have some. */
  relays(): NetworkRelays;
  /** Of that network, joined or on the way. */
  setRelays(hash: string, relays: readonly string[]): void;
  /** Documents are private there unless they are shared one by one. */
  isPrivate(membership: Membership): boolean;
  setPrivate(hash: string, isPrivate: boolean): void;
}

/** What stands of it in the store. */
export interface NetworksFirst {
  readonly networks: readonly NetworkMembership[];
  readonly joinings: readonly Joining[];
  readonly relays: NetworkRelays;
  /** Hashes of those where documents are private unless they are shared one by one. */
  readonly privateNetworks: readonly string[];
}

export const createNetworkList = (first: NetworksFirst): NetworkList => {
  const byHash = new Map(first.networks.map((membership) => [hashOf(membership), membership]));
  const joinings = new Map(first.joinings.map((joining) => [joiningHash(joining), joining]));
  const relays = new Map(first.relays);
  const privates = new Set(first.privateNetworks);
  const find = (networkId: string): NetworkMembership | undefined =>
    [...byHash.values()].find((each) => each.networkId === networkId);
  return {
    all: () => [...byHash.values()],
    named(networkId) {
      const found = find(networkId);
      if (found !== undefined) return found;
      throw invalid("UnknownNetwork", `This device is in no network "${networkId}".`, networkId);
    },
    withHash: (hash) => byHash.get(hash) ?? null,
    isNameTaken: (networkId) =>
      find(networkId) !== undefined ||
      [...joinings.values()].some((each) => each.networkId === networkId),
    add: (membership) => {
      byHash.set(hashOf(membership), membership);
    },
    remove: (membership) => {
      byHash.delete(hashOf(membership));
    },
    joinings: () => [...joinings.values()],
    joining: (hash) => joinings.get(hash) ?? null,
    addJoining: (joining) => {
      joinings.set(joiningHash(joining), joining);
    },
    removeJoining: (joining) => {
      joinings.delete(joiningHash(joining));
    },
    relays: () => relays,
    setRelays: (hash, next) => {
      if (next.length === 0) relays.delete(hash);
      else relays.set(hash, next);
    },
    isPrivate: (membership) => membership.kind !== "local" && privates.has(hashOf(membership)),
    setPrivate: (hash, isPrivate) => {
      if (isPrivate) privates.add(hash);
      else privates.delete(hash);
    },
  };
};

export const nameTaken = (networkId: string): NebulusError =>
  invalid(
    "NetworkNameTaken",
    `This device is in another network "${networkId}": leave that, or use another name.`,
    "networkId",
  );

/** Names a network in the hidden collection of collections. */
export const hashOf = ({ network }: NetworkMembership): string => bytesToHex(network.networkHash);

export const joiningHash = ({ invite }: Joining): string => bytesToHex(invite.networkHash);
