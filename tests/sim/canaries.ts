/**
 * Texts of documents as canaries: whoever was removed from a closed network opens with its keys
 * nothing that was written by a device that knew of the removal by then. What everybody holds is
 * tried, and not what came to it alone: a key in wrong hands is found out though no segment
 * followed it. Who was never let in may hold keys, which its inviter gave it.
 */
import { isDeepStrictEqual } from "node:util";
import { bytesToHex } from "../../src/core/base/bytes.ts";
import type { HeaderHash, ScopeId } from "../../src/core/base/types.ts";
import { encodeCbor } from "../../src/core/cbor/item.ts";
import type { CryptoPort } from "../../src/core/crypto/port.ts";
import { storedCertificate } from "../../src/core/network/certificate.ts";
import type { ClosedControl } from "../../src/core/network/closed/chain.ts";
import { headOf, type ControlRecord } from "../../src/core/network/closed/record.ts";
import { roleOf } from "../../src/core/network/closed/state.ts";
import type { ControlHead } from "../../src/core/network/control.ts";
import { openSegment, type Keyring } from "../../src/core/segment/open.ts";
import type { DeliveredSegment } from "../../src/core/segment/segment.ts";
import type { Write } from "../../src/core/wire/requests.ts";
import type { ClosedMembership } from "../../src/engine/closed/membership.ts";
import type { Device } from "./device.ts";
import type { EngineLog } from "./engineLog.ts";

export interface Canaries {
  /** Before the device is asked to write it. */
  readonly note: (device: Device, write: Write, text: string) => void;
  /** What was not answered yet may be written later, when it knows less. */
  readonly cutOff: (device: Device) => void;
  readonly problems: (deps: CanaryDeps) => Promise<readonly string[]>;
  /** How often a text was tried that members can read and somebody is not to. */
  readonly tried: () => number;
}

export interface Reader {
  readonly device: Device;
  readonly membership: ClosedMembership;
}

export interface CanaryDeps {
  readonly crypto: CryptoPort;
  readonly truth: ClosedControl;
  readonly members: readonly Reader[];
  /** Who is no member. */
  readonly strangers: readonly Reader[];
  readonly logs: readonly Pick<EngineLog, "homes">[];
}

interface Canary {
  readonly device: Device;
  readonly write: Write;
  readonly text: string;
  readonly head: ControlHead;
  /** Of devices that were no members any more, as far as its own device knew. */
  readonly removed: ReadonlySet<string>;
}

export const createCanaries = (devices: readonly Device[]): Canaries => {
  const canaries = new Set<Canary>();
  /** Of each profile and its copies: the keys that it had in the network, one after another. */
  const keysOf = new Map<string, Set<string>>();
  let tried = 0;
  const noteKeys = (): void => {
    for (const each of devices) {
      if (each.membership === null) continue;
      const origin = originOf(each);
      const keys = keysOf.get(origin) ?? new Set();
      keysOf.set(origin, keys.add(bytesToHex(each.membership.device.publicKey)));
    }
  };
  return {
    note(device, write, text) {
      noteKeys();
      const control = device.membership?.control;
      if (control === undefined || device.isLiar) return;
      const state = control.state();
      const removed = [...state.devices.keys()].filter((key) => roleOf(state, key) === null);
      const head = control.head();
      canaries.add({ device, write, text, head, removed: new Set(removed) });
    },
    cutOff({ unanswered }) {
      const writes = new Set(unanswered.values());
      for (const canary of canaries) if (writes.has(canary.write)) canaries.delete(canary);
    },
    async problems({ crypto, truth, members, strangers, logs }) {
      // Who was removed may have been asked in again since the last write, under another key
      noteKeys();
      const found: string[] = [];
      const written = [...canaries].filter(isWritten);
      const open = await bodiesFor(members, logs, crypto);
      for (const stranger of strangers) {
        const { device } = stranger;
        if (device.isLiar) continue;
        const keys = [...(keysOf.get(originOf(device)) ?? [])];
        const kept = written
          .filter((each) => originOf(each.device) !== originOf(device))
          .filter((each) => isKeptFrom(each, keys, truth));
        tried += kept.filter(({ text }) => isIn(open, text)).length;
        const bodies = await bodiesFor([stranger], logs, crypto);
        for (const { device: from, text } of kept) {
          if (!isIn(bodies, text)) continue;
          found.push(`${device.name} can read “${text}” of ${from.name}, which knew it was gone`);
        }
      }
      return found;
    },
    tried: () => tried,
  };
};

/** Copies of a profile go by the name of the first. */
export const originOf = ({ name }: Device): string => name.split("c")[0] ?? name;

/** What was rolled back may come back from others, or be written anew with other knowledge. */
const isWritten = ({ device, write }: Canary): boolean =>
  device.acknowledged.some((each) => each.write === write && !each.isRolledBack);

/** All of these were gone, and that stands in the end, and none came in again. */
const isKeptFrom = (
  { head, removed }: Canary,
  keys: readonly string[],
  truth: ClosedControl,
): boolean => {
  const counting = truth.from(0);
  const at = counting.findIndex((record) => isDeepStrictEqual(headOf(record), head));
  if (at === -1 || !keys.every((key) => removed.has(key))) return false;
  const again = new Set(counting.slice(at + 1).flatMap(admittedBy));
  return !keys.some((key) => again.has(key));
};

const admittedBy = ({ proposal: { content } }: ControlRecord): readonly string[] => {
  const certificate = "certificate" in content ? storedCertificate(content.certificate) : null;
  return certificate === null ? [] : [bytesToHex(certificate.signingKey)];
};

/** The text with its length before it: no part of a longer one. */
const isIn = (bodies: readonly Buffer[], text: string): boolean => {
  const bytes = Buffer.from(encodeCbor(text));
  return bodies.some((body) => body.includes(bytes));
};

/** What these can open of all that anybody holds. */
const bodiesFor = async (
  readers: readonly Reader[],
  logs: CanaryDeps["logs"],
  crypto: CryptoPort,
): Promise<readonly Buffer[]> => {
  const bodies = new Map<HeaderHash, Buffer>();
  for (const [scope, { segments }] of logs.flatMap(({ homes }) => [...homes])) {
    const keyring = keyringOf(readers, scope);
    for (const segment of segments.filter(isSealed)) {
      if (bodies.has(segment.headerHash)) continue;
      const opened = await openSegment(segment, keyring, crypto);
      if (opened.kind === "plain") bodies.set(segment.headerHash, Buffer.from(opened.body));
    }
  }
  return [...bodies.values()];
};

const keyringOf = (readers: readonly Reader[], scope: ScopeId): Keyring => ({
  // All of one network; none: no key is found
  networkHash: readers[0]?.membership.network.networkHash ?? new Uint8Array(),
  scope,
  epochKey: (id) => {
    for (const { membership } of readers) {
      const key = membership.epochs.key(id);
      if (key !== null) return key;
    }
    return null;
  },
});

/** What stays on its device is not. */
const isSealed = ({ header }: DeliveredSegment): boolean => header.key !== null;
