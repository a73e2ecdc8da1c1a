/**
 * Decisions that a term left beside the chain: they count no more, and whoever proposed them
 * proposes them again, so that nobody's removal or invite is lost with the sequencer that
 * contradicted itself.
 */
import { bytesToHex, equalBytes } from "../../core/base/bytes.ts";
import {
  encodeSignedProposal,
  parseSignedProposal,
  type ControlRecord,
  type ParsedProposal,
} from "../../core/network/closed/record.ts";
import type { ClosedMembership } from "./membership.ts";

/** `taken`: what just came; only then, since what is refused again is not to come back. */
export const orphanedProposals = (
  { control, device }: ClosedMembership,
  taken: readonly ControlRecord[],
): readonly ParsedProposal[] => {
  const path = new Set(control.from(0).map(({ hash }) => hash));
  const beside = (records: readonly ControlRecord[]): readonly ControlRecord[] =>
    records.filter(({ hash }) => !path.has(hash));
  const isTerm = taken.some(({ proposal }) => proposal.content.kind === "term");
  const last = control.head().term;
  // Within the last term nothing is orphaned: what contradicts waits for the next one
  const orphans = (isTerm ? beside(control.records()) : beside(taken)).filter(
    ({ term }) => term < last,
  );
  const { nonces } = control.state();
  return orphans.flatMap((record) => {
    const { content, nonce } = record.proposal;
    // A key is replaced by whoever finds that it is due; a term is said once
    if (content.kind === "epoch" || content.kind === "term") return [];
    if (nonces.has(bytesToHex(nonce)) || !isBy(record, device.publicKey)) return [];
    const parsed = parseSignedProposal(encodeSignedProposal(record.signed));
    return parsed.ok ? [parsed.value] : [];
  });
};

const isBy = ({ signed }: ControlRecord, publicKey: Uint8Array): boolean =>
  signed.signatures.some(({ signer }) => equalBytes(signer, publicKey));
