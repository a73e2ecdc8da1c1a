/**
 * Devices that were caught lying since the opening: they passed on what nobody signed, over a
 * session that they had proved their own key for, though whoever passes a segment on has checked
 * its signature. When one of them is removed, nobody's word on what it wrote is taken.
 */
import { bytesToHex } from "../../core/base/bytes.ts";
import type { CheckedCertificate } from "../../core/network/certificate.ts";
import type { KeyText } from "../../core/network/closed/state.ts";
import type { NetworkMembership } from "../identity.ts";

/** False: there is nobody to be named, in an open network or of an unknown device. */
export const noteHostile = (
  membership: NetworkMembership,
  { signingKey }: CheckedCertificate,
): boolean => {
  if (membership.kind !== "closed") return false;
  const device = bytesToHex(signingKey);
  // Of a device that the chain does not name nothing is kept: there may be any number of them
  if (!membership.control.state().devices.has(device)) return false;
  const known = hostile.get(membership) ?? new Set<KeyText>();
  hostile.set(membership, known.add(device));
  return true;
};

export const isHostile = (membership: NetworkMembership, device: KeyText): boolean =>
  hostile.get(membership)?.has(device) === true;

const hostile = new WeakMap<NetworkMembership, Set<KeyText>>();
