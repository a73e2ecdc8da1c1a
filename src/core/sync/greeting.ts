/**
 * The greeting (FORMATS.md §7): on every new channel, before anything else, both sides prove that
 * they are members of one network, to each other and to nobody between or beside them.
 *
 *   m1 I→R, m2 R→I   CBOR [1, nonce 32, features: rising integers]
 *   t                H("greeting", idI, idR, m1, m2), ids as multihash bytes
 *   m3 I→R, m4 R→I   HMAC(k, CBOR [role, t]), k being the network's greeting key
 *   m5 I→R, m6 R→I   AES-256-GCM under KDF(k, "greeting", t, role), associated data t, of CBOR
 *                    [certificate bstr, control head, extensions, signature 64]
 *   signature        sign("greeting", role, t, network hash, certificate, control head)
 *
 * Each stands as the body of a frame of type 1. R tries its networks on m3. Where none matches it
 * answers random bytes and goes on alike, so a stranger learns nothing but that somebody is there.
 * Whatever fails, the other side sees no more than a closed channel.
 */
import { concatBytes, equalBytes } from "../base/bytes.ts";
import {
  greetingFrameBytesMax,
  greetingMillisecondsMax,
  greetingNetworksMax,
} from "../base/limits.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { readForm } from "../cbor/form.ts";
import { encodeCbor } from "../cbor/item.ts";
import { CborReader } from "../cbor/reader.ts";
import { deriveKey, hash, hmac, labelled } from "../crypto/hash.ts";
import type { CryptoPort } from "../crypto/port.ts";
import {
  checkCertificate,
  type CertificateFault,
  type CheckedCertificate,
} from "../network/certificate.ts";
import { controlHeadToItem, readControlHead, type ControlHead } from "../network/control.ts";
import { hasUnknownCritical, readExtensions } from "../network/extensions.ts";
import { messageTypes } from "./frames.ts";
import type { Role } from "./heads.ts";
import type { SessionIdentity } from "./sessionState.ts";

/** A network that this device is a member of. */
export interface GreetingNetwork {
  readonly networkHash: Uint8Array;
  readonly greetingKey: Uint8Array;
  /** This device's, and the seed of its signing key. */
  readonly certificate: CheckedCertificate;
  readonly signingSeed: Uint8Array;
  readonly controlHead: ControlHead;
  /**
   * Of a certificate that its account signed: whether that account has this device and is a member.
   */
  readonly isMember: (certificate: CheckedCertificate) => boolean;
  /** Whether this may be, or become, a head of this network's control chain. */
  readonly isPossibleHead: (head: ControlHead) => boolean;
}

interface GreetingBase {
  /** Frames, type included; rejects when the channel closes. */
  readonly send: (frame: Uint8Array) => Promise<void>;
  /** The next frame, null once the channel closed. */
  readonly receive: () => Promise<Uint8Array | null>;
  /** The ends of this connection, as multihash bytes. */
  readonly peers: { readonly idI: Uint8Array; readonly idR: Uint8Array };
  readonly crypto: CryptoPort;
  readonly timers: { readonly after: (milliseconds: number, run: () => void) => () => void };
}

/** I opened the channel, for one network; R answers for any of its own. */
export type GreetingOptions = GreetingBase &
  (
    | { readonly role: "I"; readonly network: GreetingNetwork }
    | { readonly role: "R"; readonly networks: readonly GreetingNetwork[] }
  );

export interface Greeted extends SessionIdentity {
  readonly networkHash: Uint8Array;
  /** The other side's: signed, of a member, not this device's. */
  readonly peer: CheckedCertificate;
  readonly peerControlHead: ControlHead;
  readonly peerFeatures: readonly number[];
}

export type GreetingFault =
  | "closed"
  | "timeout"
  /** A frame of no bytes or more than a greeting's may have. */
  | "frame-length"
  /** A frame of another type: not its turn. */
  | "out-of-turn"
  | "malformed"
  | "version"
  /** The other end has this end's peer id. */
  | "own-peer"
  | "own-device"
  /** To R: no network of mine; to I: the other side is not of this network. */
  | "no-common-network"
  /** m5 or m6 was not sealed for this connection. */
  | "not-sealed"
  | CertificateFault
  | "not-a-member"
  | "control-head"
  | "signature"
  | "critical-extension";

/**
 * Greets over a fresh channel. Ends within 10 s by the timers given; on any fault the caller closes
 * the channel. Never rejects.
 */
export const greet = async (options: GreetingOptions): Promise<Result<Greeted, GreetingFault>> => {
  const { idI, idR } = options.peers;
  if (equalBytes(idI, idR)) return fail("own-peer");
  const line = openLine(options);
  try {
    return ok(await (options.role === "I" ? initiate(options, line) : respond(options, line)));
  } catch (error) {
    if (error instanceof GreetingStop) return fail(error.fault);
    throw error;
  } finally {
    line.hangUp();
  }
};

/** Leaves the exchange from wherever it is; never leaves this file. */
class GreetingStop extends Error {
  override readonly name = "GreetingStop";
  readonly fault: GreetingFault;

  constructor(fault: GreetingFault) {
    super(fault);
    this.fault = fault;
  }
}

const stop = (fault: GreetingFault): never => {
  throw new GreetingStop(fault);
};

/** Bodies of greeting frames, in turn, until time is up. */
interface Line {
  readonly say: (body: Uint8Array) => Promise<void>;
  readonly hear: () => Promise<Uint8Array>;
  readonly hangUp: () => void;
}

const openLine = ({ send, receive, timers }: GreetingBase): Line => {
  let cancel = (): void => undefined;
  const timeUp = new Promise<"timeout">((resolve) => {
    cancel = timers.after(greetingMillisecondsMax, () => {
      resolve("timeout");
    });
  });
  return {
    say: async (body) => {
      const sent = send(concatBytes(Uint8Array.of(messageTypes.greeting), body)).then(
        () => "sent",
        () => "closed" as const,
      );
      const result = await Promise.race([sent, timeUp]);
      if (result === "timeout" || result === "closed") stop(result);
    },
    hear: async () => {
      const frame = await Promise.race([receive().catch(() => null), timeUp]);
      if (frame === "timeout") return stop("timeout");
      if (frame === null) return stop("closed");
      if (frame.length === 0 || frame.length > greetingFrameBytesMax) return stop("frame-length");
      return frame[0] === messageTypes.greeting ? frame.subarray(1) : stop("out-of-turn");
    },
    hangUp: () => {
      cancel();
    },
  };
};

const initiate = async (
  options: Extract<GreetingOptions, { role: "I" }>,
  { say, hear }: Line,
): Promise<Greeted> => {
  const { network, crypto, peers } = options;
  const m1 = hello(crypto);
  await say(m1);
  const m2 = await hear();
  const peerFeatures = readHello(m2);
  const transcript = hash("greeting", peers.idI, peers.idR, m1, m2);
  await say(proof(network, "I", transcript));
  const m4 = await hear();
  if (!equalBytes(m4, proof(network, "R", transcript))) stop("no-common-network");
  await say(await introduce(network, "I", transcript, crypto));
  const met = await meet(await hear(), network, "R", transcript, crypto);
  return { role: "I", ...greeted(network, transcript), ...met, peerFeatures };
};

const respond = async (
  options: Extract<GreetingOptions, { role: "R" }>,
  { say, hear }: Line,
): Promise<Greeted> => {
  const { networks, crypto, peers } = options;
  const m1 = await hear();
  const peerFeatures = readHello(m1);
  const m2 = hello(crypto);
  await say(m2);
  const transcript = hash("greeting", peers.idI, peers.idR, m1, m2);
  const network = findNetwork(networks, await hear(), transcript);
  await say(network === null ? crypto.randomBytes(32) : proof(network, "R", transcript));
  const m5 = await hear();
  if (network === null) return stop("no-common-network");
  const met = await meet(m5, network, "I", transcript, crypto);
  await say(await introduce(network, "R", transcript, crypto));
  return { role: "R", ...greeted(network, transcript), ...met, peerFeatures };
};

const greeted = (
  { networkHash, greetingKey }: GreetingNetwork,
  transcript: Uint8Array,
): Pick<Greeted, "networkHash" | "key" | "transcript"> => ({
  networkHash,
  key: greetingKey,
  transcript,
});

const version = 1;
/** Features name what a side can do beyond this version: none yet. */
const featuresMax = 64;

const hello = ({ randomBytes }: CryptoPort): Uint8Array =>
  encodeCbor([version, randomBytes(32), []]);

/** The features of m1 or m2. */
const readHello = (body: Uint8Array): readonly number[] => {
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
  if (!read.ok) return stop("malformed");
  return read.value === "version" ? stop("version") : read.value;
};

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

const proof = ({ greetingKey }: GreetingNetwork, role: Role, transcript: Uint8Array): Uint8Array =>
  hmac(greetingKey, encodeCbor([role, transcript]));

/** All are tried, whether or not one matched: how long it takes tells nothing. */
const findNetwork = (
  networks: readonly GreetingNetwork[],
  m3: Uint8Array,
  transcript: Uint8Array,
): GreetingNetwork | null => {
  const matching = networks
    .slice(0, greetingNetworksMax)
    .filter((network) => equalBytes(m3, proof(network, "I", transcript)));
  return matching[0] ?? null;
};

const sealingKey = (
  { greetingKey }: GreetingNetwork,
  role: Role,
  transcript: Uint8Array,
): Uint8Array => deriveKey(greetingKey, "greeting", [transcript, role]);

const signedText = (
  { networkHash }: GreetingNetwork,
  role: Role,
  transcript: Uint8Array,
  certificate: Uint8Array,
  head: ControlHead,
): Uint8Array =>
  labelled("greeting", [role, transcript, networkHash, certificate, controlHeadToItem(head)]);

/** m5 or m6: who I am, for this connection only. */
const introduce = async (
  network: GreetingNetwork,
  role: Role,
  transcript: Uint8Array,
  crypto: CryptoPort,
): Promise<Uint8Array> => {
  const { certificate, controlHead, signingSeed } = network;
  const text = signedText(network, role, transcript, certificate.bytes, controlHead);
  const signature = await crypto.sign(signingSeed, text);
  const plain = encodeCbor([certificate.bytes, controlHeadToItem(controlHead), [], signature]);
  return crypto.seal(sealingKey(network, role, transcript), transcript, plain);
};

/** The other side's m5 or m6, by its role. */
const meet = async (
  body: Uint8Array,
  network: GreetingNetwork,
  role: Role,
  transcript: Uint8Array,
  crypto: CryptoPort,
): Promise<Pick<Greeted, "peer" | "peerControlHead">> => {
  const plain = await crypto.open(sealingKey(network, role, transcript), transcript, body);
  if (plain === null) return stop("not-sealed");
  const { certificate, head, signature } = readIntroduction(plain);
  const checked = await checkCertificate(certificate, network.networkHash, crypto);
  if (!checked.ok) return stop(checked.error);
  const peer = checked.value;
  if (equalBytes(peer.signingKey, network.certificate.signingKey)) stop("own-device");
  if (hasUnknownCritical(peer.extensions)) stop("critical-extension");
  if (!network.isMember(peer)) stop("not-a-member");
  if (!network.isPossibleHead(head)) stop("control-head");
  const text = signedText(network, role, transcript, certificate, head);
  if (!(await crypto.verify(peer.signingKey, signature, text))) stop("signature");
  return { peer, peerControlHead: head };
};

interface Introduction {
  readonly certificate: Uint8Array;
  readonly head: ControlHead;
  readonly signature: Uint8Array;
}

const readIntroduction = (plain: Uint8Array): Introduction => {
  const read = readForm(() => {
    const reader = new CborReader(plain);
    if (reader.readArrayHead() !== 4) reader.fail("wrongShape", "four parts are due");
    const certificate = reader.readBytes();
    const head = readControlHead(reader);
    const extensions = readExtensions(reader);
    const signature = reader.readBytes();
    if (signature.length !== 64) reader.fail("wrongShape", "a signature has 64 bytes");
    reader.expectEnd();
    return { certificate, head, signature, isReadable: !hasUnknownCritical(extensions) };
  });
  if (!read.ok) return stop("malformed");
  return read.value.isReadable ? read.value : stop("critical-extension");
};
