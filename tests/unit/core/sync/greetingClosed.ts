/**
 * A closed network as far as a greeting asks, its devices and invites; and sides played by hand,
 * whose bytes follow FORMATS.md §7 and not the code under test.
 */
import { bytesToHex, concatBytes } from "../../../../src/core/base/bytes.ts";
import { shortHashOf } from "../../../../src/core/base/ids.ts";
import { encodeCbor, type CborItem } from "../../../../src/core/cbor/item.ts";
import { deriveKey, hash, hmac, labelled, sha256 } from "../../../../src/core/crypto/hash.ts";
import {
  checkCertificate,
  makeCertificate,
  xWingKeyBytes,
  type CheckedCertificate,
} from "../../../../src/core/network/certificate.ts";
import { controlHeadToItem, type ControlHead } from "../../../../src/core/network/control.ts";
import type { Extension } from "../../../../src/core/network/extensions.ts";
import {
  greet,
  type GreetingInvite,
  type GreetingNetwork,
  type GreetingTarget,
  type OpenInvite,
  type Standing,
} from "../../../../src/core/sync/greeting.ts";
import { publicKeyOf } from "../../../support/openNetwork.ts";
import {
  createManualTimers,
  createPipe,
  crypto,
  peers,
  type Outcome,
  type Peers,
  type Wire,
} from "./greetingPair.ts";

/** What its devices agree on, and what its chain says of each by its signing key. */
export interface ClosedNetwork {
  readonly networkHash: Uint8Array;
  readonly greetingKey: Uint8Array;
  /** Rising; the last is where every device stands. */
  readonly heads: readonly [ControlHead, ControlHead, ControlHead];
  readonly standings: Map<string, Standing>;
}

export const headAt = (height: number): ControlHead => {
  return { term: 1, height, hash: shortHashOf(crypto.randomBytes(16)) };
};

export const createClosed = (): ClosedNetwork => ({
  networkHash: crypto.randomBytes(32),
  greetingKey: crypto.randomBytes(32),
  heads: [headAt(3), headAt(4), headAt(5)],
  standings: new Map(),
});

/** Keys of a device with both X-Wing keys, as closed networks have them. */
export const certify = async (
  { networkHash }: Pick<ClosedNetwork, "networkHash">,
  signingSeed: Uint8Array,
  extensions: readonly Extension[] = [],
): Promise<CheckedCertificate> => {
  const accountSeed = crypto.randomBytes(32);
  const device = {
    account: publicKeyOf(accountSeed),
    signingKey: publicKeyOf(signingSeed),
    xWingKey: crypto.randomBytes(xWingKeyBytes),
    vaultXWingKey: crypto.randomBytes(xWingKeyBytes),
    extensions,
  };
  const bytes = await makeCertificate(device, networkHash, accountSeed, crypto);
  const checked = await checkCertificate(bytes, networkHash, crypto);
  if (!checked.ok) throw new Error(checked.error);
  return checked.value;
};

/** A new device, of which the chain says this. */
export const deviceOf = async (
  closed: ClosedNetwork,
  standing: Standing,
  extensions: readonly Extension[] = [],
): Promise<GreetingNetwork> => {
  const signingSeed = crypto.randomBytes(32);
  const certificate = await certify(closed, signingSeed, extensions);
  closed.standings.set(bytesToHex(certificate.signingKey), standing);
  const { networkHash, greetingKey, heads, standings } = closed;
  return {
    ...{ networkHash, greetingKey, certificate, signingSeed, controlHead: heads[2] },
    standingOf: ({ signingKey }) => standings.get(bytesToHex(signingKey)) ?? "unknown",
    // Another record where this chain has one can never be of it.
    isPossibleHead: ({ height, hash: shown }) =>
      heads.every((head) => head.height !== height || head.hash === shown),
  };
};

/** A link of this maker, as it stands open there and as somebody new holds it. */
export const invitedBy = async (
  maker: GreetingNetwork,
  extensions: readonly Extension[] = [],
): Promise<{ readonly open: OpenInvite; readonly held: GreetingInvite }> => {
  const seed = crypto.randomBytes(32);
  const publicKey = publicKeyOf(seed);
  const signingSeed = crypto.randomBytes(32);
  const { networkHash, controlHead } = maker;
  const held = {
    ...{ networkHash, publicKey, seed, signingSeed, controlHead },
    certificate: await certify(maker, signingSeed, extensions),
    makerKeyHash: sha256(maker.certificate.signingKey),
  };
  return { open: { network: maker, publicKey }, held };
};

export const inviteKey = (publicKey: Uint8Array): Uint8Array => deriveKey(publicKey, "invite", []);

export const helloBody = (): Uint8Array => encodeCbor([1, crypto.randomBytes(32), []]);

export const transcriptOf = (m1: Uint8Array, m2: Uint8Array, { idI, idR } = peers): Uint8Array =>
  hash("greeting", idI, idR, m1, m2);

export const proofOf = (k: Uint8Array, role: "I" | "R", t: Uint8Array): Uint8Array =>
  hmac(k, encodeCbor([role, t]));

export interface Shown {
  readonly networkHash: Uint8Array;
  readonly certificate: Uint8Array;
  readonly head: ControlHead;
  /** Each signs the same text: of the device, and for an invite of the link. */
  readonly seeds: readonly Uint8Array[];
}

/** The sealed part of m5 or m6 before it is sealed. */
export const introductionParts = async (
  role: "I" | "R",
  t: Uint8Array,
  { networkHash, certificate, head, seeds }: Shown,
): Promise<readonly CborItem[]> => {
  const text = labelled("greeting", [role, t, networkHash, certificate, controlHeadToItem(head)]);
  const signatures = await Promise.all(seeds.map((seed) => crypto.sign(seed, text)));
  return [certificate, controlHeadToItem(head), [], ...signatures];
};

/** m5 or m6 with any plaintext. */
export const sealFor = (
  k: Uint8Array,
  role: "I" | "R",
  t: Uint8Array,
  plain: Uint8Array,
): Promise<Uint8Array> => crypto.seal(deriveKey(k, "greeting", [t, role]), t, plain);

export const introduction = async (
  k: Uint8Array,
  role: "I" | "R",
  t: Uint8Array,
  shown: Shown,
): Promise<Uint8Array> => sealFor(k, role, t, encodeCbor(await introductionParts(role, t, shown)));

/** A player's end: bodies of frames of type 1. Empty once the honest side has left. */
export interface Talk {
  readonly say: (body: Uint8Array) => Promise<void>;
  readonly hear: () => Promise<Uint8Array>;
}

export interface Played {
  readonly outcome: Outcome;
  /** Whole frames that the honest side let go. */
  readonly told: readonly Uint8Array[];
}

export type Victim = Readonly<{ at?: Peers }> &
  (
    | GreetingTarget
    | {
        readonly networks: readonly GreetingNetwork[];
        readonly invites: readonly OpenInvite[];
        readonly joinings?: readonly GreetingInvite[];
      }
  );

/** An honest side alone with a player, who hangs up when done. */
export const against = async (
  victim: Victim,
  play: (talk: Talk) => Promise<void>,
): Promise<Played> => {
  const told: Uint8Array[] = [];
  const record: Wire = (frame) => [told[told.push(frame) - 1] ?? frame];
  const toVictim = createPipe((frame) => [frame]);
  const toPlayer = createPipe(record);
  const timers = createManualTimers();
  const base = { send: toPlayer.send, receive: toVictim.receive, peers: victim.at ?? peers };
  const role = "networks" in victim ? { ...victim, role: "R" as const } : asI(victim);
  const greeting = greet({ ...base, ...role, crypto, timers }).then((outcome) => {
    toPlayer.close();
    return outcome;
  });
  await play({
    say: (body) => toVictim.send(concatBytes(Uint8Array.of(1), body)),
    hear: async () => (await toPlayer.receive())?.subarray(1) ?? new Uint8Array(0),
  });
  toVictim.close();
  const outcome = await greeting;
  if (timers.pending() !== 0) throw new Error("a timer was left behind");
  return { outcome, told };
};

const asI = (victim: Exclude<Victim, { readonly networks: unknown }>) => ({
  ...victim,
  role: "I" as const,
});

/** Whether 16 bytes in a row of what is secret stand anywhere in these frames. */
export const standsIn = (frames: readonly Uint8Array[], secret: Uint8Array): boolean => {
  const hex = bytesToHex(secret);
  return frames.some((frame) => {
    const shown = bytesToHex(frame);
    for (let at = 0; at + 32 <= hex.length; at += 2) {
      if (shown.includes(hex.slice(at, at + 32))) return true;
    }
    return false;
  });
};
