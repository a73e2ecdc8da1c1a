/**
 * The greeting (FORMATS.md §7): on every new channel, before anything else, both sides prove that
 * they are members of one network, to each other and to nobody between or beside them; or the one
 * that it holds an invite, and the other that it made it, whichever of them opened the channel.
 * What is said stands in greetingMessages.ts; here are turns, time, and who tries what.
 *
 * Each of the six messages is the body of a frame of type 1. R tries its networks and its invites,
 * made and held, on m3. Where none matches it answers random bytes and goes on alike, so a stranger
 * learns nothing but that somebody is there. Whatever fails, the other side sees no more than a
 * closed channel.
 */
import { concatBytes, equalBytes } from "../base/bytes.ts";
import {
  greetingFrameBytesMax,
  greetingMillisecondsMax,
  greetingNetworksMax,
} from "../base/limits.ts";
import { assert, fail, ok, type Result } from "../base/result.ts";
import { deriveKey, hash, sha256 } from "../crypto/hash.ts";
import type { CryptoPort } from "../crypto/port.ts";
import type { CheckedCertificate } from "../network/certificate.ts";
import type { ControlHead } from "../network/control.ts";
import { messageTypes } from "./frames.ts";
import {
  dismiss,
  hello,
  introduce,
  meet,
  proof,
  readHello,
  type GreetingTerms,
  type IntroductionFault,
  type Met,
  type PeerStanding,
} from "./greetingMessages.ts";
import type { SessionIdentity } from "./sessionState.ts";

/** A network that this device is a member of. */
export interface GreetingNetwork {
  readonly networkHash: Uint8Array;
  readonly greetingKey: Uint8Array;
  /** This device's, and the seed of its signing key. */
  readonly certificate: CheckedCertificate;
  readonly signingSeed: Uint8Array;
  readonly controlHead: ControlHead;
  /** Of a certificate that its account signed, by the control chain as it stands here. */
  readonly standingOf: (certificate: CheckedCertificate) => Standing;
  /** Whether this may be, or become, a head of this network's control chain. */
  readonly isPossibleHead: (head: ControlHead) => boolean;
}

/**
 * A device that the chain does not name may be one that a later record admits: it is let in, and
 * told apart. `refused`: it never belonged. Open networks have neither unknown nor removed ones.
 */
export type Standing = PeerStanding | "refused";

/** A link that this device holds: the way into a network whose control chain it has not seen. */
export interface GreetingInvite {
  readonly networkHash: Uint8Array;
  /** Of the link's seed. Both 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly seed: Uint8Array;
  /** This device's, made for that network, and the seed of its signing key. */
  readonly certificate: CheckedCertificate;
  readonly signingSeed: Uint8Array;
  /** As the link names it. */
  readonly controlHead: ControlHead;
  /** SHA-256 of the signing key of the device that made the link: the only one it opens to. */
  readonly makerKeyHash: Uint8Array;
}

/** A link that this device made, and that is neither revoked, used up nor expired. */
export interface OpenInvite {
  /** As this device is a member of it. */
  readonly network: GreetingNetwork;
  /** Of the link's seed, 32 bytes. */
  readonly publicKey: Uint8Array;
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

/** What a channel is about: a network, a link that this device holds, or one that it made. */
export type GreetingTarget =
  | { readonly network: GreetingNetwork }
  | { readonly invite: GreetingInvite }
  | { readonly open: OpenInvite };

/**
 * I opened the channel, for one of them; R answers for any of its own, as many as
 * `greetingNetworksMax` in all, in the order given here.
 */
export type GreetingOptions = GreetingBase &
  (
    | ({ readonly role: "I" } & GreetingTarget)
    | {
        readonly role: "R";
        readonly networks: readonly GreetingNetwork[];
        readonly invites: readonly OpenInvite[];
        /** Links that this device holds. */
        readonly joinings?: readonly GreetingInvite[];
      }
  );

/**
 * `standing` is `unknown` on both sides of an invite: neither could ask the chain. Where it is
 * `removed` there is no session: the other side hears no more than what its removal rests on.
 */
export interface Greeted extends SessionIdentity, Met {
  readonly networkHash: Uint8Array;
  /** The public key of the invite that was used; null between members. */
  readonly invite: Uint8Array | null;
  readonly peerFeatures: readonly number[];
}

export type GreetingFault =
  | "closed"
  | "timeout"
  /** A frame of no bytes or more than a greeting's may have. */
  | "frame-length"
  /** A frame of another type: not its turn. */
  | "out-of-turn"
  | "version"
  /** The other end has this end's peer id. */
  | "own-peer"
  /** To R: no network or invite of mine; to I: the other side is not of this one. */
  | "no-common-network"
  | IntroductionFault;

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

const orStop = <T>(result: Result<T, GreetingFault>): T =>
  result.ok ? result.value : stop(result.error);

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
      const frame = concatBytes(Uint8Array.of(messageTypes.greeting), body);
      assert(frame.length <= greetingFrameBytesMax, "a certificate leaves room in its frame");
      const sent = send(frame).then(
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
  const { crypto, peers } = options;
  const terms = termsOf(options);
  const m1 = hello(crypto);
  await say(m1);
  const m2 = await hear();
  const peerFeatures = orStop(readHello(m2));
  const transcript = hash("greeting", peers.idI, peers.idR, m1, m2);
  await say(proof(terms.key, "I", transcript));
  const m4 = await hear();
  if (!equalBytes(m4, proof(terms.key, "R", transcript))) stop("no-common-network");
  await say(await introduce(terms, "I", transcript, crypto));
  const met = orStop(await meet(await hear(), terms, "R", transcript, crypto));
  return { role: "I", ...greeted(terms, transcript), ...met, peerFeatures };
};

const respond = async (
  options: Extract<GreetingOptions, { role: "R" }>,
  { say, hear }: Line,
): Promise<Greeted> => {
  const { crypto, peers } = options;
  const m1 = await hear();
  const heard = readHello(m1);
  // Who speaks another version learns this one's, so that both can say what is wrong
  if (!heard.ok && heard.error === "version") await say(hello(crypto));
  const peerFeatures = orStop(heard);
  const m2 = hello(crypto);
  await say(m2);
  const transcript = hash("greeting", peers.idI, peers.idR, m1, m2);
  const terms = findTerms(termsOfR(options), await hear(), transcript);
  await say(terms === null ? crypto.randomBytes(32) : proof(terms.key, "R", transcript));
  const m5 = await hear();
  if (terms === null) return stop("no-common-network");
  const met = orStop(await meet(m5, terms, "I", transcript, crypto));
  const isRemoved = met.standing === "removed";
  await say(
    isRemoved
      ? await dismiss(terms, transcript, crypto)
      : await introduce(terms, "R", transcript, crypto),
  );
  return { role: "R", ...greeted(terms, transcript), ...met, peerFeatures };
};

const greeted = (
  { networkHash, key, invite }: GreetingTerms,
  transcript: Uint8Array,
): Pick<Greeted, "networkHash" | "key" | "transcript" | "invite"> => ({
  networkHash,
  key,
  transcript,
  invite: invite?.publicKey ?? null,
});

const memberTerms = (network: GreetingNetwork): GreetingTerms => ({
  ...identityOf(network),
  key: network.greetingKey,
  invite: null,
  judge: (peer, head) => {
    const standing = network.standingOf(peer);
    if (standing === "refused") return fail("not-a-member");
    return network.isPossibleHead(head) ? ok(standing) : fail("control-head");
  },
});

/** The chain is yet to come: who may answer is told by the link, and any head may be one of it. */
const joinerTerms = (invite: GreetingInvite): GreetingTerms => ({
  ...identityOf(invite),
  key: inviteKeyOf(invite.publicKey),
  invite: { publicKey: invite.publicKey, seed: invite.seed },
  judge: (peer) => {
    const isMaker = equalBytes(sha256(peer.signingKey), invite.makerKeyHash);
    return isMaker ? ok("unknown") : fail("not-the-maker");
  },
});

/** Whoever holds the link may come: the chain is not asked, it can hardly know a joiner. */
const makerTerms = ({ network, publicKey }: OpenInvite): GreetingTerms => ({
  ...identityOf(network),
  key: inviteKeyOf(publicKey),
  invite: { publicKey, seed: null },
  judge: (_peer, head) => (network.isPossibleHead(head) ? ok("unknown") : fail("control-head")),
});

type OwnIdentity = Pick<
  GreetingTerms,
  "networkHash" | "certificate" | "signingSeed" | "controlHead"
>;

const identityOf = (own: OwnIdentity): OwnIdentity => {
  const { networkHash, certificate, signingSeed, controlHead } = own;
  return { networkHash, certificate, signingSeed, controlHead };
};

const inviteKeyOf = (publicKey: Uint8Array): Uint8Array => deriveKey(publicKey, "invite", []);

const termsOf = (target: GreetingTarget): GreetingTerms => {
  if ("invite" in target) return joinerTerms(target.invite);
  return "open" in target ? makerTerms(target.open) : memberTerms(target.network);
};

const termsOfR = ({
  networks,
  invites,
  joinings = [],
}: Extract<GreetingOptions, { role: "R" }>): readonly GreetingTerms[] =>
  [
    ...networks.map((network) => ({ network })),
    ...invites.map((open) => ({ open })),
    ...joinings.map((invite) => ({ invite })),
  ]
    .slice(0, greetingNetworksMax)
    .map(termsOf);

/** All are tried, whether or not one matched: how long it takes tells nothing. */
const findTerms = (
  candidates: readonly GreetingTerms[],
  m3: Uint8Array,
  transcript: Uint8Array,
): GreetingTerms | null => {
  const matching = candidates.filter(({ key }) => equalBytes(m3, proof(key, "I", transcript)));
  return matching[0] ?? null;
};
