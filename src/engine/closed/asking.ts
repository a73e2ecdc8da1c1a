/**
 * How often a member may have the sequencer decide something. A chain is kept whole by everybody
 * for ever: whoever may propose what it likes could fill it. Owners decide over the network anyway.
 * Counted here, by the device that asks: a burst, and then one in a while.
 */
import { bytesToHex } from "../../core/base/bytes.ts";
import { proposalMillisecondsMin, proposalsAtOnceMax } from "../../core/base/limits.ts";
import type { ParsedProposal } from "../../core/network/closed/record.ts";
import { roleOf, type KeyText } from "../../core/network/closed/state.ts";
import type { ClosedMembership } from "./membership.ts";

interface Asked {
  /** What is left of the burst. */
  readonly left: number;
  readonly atMs: number;
}

/** Whether one more of this member's is decided now; else it is sent again by who asked. */
export const mayAsk = (
  membership: ClosedMembership,
  proposed: Pick<ParsedProposal, "signed">,
  nowMs: number,
): boolean =>
  countedSigners(membership, proposed).every((key) => leftOf(membership, key, nowMs).left > 0);

/** It was decided: until then nobody knows that who it names has signed it. */
export const noteAsked = (
  membership: ClosedMembership,
  proposed: Pick<ParsedProposal, "signed">,
  nowMs: number,
): void => {
  for (const key of countedSigners(membership, proposed)) {
    const { left, atMs } = leftOf(membership, key, nowMs);
    askedOf(membership).set(key, { left: Math.max(0, left - 1), atMs });
  }
};

/** None where an owner is among them; this device's own wishes are not counted. */
const countedSigners = (
  { control, device }: ClosedMembership,
  { signed }: Pick<ParsedProposal, "signed">,
): readonly KeyText[] => {
  const state = control.state();
  const own = bytesToHex(device.publicKey);
  const keys = signed.signatures.map(({ signer }) => bytesToHex(signer));
  if (keys.some((key) => roleOf(state, key) === "owner")) return [];
  return keys.filter((key) => key !== own && state.devices.has(key));
};

const leftOf = (membership: ClosedMembership, key: KeyText, nowMs: number): Asked => {
  const known = askedOf(membership).get(key);
  if (known === undefined) return { left: proposalsAtOnceMax, atMs: nowMs };
  // A clock that was set back gives nothing
  const gained = Math.max(0, Math.floor((nowMs - known.atMs) / proposalMillisecondsMin));
  if (gained === 0) return { left: known.left, atMs: Math.min(known.atMs, nowMs) };
  return { left: Math.min(proposalsAtOnceMax, known.left + gained), atMs: nowMs };
};

const askedOf = (membership: ClosedMembership): Map<KeyText, Asked> => {
  const known = asked.get(membership) ?? new Map<KeyText, Asked>();
  asked.set(membership, known);
  return known;
};

/** As many as there are devices in the chain. */
const asked = new WeakMap<ClosedMembership, Map<KeyText, Asked>>();
