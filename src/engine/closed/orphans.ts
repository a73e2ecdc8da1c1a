/**
 * Decisions that a term left beside the chain: they count no more, and whoever proposed them
 * proposes them again, so that nobody's removal or invite is lost with the sequencer that
 * contradicted itself.
 */
import { bytesToHex, equalBytes } from "../../core/base/bytes.ts";
import { storedCertificate } from "../../core/network/certificate.ts";
import type { ClosedControl } from "../../core/network/closed/chain.ts";
import {
  encodeSignedProposal,
  headOf,
  parseSignedProposal,
  type ControlRecord,
  type ParsedProposal,
} from "../../core/network/closed/record.ts";
import { isRemoved } from "../../core/network/closed/state.ts";
import type { ClosedMembership } from "./membership.ts";

/** `taken`: what just came; only then, since what is refused again is not to come back. */
export const orphanedProposals = (
  { control, device }: ClosedMembership,
  taken: readonly ControlRecord[],
): readonly ParsedProposal[] => {
  const path = new Set(control.from(0).map(({ hash }) => hash));
  const last = control.head().term;
  // Within the last term nothing is orphaned: what contradicts waits for the next one
  const isBeside = ({ hash, term }: ControlRecord): boolean => !path.has(hash) && term < last;
  const beside = control.records().filter(isBeside);
  const isTerm = taken.some(({ proposal }) => proposal.content.kind === "term");
  const orphans = isTerm ? beside : taken.filter(isBeside);
  const { nonces } = control.state();
  return [...orphans, ...removalsOfThese(control, beside, taken)].flatMap((record) => {
    const { content, nonce } = record.proposal;
    // A key is replaced or carried on by whoever finds that it is due; who decides is the term's to
    // say
    if (["epoch", "keys", "term", "transfer"].includes(content.kind)) return [];
    if (nonces.has(bytesToHex(nonce)) || !isBy(record, device.publicKey)) return [];
    if (isUndone(control, beside, record)) return [];
    const parsed = parseSignedProposal(encodeSignedProposal(record.signed));
    return parsed.ok ? [parsed.value] : [];
  });
};

/** Whoever was let in and removed beside the chain is let in again by who knows the one alone. */
const removalsOfThese = (
  control: ClosedControl,
  beside: readonly ControlRecord[],
  taken: readonly ControlRecord[],
): readonly ControlRecord[] =>
  beside.filter(
    (record) =>
      isRemoval(record) && taken.some((admission) => isRemovedBy(control, record, admission)),
  );

/** Who was let in and removed again beside the chain is not to come back. */
const isUndone = (
  control: ClosedControl,
  beside: readonly ControlRecord[],
  admission: ControlRecord,
): boolean => beside.some((record) => isRemoval(record) && isRemovedBy(control, record, admission));

const isRemoval = ({ proposal }: ControlRecord): boolean => proposal.content.kind === "remove";

const isRemovedBy = (
  control: ClosedControl,
  removal: ControlRecord,
  { proposal: { content } }: ControlRecord,
): boolean => {
  if (content.kind !== "admit" && content.kind !== "device") return false;
  const certificate = storedCertificate(content.certificate);
  if (certificate === null) return false;
  const state = control.stateAt(headOf(removal));
  return isRemoved(state, bytesToHex(certificate.signingKey), bytesToHex(certificate.account));
};

const isBy = ({ signed }: ControlRecord, publicKey: Uint8Array): boolean =>
  signed.signatures.some(({ signer }) => equalBytes(signer, publicKey));
