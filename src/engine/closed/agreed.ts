/**
 * How far a new term is agreed to by recovery keys: apart from how signatures are gathered
 * (gather.ts), since what pages are told rests on it.
 */
import { bytesToHex } from "../../core/base/bytes.ts";
import type { ClosedControl } from "../../core/network/closed/chain.ts";
import type { ParsedProposal } from "../../core/network/closed/record.ts";
import type { ClosedParts } from "./parts.ts";

/** A term that more holders of recovery keys have to sign. */
export const isGathering = (control: ClosedControl, parsed: ParsedProposal): boolean =>
  parsed.proposal.content.kind === "term" &&
  agreedTo(control, parsed) < control.state().recovery.needed;

/** How many recovery keys signed it. */
export const agreedTo = (control: ClosedControl, { signed }: ParsedProposal): number =>
  signed.signatures.filter(({ signer }) => isRecoveryKey(control, signer)).length;

export const isRecoveryKey = (control: ClosedControl, signer: Uint8Array): boolean =>
  control.state().recovery.keys.has(bytesToHex(signer));

/** By whom a term is asked for that is not complete, for pages: the last of those with most. */
export const gatheringOf = ({
  control,
  proposals,
}: Pick<ClosedParts, "control" | "proposals">): {
  readonly sequencer: Uint8Array;
  readonly agreed: number;
} | null => {
  const gathering = [...proposals.values()]
    .filter((parsed) => isGathering(control, parsed))
    .sort((a, b) => agreedTo(control, b) - agreedTo(control, a));
  const [most] = gathering;
  const content = most?.proposal.content;
  return most === undefined || content?.kind !== "term"
    ? null
    : { sequencer: content.sequencer, agreed: agreedTo(control, most) };
};
