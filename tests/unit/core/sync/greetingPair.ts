/**
 * Two ends of a greeting over a wire that a test may listen to and alter, with time that passes
 * only when told to.
 */
import { hash } from "../../../../src/core/crypto/hash.ts";
import type { CryptoPort } from "../../../../src/core/crypto/port.ts";
import { checkCertificate, makeCertificate } from "../../../../src/core/network/certificate.ts";
import { createOpenControl } from "../../../../src/core/network/openControl.ts";
import type { OpenNetwork } from "../../../../src/core/network/open.ts";
import { openNetwork, publicKeyOf } from "../../../support/openNetwork.ts";
import {
  greet,
  type Greeted,
  type GreetingFault,
  type GreetingInvite,
  type GreetingNetwork,
  type GreetingTarget,
  type OpenInvite,
} from "../../../../src/core/sync/greeting.ts";
import type { Result } from "../../../../src/core/base/result.ts";
import { createNodeCrypto } from "../../../support/nodeCrypto.ts";
import { createRandom } from "../../../support/random.ts";

export const crypto: CryptoPort = createNodeCrypto(createRandom(11));
export const secret = "a secret that is long enough, really";

/** Makes this device a member of an open network under a signing key of its own. */
export const memberOf = async (
  network: OpenNetwork,
  signingSeed = crypto.randomBytes(32),
): Promise<GreetingNetwork> => {
  const control = createOpenControl(network);
  const keys = {
    account: network.account.publicKey,
    signingKey: publicKeyOf(signingSeed),
    ...{ xWingKey: null, vaultXWingKey: null, extensions: [] },
  };
  const bytes = await makeCertificate(keys, network.networkHash, network.account.seed, crypto);
  const certificate = await checkCertificate(bytes, network.networkHash, crypto);
  if (!certificate.ok) throw new Error(certificate.error);
  return {
    ...network,
    certificate: certificate.value,
    signingSeed,
    standingOf: (peer) => (control.mayWrite(peer, network.controlHead) ? "member" : "refused"),
    isPossibleHead: (head) => control.find(head).kind !== "impossible",
  };
};

export const network = openNetwork("family", secret);
export const idOf = (name: string): Uint8Array => hash("peer", name);

export const peers: Peers = { idI: idOf("i"), idR: idOf("r") };

export type Outcome = Result<Greeted, GreetingFault>;

export const faultOf = (outcome: Outcome): string => (outcome.ok ? "greeted" : outcome.error);

export interface Peers {
  readonly idI: Uint8Array;
  readonly idR: Uint8Array;
}

/** Frames as they pass; answers what arrives instead: none, one or more. */
export type Wire = (frame: Uint8Array, index: number) => readonly Uint8Array[];
export const soundWire: Wire = (frame) => [frame];

export interface Pipe {
  readonly send: (frame: Uint8Array) => Promise<void>;
  readonly receive: () => Promise<Uint8Array | null>;
  readonly close: () => void;
}

/** What is sent at one end, as the wire gives it, is received at the other. */
export const createPipe = (wire: Wire): Pipe => {
  const arrived: (Uint8Array | null)[] = [];
  let waiting: ((frame: Uint8Array | null) => void) | null = null;
  let isOpen = true;
  let index = 0;
  const arrive = (frame: Uint8Array | null): void => {
    const take = waiting;
    waiting = null;
    if (take === null) arrived.push(frame);
    else take(frame);
  };
  return {
    send: (frame) => {
      if (!isOpen) return Promise.reject(new Error("closed"));
      for (const passed of wire(frame.slice(), index++)) arrive(passed);
      return Promise.resolve();
    },
    receive: () =>
      new Promise((resolve) => {
        const next = arrived.shift();
        if (next !== undefined) resolve(next);
        else if (isOpen) waiting = resolve;
        else resolve(null);
      }),
    close: () => {
      isOpen = false;
      arrive(null);
    },
  };
};

/** Timers that fire when `pass` is called. */
export const createManualTimers = (): {
  readonly after: (milliseconds: number, run: () => void) => () => void;
  readonly pass: (milliseconds: number) => void;
  readonly pending: () => number;
} => {
  let now = 0;
  const timers = new Map<number, { readonly at: number; readonly run: () => void }>();
  let last = 0;
  return {
    after: (milliseconds, run) => {
      const id = ++last;
      timers.set(id, { at: now + milliseconds, run });
      return () => timers.delete(id);
    },
    pass: (milliseconds) => {
      now += milliseconds;
      for (const [id, { at, run }] of timers) {
        if (at > now) continue;
        timers.delete(id);
        run();
      }
    },
    pending: () => timers.size,
  };
};

export interface Exchange {
  readonly mine?: GreetingNetwork;
  /** What I greets for instead of a network: a link that it holds, or one that it made. */
  readonly invite?: GreetingInvite;
  readonly open?: OpenInvite;
  readonly theirs?: readonly GreetingNetwork[];
  readonly invites?: readonly OpenInvite[];
  readonly joinings?: readonly GreetingInvite[];
  readonly peersOfI?: Peers;
  readonly peersOfR?: Peers;
  readonly toR?: Wire;
  readonly toI?: Wire;
}

/** Greets both ways; a side that ends closes both directions, as the engine does with a fault. */
export const exchange = async (options: Exchange): Promise<{ i: Outcome; r: Outcome }> => {
  const toR = createPipe(options.toR ?? soundWire);
  const toI = createPipe(options.toI ?? soundWire);
  const timers = createManualTimers();
  const { invites = [], joinings = [] } = options;
  const sought = await soughtIn(options);
  const ended = (outcome: Outcome): Outcome => {
    if (!outcome.ok) for (const pipe of [toR, toI]) pipe.close();
    return outcome;
  };
  const [i, r] = await Promise.all([
    greet({
      ...{ role: "I", ...sought, crypto, timers },
      ...{ send: toR.send, receive: toI.receive, peers: options.peersOfI ?? peers },
    }).then(ended),
    greet({
      ...{ role: "R", networks: options.theirs ?? [await memberOf(network)], invites },
      ...{ joinings, crypto, timers },
      ...{ send: toI.send, receive: toR.receive, peers: options.peersOfR ?? peers },
    }).then(ended),
  ]);
  if (timers.pending() !== 0) throw new Error("a timer was left behind");
  return { i, r };
};

const soughtIn = async ({ mine, invite, open }: Exchange): Promise<GreetingTarget> => {
  if (invite !== undefined) return { invite };
  return open === undefined ? { network: mine ?? (await memberOf(network)) } : { open };
};
