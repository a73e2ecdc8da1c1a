/**
 * The six messages of the greeting (FORMATS.md §7): what they say, and how the other side's are
 * judged. Apart from greeting.ts, which knows turns and time.
 *
 *   m1 I→R, m2 R→I   CBOR [1, nonce 32, features: rising integers]
 *   t                H("greeting", idI, idR, m1, m2), ids as multihash bytes
 *   k                the network's greeting key, or KDF(invite's public key, "invite")
 *   m3 I→R, m4 R→I   HMAC(k, CBOR [role, t])
 *   m5 I→R, m6 R→I   AES-256-GCM under KDF(k, "greeting", t, role), associated data t, of
 *                    CBOR [certificate bstr, control head, extensions, signature 64],
 *                    and from who holds an invite a fifth: its signature 64 of the same text;
 *                    or, as m6 to a device that was removed, of CBOR ["removed"]
 *   signature        sign("greeting", role, t, network hash, certificate, control head)
 *
 * An invite's public key stands in the control chain, so every member knows its k: m3 and m4 prove
 * no more than that. The fifth part proves that a side holds the link; the holder knows its maker
 * by the key that signs the other introduction. Either of them may be I.
 *
 * R shows itself to no device that was removed. It says so, under the key that m6 would have had,
 * and only where the whole of m5 held: to who has that device's key, on this connection.
 */
import { equalBytes } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { readForm } from "../cbor/form.ts";
import { encodeCbor } from "../cbor/item.ts";
import { CborReader } from "../cbor/reader.ts";
import { deriveKey, hmac, labelled } from "../crypto/hash.ts";
import type { CryptoPort } from "../crypto/port.ts";
import {
  checkCertificate,
  type CertificateFault,
  type CheckedCertificate,
} from "../network/certificate.ts";
import { controlHeadToItem, readControlHead, type ControlHead } from "../network/control.ts";
import { hasUnknownCritical, readExtensions } from "../network/extensions.ts";
import type { Role } from "./heads.ts";

/** As whom this side greets, by which key, and whom it takes: in a network, or for an invite. */
export interface GreetingTerms {
  readonly networkHash: Uint8Array;
  /** k */
  readonly key: Uint8Array;
  /** This device's, and the seed of its signing key. */
  readonly certificate: CheckedCertificate;
  readonly signingSeed: Uint8Array;
  readonly controlHead: ControlHead;
  /** Its public key, and on its holder's side its seed. */
  readonly invite: { readonly publicKey: Uint8Array; readonly seed: Uint8Array | null } | null;
  /** Of a certificate that its account signed, and a head that is not proven yet. */
  readonly judge: (
    peer: CheckedCertificate,
    head: ControlHead,
  ) => Result<PeerStanding, StandingFault>;
}

/**
 * What this side knows of the other: `unknown` is a device that the control chain as it stands here
 * does not name. It gets control records only, until heads are compared. One that was `removed`
 * gets those up to its removal, and nothing else.
 */
export type PeerStanding = "member" | "unknown" | "removed";

export type StandingFault = "not-a-member" | "not-the-maker" | "control-head";

export type IntroductionFault =
  | "malformed"
  | "own-device"
  /** m5 or m6 was not sealed for this connection. */
  | "not-sealed"
  | CertificateFault
  | StandingFault
  /** R says that this device is no member any more; the records that show it come behind. */
  | "removed"
  | "signature"
  /** Whoever greets for an invite does not hold its seed. */
  | "invite-signature"
  | "critical-extension";

/** What is known of the other side once m5 or m6 held. */
export interface Met {
  /** Signed, and not this device's. */
  readonly peer: CheckedCertificate;
  readonly peerControlHead: ControlHead;
  readonly standing: PeerStanding;
}

/** m1 or m2. */
export const hello = ({ randomBytes }: CryptoPort): Uint8Array =>
  encodeCbor([version, randomBytes(32), []]);

/** The features of m1 or m2. */
export const readHello = (body: Uint8Array): Result<readonly number[], "malformed" | "version"> => {
  const read = readForm(() => {
    const reader = new CborReader(body);
    const parts = reader.readArrayHead();
    if (reader.readUint() !== version) return "version";
    if (parts !== 3) reader.fail("wrongShape", "three parts are due");
    if (reader.readBytes().length !== 32) reader.fail("wrongShape", "a nonce has 32 bytes");
    const features = readFeatures(reader);
    reader.expectEnd();
    return features;
  });
  if (!read.ok) return fail("malformed");
  return read.value === "version" ? fail("version") : ok(read.value);
};

/** m3 or m4: this side knows k. */
export const proof = (key: Uint8Array, role: Role, transcript: Uint8Array): Uint8Array =>
  hmac(key, encodeCbor([role, transcript]));

/** m5 or m6: who I am, for this connection only. */
export const introduce = async (
  terms: GreetingTerms,
  role: Role,
  transcript: Uint8Array,
  crypto: CryptoPort,
): Promise<Uint8Array> => {
  const { certificate, controlHead, signingSeed, invite } = terms;
  const text = signedText(terms, role, transcript, certificate.bytes, controlHead);
  const signatures = [await crypto.sign(signingSeed, text)];
  const seed = invite?.seed ?? null;
  if (seed !== null) signatures.push(await crypto.sign(seed, text));
  const head = controlHeadToItem(controlHead);
  const plain = encodeCbor([certificate.bytes, head, [], ...signatures]);
  return crypto.seal(sealingKey(terms, role, transcript), transcript, plain);
};

/** m6 for a device that proved to be one that was removed. */
export const dismiss = (
  terms: GreetingTerms,
  transcript: Uint8Array,
  crypto: CryptoPort,
): Promise<Uint8Array> =>
  crypto.seal(sealingKey(terms, "R", transcript), transcript, encodeCbor([dismissal]));

/** The other side's m5 or m6, by its role. */
export const meet = async (
  body: Uint8Array,
  terms: GreetingTerms,
  role: Role,
  transcript: Uint8Array,
  crypto: CryptoPort,
): Promise<Result<Met, IntroductionFault>> => {
  const plain = await crypto.open(sealingKey(terms, role, transcript), transcript, body);
  if (plain === null) return fail("not-sealed");
  // The holder shows that it is one, whichever side opened the channel.
  const { invite } = terms;
  if (role === "R" && invite === null && equalBytes(plain, encodeCbor([dismissal]))) {
    return fail("removed");
  }
  const inviteKey = invite === null || invite.seed !== null ? null : invite.publicKey;
  const introduction = readIntroduction(plain, inviteKey === null ? 4 : 5);
  if (!introduction.ok) return introduction;
  const { certificate, head, signature, inviteSignature } = introduction.value;
  const checked = await checkCertificate(certificate, terms.networkHash, crypto);
  if (!checked.ok) return checked;
  const peer = checked.value;
  if (equalBytes(peer.signingKey, terms.certificate.signingKey)) return fail("own-device");
  if (hasUnknownCritical(peer.extensions)) return fail("critical-extension");
  const standing = terms.judge(peer, head);
  if (!standing.ok) return standing;
  const text = signedText(terms, role, transcript, certificate, head);
  if (!(await crypto.verify(peer.signingKey, signature, text))) return fail("signature");
  if (inviteKey !== null && !(await crypto.verify(inviteKey, inviteSignature, text))) {
    return fail("invite-signature");
  }
  return ok({ peer, peerControlHead: head, standing: standing.value });
};

const version = 1;
const dismissal = "removed";
/** Features name what a side can do beyond this version: none yet. */
const featuresMax = 64;
const signatureBytes = 64;

const readFeatures = (reader: CborReader): readonly number[] => {
  const count = reader.readArrayHead();
  if (count > featuresMax) reader.fail("tooManyItems", "too many features");
  const features: number[] = [];
  for (let left = count; left > 0; left--) {
    const feature = reader.readUint();
    if (feature <= (features.at(-1) ?? -1)) reader.fail("wrongShape", "features rise");
    features.push(feature);
  }
  return features;
};

const sealingKey = ({ key }: GreetingTerms, role: Role, transcript: Uint8Array): Uint8Array =>
  deriveKey(key, "greeting", [transcript, role]);

const signedText = (
  { networkHash }: GreetingTerms,
  role: Role,
  transcript: Uint8Array,
  certificate: Uint8Array,
  head: ControlHead,
): Uint8Array =>
  labelled("greeting", [role, transcript, networkHash, certificate, controlHeadToItem(head)]);

interface Introduction {
  readonly certificate: Uint8Array;
  readonly head: ControlHead;
  readonly signature: Uint8Array;
  /** Empty where four parts are due: no signature at all. */
  readonly inviteSignature: Uint8Array;
}

const readIntroduction = (
  plain: Uint8Array,
  parts: 4 | 5,
): Result<Introduction, "malformed" | "critical-extension"> => {
  const read = readForm(() => {
    const reader = new CborReader(plain);
    if (reader.readArrayHead() !== parts) reader.fail("wrongShape", `${String(parts)} parts due`);
    const certificate = reader.readBytes();
    const head = readControlHead(reader);
    const extensions = readExtensions(reader);
    const signature = readSignature(reader);
    const inviteSignature = parts === 5 ? readSignature(reader) : new Uint8Array(0);
    reader.expectEnd();
    const isReadable = !hasUnknownCritical(extensions);
    return { certificate, head, signature, inviteSignature, isReadable };
  });
  if (!read.ok) return fail("malformed");
  return read.value.isReadable ? ok(read.value) : fail("critical-extension");
};

const readSignature = (reader: CborReader): Uint8Array => {
  const signature = reader.readBytes();
  if (signature.length !== signatureBytes) reader.fail("wrongShape", "a signature has 64 bytes");
  return signature;
};
