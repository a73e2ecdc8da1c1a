/**
 * A new term needs k of the n recovery keys, and these may be with different people. Whoever asks
 * for one signs it with what it has; until there are enough signatures it stands with all members
 * as a proposal, and whoever asks for the same from another device signs that one too. Nothing is
 * signed by itself: each holder asks for it. What is complete goes to its new sequencer like any
 * other proposal.
 */
import { bytesToHex, equalBytes } from "../../core/base/bytes.ts";
import { recoveryKeysMax } from "../../core/base/limits.ts";
import type { CryptoPort } from "../../core/crypto/port.ts";
import type { ClosedControl } from "../../core/network/closed/chain.ts";
import type { SigningKey } from "../../core/network/closed/make.ts";
import {
  encodeSignedProposal,
  parseSignedProposal,
  proposalText,
  type ParsedProposal,
  type ProposalSignature,
} from "../../core/network/closed/record.ts";
import { roleOf, type KeyText } from "../../core/network/closed/state.ts";
import type { Engine } from "../engine.ts";
import { agreedTo, isRecoveryKey } from "./agreed.ts";
import { closedChange, type ClosedMembership } from "./membership.ts";

/**
 * The one under this device that has most signatures once these have signed it, too: where two
 * holders asked at once, each has signed its own. null: nobody asked for any.
 */
export const gatheredUnder = (
  { control, proposals }: ClosedMembership,
  sequencer: KeyText,
  signers: readonly SigningKey[],
): ParsedProposal | null => {
  const agreed = (each: ParsedProposal): number =>
    agreedTo(control, each) + signers.filter((signer) => !hasSigned(each, signer)).length;
  const under = [...proposals.values()].filter(
    ({ proposal: { content } }) =>
      content.kind === "term" && bytesToHex(content.sequencer) === sequencer,
  );
  return under.sort((a, b) => agreed(b) - agreed(a))[0] ?? null;
};

const hasSigned = ({ signed }: ParsedProposal, { publicKey }: SigningKey): boolean =>
  signed.signatures.some(({ signer }) => equalBytes(signer, publicKey));

/** The same proposal, with these signatures as well. */
export const signAlso = async (
  { network }: ClosedMembership,
  { signed }: ParsedProposal,
  signers: readonly SigningKey[],
  crypto: Pick<CryptoPort, "sign">,
): Promise<ParsedProposal | null> => {
  const text = proposalText(network.networkHash, signed.bytes);
  const added = signers.map(async ({ seed, publicKey }) => ({
    signer: publicKey,
    signature: await crypto.sign(seed, text),
  }));
  return withSignatures(signed.bytes, signed.signatures, await Promise.all(added));
};

/**
 * What a member has of it: signatures that hold are added to those that are here. True: there are
 * more by that.
 */
export const takeGathered = async (
  engine: Engine,
  membership: ClosedMembership,
  given: ParsedProposal,
): Promise<boolean> => {
  const { control, network, proposals } = membership;
  const { crypto, store } = engine.deps;
  const { content, base } = given.proposal;
  if (content.kind !== "term" || !equalBytes(given.proposal.networkHash, network.networkHash)) {
    return false;
  }
  if (roleOf(control.state(), bytesToHex(content.sequencer)) === null) return false;
  if (isOvertaken(control, given) || control.find(base).kind !== "known") return false;
  const known = proposals.get(given.name) ?? null;
  if (known !== null && !equalBytes(known.signed.bytes, given.signed.bytes)) return false;
  if (known === null && terms(membership).length >= recoveryKeysMax) return false;
  const text = proposalText(network.networkHash, given.signed.bytes);
  const sound: ProposalSignature[] = [];
  for (const each of given.signed.signatures) {
    if (!isRecoveryKey(control, each.signer)) continue;
    if (await crypto.verify(each.signer, each.signature, text)) sound.push(each);
  }
  const merged = withSignatures(given.signed.bytes, known?.signed.signatures ?? [], sound);
  const before = known === null ? 0 : agreedTo(control, known);
  if (merged === null || agreedTo(control, merged) <= before) return false;
  proposals.set(merged.name, merged);
  await store.write({ meta: new Map([closedChange(membership)]) });
  return true;
};

/**
 * A term began since: what was to open another one is not asked for any more, complete or not. Two
 * holders who sign each other's make two of one wish.
 */
export const overtakenTerms = (membership: ClosedMembership): readonly string[] =>
  terms(membership)
    .filter((parsed) => isOvertaken(membership.control, parsed))
    .map(({ name }) => name);

const terms = ({ proposals }: ClosedMembership): readonly ParsedProposal[] =>
  [...proposals.values()].filter(({ proposal }) => proposal.content.kind === "term");

export const isOvertaken = (
  control: ClosedControl,
  { proposal: { base } }: Pick<ParsedProposal, "proposal">,
): boolean => {
  const found = control.find(base);
  return found.kind === "known" && found.position < control.state().termHeight;
};

const withSignatures = (
  bytes: Uint8Array,
  known: readonly ProposalSignature[],
  added: readonly ProposalSignature[],
): ParsedProposal | null => {
  const bySigner = new Map([...known, ...added].map((each) => [bytesToHex(each.signer), each]));
  const parsed = parseSignedProposal(
    encodeSignedProposal({ bytes, signatures: [...bySigner.values()] }),
  );
  return parsed.ok ? parsed.value : null;
};

/** Those that a device has, with their public keys. */
export const recoverySigners = (
  { control, recoverySeeds }: ClosedMembership,
  crypto: Pick<CryptoPort, "publicKey">,
): Promise<readonly SigningKey[]> =>
  Promise.all(
    recoverySeeds.map(async (seed) => ({ seed, publicKey: await crypto.publicKey(seed) })),
  ).then((signers) => signers.filter(({ publicKey }) => isRecoveryKey(control, publicKey)));
