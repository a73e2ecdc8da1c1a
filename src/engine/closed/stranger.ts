/**
 * Whoever the chain does not name. The network's secret, by which peers are greeted, is known to
 * all who ever were members, so anybody who was removed can come again as a device of another name:
 * it looks like one that a record which is not here yet lets in. What that record says proves
 * itself, so a stranger is listened to; it is told nothing but where this device stands, which the
 * greeting tells too, and no record before the chain here names it. One that waits to be let in
 * shows by which invite it came, and hears why it will not be.
 */
import { bytesToHex, equalBytes } from "../../core/base/bytes.ts";
import { storedCertificate, type CheckedCertificate } from "../../core/network/certificate.ts";
import { admitText } from "../../core/network/closed/chain.ts";
import type { ControlContent } from "../../core/network/closed/content.ts";
import { headOf, type ControlRecord } from "../../core/network/closed/record.ts";
import { isRemoved, roleOf } from "../../core/network/closed/state.ts";
import type { AdmissionRefusal } from "../../core/wire/snapshots.ts";
import type { Engine } from "../engine.ts";
import {
  admissionChange,
  inviteRefusal,
  refusalNamed,
  refusalOf,
  refusedChange,
} from "./admission.ts";
import { tipsBeside } from "./beside.ts";
import { learnFromChain, type ClosedMembership } from "./membership.ts";

/**
 * Neither a member's device, nor one that was removed, nor let in on a branch beside the chain, as
 * where two records contradict each other and it is not told yet which of them counts.
 */
export const isStranger = (
  { control }: Pick<ClosedMembership, "control">,
  certificate: CheckedCertificate,
): boolean => {
  if (control.standingOf(certificate) !== "unknown") return false;
  const device = bytesToHex(certificate.signingKey);
  const account = bytesToHex(certificate.account);
  const beside = tipsBeside(control).map((tip) => control.stateAt(headOf(tip)));
  const isOut = beside.some((state) => isRemoved(state, device, account));
  return isOut || !beside.some((state) => roleOf(state, device) !== null);
};

/** Of what a peer lacks, what it may have: a device that was removed hears no more than that. */
export const tellable = (
  membership: Pick<ClosedMembership, "control">,
  certificate: CheckedCertificate,
  records: readonly ControlRecord[],
): readonly ControlRecord[] => {
  const { control } = membership;
  const standing = control.standingOf(certificate);
  if (standing === "removed") {
    const removedAt = control.removedAt(certificate.signingKey) ?? 0;
    return records.filter(({ height }) => height <= removedAt);
  }
  return standing === "unknown" && isStranger(membership, certificate) ? [] : records;
};

// ------------------------------------------------------------------------- who waits to be let in

/** What it shows; null: it does not wait, or came before devices showed it. */
export const admissionProof = (
  membership: ClosedMembership,
): { readonly invite: Uint8Array; readonly signature: Uint8Array } | null => {
  const { cameBy } = membership;
  if (cameBy === null || cameBy.signature === null || membership.standing() !== "waiting") {
    return null;
  }
  return { invite: cameBy.invite, signature: cameBy.signature };
};

/** What it was told, by a member as far as is known here. True: that is new. */
export const noteToldRefusal = async (
  { deps: { store } }: Engine,
  { control, cameBy, network, standing }: ClosedMembership,
  from: CheckedCertificate,
  reason: string,
): Promise<boolean> => {
  const told = refusalNamed(reason);
  if (cameBy === null || cameBy.told === told || standing() !== "waiting") return false;
  if (control.standingOf(from) !== "member") return false;
  cameBy.told = told;
  await store.write({ meta: new Map([admissionChange(network.networkHash, cameBy)]) });
  return true;
};

// ------------------------------------------------------------------------------- who tells it

/** Whether a peer came by that invite: its seed signed this certificate. */
export const cameByInvite = (
  { deps: { crypto } }: Engine,
  { network }: ClosedMembership,
  { bytes }: CheckedCertificate,
  shown: { readonly invite: Uint8Array; readonly signature: Uint8Array },
): Promise<boolean> =>
  crypto.verify(shown.invite, shown.signature, admitText(network.networkHash, bytes));

/** null: it may yet be let in, is in, or nobody here knows. */
export const refusalFor = (
  membership: ClosedMembership,
  peer: CheckedCertificate,
  invite: Uint8Array,
  nowMs: number,
): AdmissionRefusal | null => {
  const { control, refusedJoiners } = membership;
  if (!isStranger(membership, peer)) return null;
  const said = refusedJoiners.get(bytesToHex(peer.signingKey)) ?? null;
  const refusal = inviteRefusal(control.state(), invite, nowMs) ?? said;
  return refusal !== null && isOnItsWay(membership, peer) ? null : refusal;
};

/**
 * Its admission waits here for the sequencer, whose word it is; of who was removed it takes none.
 */
const isOnItsWay = (
  { proposals, standing }: ClosedMembership,
  { signingKey }: CheckedCertificate,
): boolean =>
  standing() !== "removed" &&
  [...proposals.values()].some(({ proposal: { content } }) => {
    const key = joinerOf(content);
    return key !== null && equalBytes(key, signingKey);
  });

/** The sequencer refused to let in whom this device handed keys to. */
export const noteRefusedJoiner = async (
  { deps: { crypto, store } }: Engine,
  membership: ClosedMembership,
  content: ControlContent,
  fault: string,
): Promise<void> => {
  const key = joinerOf(content);
  if (key === null || fault === "known-device" || fault === "nonce-used") return;
  membership.refusedJoiners.set(bytesToHex(key), refusalOf(fault));
  // It is looked for by a tag of its own from now on: the network's is another before long
  await learnFromChain(membership, crypto);
  await store.write({ meta: new Map([refusedChange(membership)]) });
};

const joinerOf = (content: ControlContent): Uint8Array | null => {
  if (content.kind !== "admit" && content.kind !== "device") return null;
  return storedCertificate(content.certificate)?.signingKey ?? null;
};
