/**
 * Open networks (FORMATS.md §1): everything follows from the name and a shared secret, so anyone
 * who has both joins without meeting anyone, and nobody can be removed. Genesis is [1, "open",
 * name, commitment to the secret].
 */
import { invalid } from "../base/errors.ts";
import { shortHashOf } from "../base/ids.ts";
import { networkNameBytesMax, sharedSecretBytesMin } from "../base/limits.ts";
import { isWellFormed, utf8Encode, utf8Length } from "../base/utf8.ts";
import { encodeCbor } from "../cbor/item.ts";
import { deriveKey, hash } from "../crypto/hash.ts";
import type { CryptoPort } from "../crypto/port.ts";
import type { ControlHead } from "./control.ts";
import { networkKeysOf, type EpochKey, type NetworkKeys } from "./keys.ts";

export interface OpenNetwork extends NetworkKeys {
  readonly kind: "open";
  /** 1: sealed and signed. 0 in a test's network alone (FORMATS.md §3). */
  readonly suite: 0 | 1;
  readonly name: string;
  readonly genesis: Uint8Array;
  /** The one epoch for ever. */
  readonly epoch: EpochKey;
  /** The one account, whose seed every member has: a valid certificate is membership. */
  readonly account: { readonly seed: Uint8Array; readonly publicKey: Uint8Array };
  /** The one control head for ever. */
  readonly controlHead: ControlHead;
}

/** `openNetwork`, or what a test has in its place. */
export type OpenNetworkMaker = (
  name: string,
  secret: string | Uint8Array,
  publicKey: CryptoPort["publicKey"],
) => Promise<OpenNetwork>;

export const openNetwork: OpenNetworkMaker = async (name, secret, publicKey) => {
  const { accountSeed: seed, ...network } = openNetworkSecrets(name, secret);
  return { ...network, account: { seed, publicKey: await publicKey(seed) } };
};

/** What follows from name and secret by hashing alone. */
export interface OpenNetworkSecrets extends Omit<OpenNetwork, "account"> {
  readonly accountSeed: Uint8Array;
}

/**
 * @param name in NFC or not, at most 128 bytes; throws InvalidArgument (path `networkId`)
 * @param secret text or bytes, at least 32 bytes as UTF-8 in NFC; throws InvalidArgument (path
 * `sharedSecret`)
 */
export const openNetworkSecrets = (
  name: string,
  secret: string | Uint8Array,
): OpenNetworkSecrets => {
  const label = checkedNetworkName(name);
  const shared = checkedSecret(secret);
  const genesis = encodeCbor([1, "open", label, deriveKey(shared, "commit", [label])]);
  const networkHash = hash("genesis", genesis);
  const id = shortHashOf(networkHash.slice(0, 16));
  return {
    kind: "open",
    suite: 1,
    name: label,
    genesis,
    ...networkKeysOf(networkHash, deriveKey(shared, "secret", [label])),
    epoch: { id, key: deriveKey(shared, "epoch", [label]) },
    accountSeed: deriveKey(shared, "certify", [label]),
    controlHead: { term: 0, height: 0, hash: id },
  };
};

/**
 * The secret of a network without encryption: it follows from the name, so it keeps nothing from
 * anyone.
 */
export const openSecretFromName = (name: string): Uint8Array =>
  hash("open", checkedNetworkName(name));

/** The name in NFC; throws InvalidArgument (path `networkId`). */
export const checkedNetworkName = (name: string): string => {
  if (!isWellFormed(name)) throw badName("holds a lone surrogate");
  const label = name.normalize("NFC");
  if (label === "") throw badName("must not be empty");
  if (utf8Length(label) > networkNameBytesMax) {
    throw badName(`takes more than ${String(networkNameBytesMax)} bytes: shorten it`);
  }
  return label;
};

const badName = (what: string): Error =>
  invalid("InvalidArgument", `A network's name ${what}.`, "networkId");

const checkedSecret = (secret: string | Uint8Array): Uint8Array => {
  if (typeof secret === "string" && !isWellFormed(secret)) {
    throw badSecret("holds a lone surrogate");
  }
  const bytes = typeof secret === "string" ? utf8Encode(secret.normalize("NFC")) : secret;
  if (bytes.length < sharedSecretBytesMin) {
    throw badSecret(`needs ${String(sharedSecretBytesMin)} bytes at least`);
  }
  return bytes;
};

const badSecret = (what: string): Error =>
  invalid("InvalidArgument", `A shared secret ${what}.`, "sharedSecret");
