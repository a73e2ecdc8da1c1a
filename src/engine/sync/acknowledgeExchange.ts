/**
 * Acknowledgements between members: each is checked once, kept, and passed on to whoever is not
 * known to have it, so that a device learns what another holds through a third. All is bounded:
 * nobody is given the same more than once unasked and once asked, and two that know the same are
 * silent. What a link loses comes with the next session.
 */
import { bytesToHex, equalBytes } from "../../core/base/bytes.ts";
import {
  acknowledgedDevicesMax,
  acknowledgementBytesPerNetworkMax,
  acknowledgeWaitingBytesMax,
  acknowledgeWaitingBytesPerMessage,
  acknowledgementsPerMessageMax,
} from "../../core/base/limits.ts";
import { unreachable } from "../../core/base/result.ts";
import {
  bytesOf,
  nothingAcknowledged,
  withAcknowledgement,
} from "../../core/network/acknowledged.ts";
import {
  beforeAll,
  checkAcknowledgement,
  compareNumbers,
  parseAcknowledgement,
  type AcknowledgementNumber,
  type CheckedAcknowledgement,
  type ParsedAcknowledgement,
} from "../../core/network/acknowledgement.ts";
import { checkCertificate, type CheckedCertificate } from "../../core/network/certificate.ts";
import {
  decodeAcknowledgeMessage,
  encodeAcknowledgeMessage,
  type AcknowledgeMessage,
  type DeviceNumber,
  type SentAcknowledgement,
} from "../../core/sync/acknowledgeMessage.ts";
import { inParts } from "../../core/sync/pieces.ts";
import { bookChange, type AcknowledgedDevice } from "../acknowledged.ts";
import { deviceNameOf } from "../device.ts";
import { isMemberOf, type NetworkMembership } from "../identity.ts";
import { isServed, type Connected, type SyncState } from "./state.ts";

/** One network's devices, as far as they are known here. */
export interface Known {
  readonly membership: NetworkMembership;
  /** This device among them. */
  readonly book: Map<string, AcknowledgedDevice>;
  readonly peers: WeakMap<Connected, PeerKnown>;
  /** Names of devices by signing key in hexadecimal. */
  readonly names: Map<string, string>;
}

/** By device: the highest numbers. */
interface PeerKnown {
  /** Bytes of its messages that wait to be taken in. */
  waiting: number;
  /** That the peer holds or was told of. */
  readonly theirs: Map<string, AcknowledgementNumber>;
  readonly asked: Map<string, AcknowledgementNumber>;
  readonly answered: Map<string, AcknowledgementNumber>;
}

/** What came of a message. */
export interface Taken {
  /** Of other devices, and kept. */
  readonly hasNew: boolean;
  /** Signed by this device, and above all that it knows of itself. */
  readonly ownHigher: readonly CheckedAcknowledgement[];
}

export const numberIn = ({ book }: Known, device: string): AcknowledgementNumber =>
  book.get(device)?.held.number ?? beforeAll;

/** At the beginning, and whenever others' came: what is held here and the peer may lack. */
export const tell = (known: Known, connected: Connected): void => {
  if (!isServed(connected)) return;
  const { theirs } = peerIn(known, connected);
  const news = [...known.book].flatMap(([device, { held }]): DeviceNumber[] =>
    compareNumbers(held.number, theirs.get(device) ?? beforeAll) > 0
      ? [{ device, ...held.number }]
      : [],
  );
  for (const { device, ...number } of news) theirs.set(device, number);
  sayNumbers(connected, "held", news);
};

/** This device's own, unasked, to a member, who knows its certificate of the greeting. */
export const give = (
  known: Known,
  connected: Connected,
  device: AcknowledgedDevice,
  said: CheckedAcknowledgement,
): void => {
  if (!isServed(connected)) return;
  peerIn(known, connected).theirs.set(device.name, device.held.number);
  say(connected, { kind: "given", given: [{ bytes: said.bytes, certificate: null }] });
};

/** Asks for what the peer has of members and this device has not. */
export const askFor = (known: Known, connected: Connected): void => {
  if (!isServed(connected)) return;
  const { theirs, asked } = peerIn(known, connected);
  const members = memberNames(known);
  const lacking = [...theirs].filter(
    ([device, number]) =>
      (members === null || members.has(device)) &&
      compareNumbers(number, numberIn(known, device)) > 0 &&
      compareNumbers(number, asked.get(device) ?? beforeAll) > 0,
  );
  for (const [device, number] of lacking) asked.set(device, number);
  sayNumbers(
    connected,
    "ask",
    lacking.map(([device]) => ({ device, ...numberIn(known, device) })),
  );
};

/**
 * Runs what takes a message in; false: it was dropped, since too much of this peer's waits. It
 * comes again with the next session.
 */
export const unlessTooMany = async (
  known: Known,
  connected: Connected,
  bytes: number,
  run: () => Promise<void>,
): Promise<boolean> => {
  const peer = peerIn(known, connected);
  const size = bytes + acknowledgeWaitingBytesPerMessage;
  if (peer.waiting + size > acknowledgeWaitingBytesMax) return false;
  peer.waiting += size;
  try {
    await run();
  } finally {
    peer.waiting -= size;
  }
  return true;
};

export const takeMessage = async (
  state: SyncState,
  known: Known,
  connected: Connected,
  body: Uint8Array,
): Promise<Taken> => {
  const decoded = decodeAcknowledgeMessage(body);
  if (!decoded.ok) return hangUp(connected);
  const message = decoded.value;
  switch (message.kind) {
    case "held":
      for (const { device, ...number } of message.numbers) {
        noteTheirs(peerIn(known, connected), device, number);
      }
      askFor(known, connected);
      return nothingTaken;
    case "ask":
      answer(known, connected, message.numbers);
      return nothingTaken;
    case "given":
      return takeGiven(state, known, connected, message.given);
    default:
      return unreachable(message);
  }
};

const nothingTaken: Taken = { hasNew: false, ownHigher: [] };

/** It broke the rules: no honest member passes on what it did not check. */
const hangUp = ({ peer }: Connected): Taken => {
  peer.step({ kind: "malformed", fault: "frame-malformed" });
  return nothingTaken;
};

const say = ({ peer }: Connected, message: AcknowledgeMessage): void => {
  peer.say({ kind: "acknowledge", body: encodeAcknowledgeMessage(message) });
};

const sayNumbers = (
  connected: Connected,
  kind: "held" | "ask",
  numbers: readonly DeviceNumber[],
): void => {
  for (const part of inParts(numbers, () => 0, acknowledgedDevicesMax)) {
    say(connected, { kind, numbers: part });
  }
};

const peerIn = ({ peers }: Known, connected: Connected): PeerKnown => {
  const found = peers.get(connected);
  if (found !== undefined) return found;
  const made = { waiting: 0, theirs: new Map(), asked: new Map(), answered: new Map() };
  peers.set(connected, made);
  return made;
};

const noteTheirs = ({ theirs }: PeerKnown, device: string, number: AcknowledgementNumber): void => {
  if (theirs.size >= acknowledgedDevicesMax && !theirs.has(device)) return;
  if (compareNumbers(number, theirs.get(device) ?? beforeAll) > 0) theirs.set(device, number);
};

/** null: no list of them, an open network's devices are known by their certificates alone. */
const memberNames = ({ membership, names }: Known): ReadonlySet<string> | null => {
  if (membership.kind === "open") return null;
  const { control } = membership;
  const members = new Set<string>();
  for (const [key, { certificate }] of control.state().devices) {
    if (!isMemberOf(membership, certificate)) continue;
    const name = names.get(key) ?? deviceNameOf(certificate.signingKey);
    names.set(key, name);
    members.add(name);
  }
  return members;
};

/** Each value once. */
const answer = (known: Known, connected: Connected, asked: readonly DeviceNumber[]): void => {
  if (!isServed(connected)) return;
  const { answered, theirs } = peerIn(known, connected);
  const given: SentAcknowledgement[] = [];
  for (const { device: name, ...number } of asked) {
    const device = known.book.get(name);
    if (device === undefined) continue;
    const { held } = device;
    if (compareNumbers(held.number, answered.get(name) ?? beforeAll) <= 0) continue;
    const above = held.live.filter((each) => compareNumbers(each, number) > 0);
    if (above.length === 0) continue;
    answered.set(name, held.number);
    theirs.set(name, held.number);
    given.push(...above.map((each) => sentOf(known, device, each)));
  }
  for (const part of inParts(given, ({ bytes }) => bytes.length, acknowledgementsPerMessageMax)) {
    say(connected, { kind: "given", given: part });
  }
};

const sentOf = (
  { membership }: Known,
  { certificate }: AcknowledgedDevice,
  { bytes }: CheckedAcknowledgement,
): SentAcknowledgement => ({
  bytes,
  certificate: membership.kind === "open" ? certificate.bytes : null,
});

// --------------------------------------------------------------------------------- taking in

const takeGiven = async (
  state: SyncState,
  known: Known,
  connected: Connected,
  given: readonly SentAcknowledgement[],
): Promise<Taken> => {
  const { membership, book } = known;
  const changed = new Map<string, AcknowledgedDevice>();
  const ownHigher: CheckedAcknowledgement[] = [];
  for (const each of given) {
    const parsed = parseAcknowledgement(each.bytes);
    if (!parsed.ok) {
      // A newer program's is for those who can read it
      if (parsed.error !== "acknowledgement-newer") return hangUp(connected);
      continue;
    }
    const name = deviceNameOf(parsed.value.device);
    noteTheirs(peerIn(known, connected), name, parsed.value);
    const before = changed.get(name) ?? book.get(name) ?? null;
    if (before !== null && isKnown(before, parsed.value)) continue;
    const checked = await check(state, known, connected, each, parsed.value);
    if (checked === "broken") return hangUp(connected);
    if (checked === null) continue;
    if (name === membership.device.name) {
      ownHigher.push(checked.said);
      continue;
    }
    const held = withAcknowledgement(before?.held ?? nothingAcknowledged, checked.said);
    changed.set(name, { name, certificate: checked.certificate, held });
  }
  return { hasNew: await keep(state, known, [...changed.values()]), ownHigher };
};

/** Nothing that would have to be checked. */
const isKnown = ({ held }: AcknowledgedDevice, said: AcknowledgementNumber): boolean =>
  said.incarnation < held.number.incarnation ||
  held.live.some((each) => compareNumbers(each, said) === 0);

interface Checked {
  readonly said: CheckedAcknowledgement;
  readonly certificate: CheckedCertificate;
}

/** null: it does not count, for now or for ever, and whoever sent it need not know. */
const check = async (
  { engine: { deps } }: SyncState,
  { membership, book }: Known,
  peer: Connected,
  { certificate: shown }: SentAcknowledgement,
  parsed: ParsedAcknowledgement,
): Promise<Checked | "broken" | null> => {
  const { networkHash } = membership.network;
  const certificate =
    membership.kind === "closed"
      ? (membership.control.state().devices.get(bytesToHex(parsed.device))?.certificate ?? null)
      : shown === null
        ? ofItself(peer, parsed.device)
        : await openCertificate(parsed.device, shown, { membership, book }, deps.crypto);
  // Its admission may be on its way; what it says is asked for again then
  if (certificate === null) return membership.kind === "closed" ? null : "broken";
  if (!isMemberOf(membership, certificate)) return null;
  if (membership.control.find(parsed.controlHead).kind === "impossible") return null;
  const said = await checkAcknowledgement(parsed, networkHash, deps.crypto);
  return said.ok ? { said: said.value, certificate } : "broken";
};

/** Where a peer speaks of itself; of others it shows the certificate, too. */
const ofItself = ({ certificate }: Connected, device: Uint8Array): CheckedCertificate | null =>
  equalBytes(certificate.signingKey, device) ? certificate : null;

const openCertificate = async (
  device: Uint8Array,
  shown: Uint8Array,
  { membership, book }: Pick<Known, "membership" | "book">,
  crypto: SyncState["engine"]["deps"]["crypto"],
): Promise<CheckedCertificate | null> => {
  const kept = book.get(deviceNameOf(device))?.certificate;
  if (kept !== undefined && equalBytes(kept.bytes, shown)) return kept;
  const checked = await checkCertificate(shown, membership.network.networkHash, crypto);
  return checked.ok && equalBytes(checked.value.signingKey, device) ? checked.value : null;
};

/** In the store before it counts. In a network of too many devices the last ones are not kept. */
const keep = async (
  { carrier, engine: { deps } }: SyncState,
  { membership, book }: Known,
  changed: readonly AcknowledgedDevice[],
): Promise<boolean> => {
  let bytes = [...book.values()].reduce((sum, { held }) => sum + bytesOf(held), 0);
  const kept = changed.filter(({ name, held }) => {
    const before = book.get(name)?.held ?? nothingAcknowledged;
    if (held === before) return false;
    bytes += bytesOf(held) - bytesOf(before);
    return bytes <= acknowledgementBytesPerNetworkMax;
  });
  if (kept.length === 0 || carrier === null) return false;
  const meta = new Map(kept.map((device) => bookChange(membership, device)));
  // Peers have them, should the disk forget
  await deps.store.write({ meta, durability: "relaxed" });
  for (const device of kept) book.set(device.name, device);
  return true;
};
