/**
 * Making what a control chain is made of: proposals by members, records by the sequencer, and the
 * genesis of a new network. Whether they hold is for the chain to say.
 */
import { hexToBytes } from "../../base/bytes.ts";
import type { Time } from "../../base/types.ts";
import type { CryptoPort } from "../../crypto/port.ts";
import { makeCertificate, type DeviceKeys } from "../certificate.ts";
import type { ControlHead } from "../control.ts";
import type { ControlContent } from "./content.ts";
import {
  encodeProposal,
  encodeRecord,
  encodeStoredRecord,
  genesisHead,
  networkHashOf,
  proposalText,
  recordText,
  zeroHash,
  type ControlRecord,
  type SignedProposal,
} from "./record.ts";

/** An Ed25519 key with its seed. */
export interface SigningKey {
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
}

export interface ProposalRequest {
  readonly networkHash: Uint8Array;
  readonly base: ControlHead;
  readonly content: ControlContent;
  readonly expiry?: number;
}

export const makeProposal = async (
  { networkHash, base, content, expiry }: ProposalRequest,
  signers: readonly SigningKey[],
  crypto: CryptoPort,
): Promise<SignedProposal> => {
  const bytes = encodeProposal({
    ...{ networkHash, base, content, nonce: crypto.randomBytes(16) },
    ...{ expiry: expiry ?? null, extensions: [] },
  });
  const text = proposalText(networkHash, bytes);
  const signatures = signers.map(async ({ seed, publicKey }) => ({
    signer: publicKey,
    signature: await crypto.sign(seed, text),
  }));
  return { bytes, signatures: await Promise.all(signatures) };
};

export interface RecordRequest {
  readonly networkHash: Uint8Array;
  readonly parent: Pick<ControlRecord, "term" | "height" | "hash">;
  /** Another than the parent's: it begins with this record. */
  readonly term?: number;
  readonly time: Time;
  readonly signed: SignedProposal;
}

/** By the sequencer; as stored. */
export const makeRecord = async (
  { networkHash, parent, term, time, signed }: RecordRequest,
  seed: Uint8Array,
  crypto: CryptoPort,
): Promise<Uint8Array> => {
  const record = encodeRecord({
    ...{ term: term ?? parent.term, height: parent.height + 1 },
    ...{ previous: hexToBytes(parent.hash), time, signed },
  });
  return encodeStoredRecord(record, await crypto.sign(seed, recordText(networkHash, record)));
};

export interface GenesisRequest {
  readonly name: string;
  readonly time: Time;
  readonly device: Omit<DeviceKeys, "account" | "signingKey">;
  readonly recoveryKeys: readonly Uint8Array[];
  /** How many of them open a term. */
  readonly recoveryNeeded: number;
}

export interface MadeGenesis {
  /** As stored. */
  readonly bytes: Uint8Array;
  readonly networkHash: Uint8Array;
}

/** The creator is its first member, owner and sequencer. */
export const makeGenesis = async (
  { name, time, device, recoveryKeys, recoveryNeeded }: GenesisRequest,
  { account, signing }: { readonly account: SigningKey; readonly signing: SigningKey },
  crypto: CryptoPort,
): Promise<MadeGenesis> => {
  const keys = { ...device, account: account.publicKey, signingKey: signing.publicKey };
  const certificate = await makeCertificate(keys, zeroHash, account.seed, crypto);
  const content: ControlContent = {
    ...{ kind: "genesis", name, suite: 1, certificate },
    recovery: { needed: recoveryNeeded, keys: recoveryKeys },
    random: crypto.randomBytes(32),
  };
  const base = genesisHead(zeroHash);
  const signed = await makeProposal({ networkHash: zeroHash, base, content }, [signing], crypto);
  const record = encodeRecord({ term: 0, height: 0, previous: null, time, signed });
  const signature = await crypto.sign(signing.seed, recordText(zeroHash, record));
  return { bytes: encodeStoredRecord(record, signature), networkHash: networkHashOf(record) };
};
