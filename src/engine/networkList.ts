/**
 * The networks that this device is in.
 */
import { bytesToHex } from "../core/base/bytes.ts";
import { invalid } from "../core/base/errors.ts";
import type { OpenMembership } from "./identity.ts";

export interface NetworkList {
  all(): readonly OpenMembership[];
  /** By the caller's name for it; throws `UnknownNetwork`. */
  named(networkId: string): OpenMembership;
  withHash(hash: string): OpenMembership | null;
  add(membership: OpenMembership): void;
  remove(membership: OpenMembership): void;
}

export const createNetworkList = (first: readonly OpenMembership[]): NetworkList => {
  const byHash = new Map(first.map((membership) => [hashOf(membership), membership]));
  return {
    all: () => [...byHash.values()],
    named(networkId) {
      const found = [...byHash.values()].find((each) => each.networkId === networkId);
      if (found !== undefined) return found;
      throw invalid("UnknownNetwork", `This device is in no network "${networkId}".`, networkId);
    },
    withHash: (hash) => byHash.get(hash) ?? null,
    add: (membership) => {
      byHash.set(hashOf(membership), membership);
    },
    remove: (membership) => {
      byHash.delete(hashOf(membership));
    },
  };
};

/** Names a network in the hidden collection of collections. */
export const hashOf = ({ network }: OpenMembership): string => bytesToHex(network.networkHash);
