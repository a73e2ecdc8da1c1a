/**
 * The control chain between members: each says where it stands whenever that changes, whoever
 * decides sends it to all, others to who asks, and proposals go to the sequencer when it is there.
 * Whoever the chain does not name is listened to, and hears no more than stranger.ts lets through.
 */
import { bytesToHex } from "../../core/base/bytes.ts";
import { controlAskMilliseconds, controlRecordsPerMessageMax } from "../../core/base/limits.ts";
import { unreachable } from "../../core/base/result.ts";
import type { ShortHash } from "../../core/base/types.ts";
import type { CheckedCertificate } from "../../core/network/certificate.ts";
import type { ClosedControl } from "../../core/network/closed/chain.ts";
import {
  headOf,
  parseSignedProposal,
  type ParsedProposal,
} from "../../core/network/closed/record.ts";
import { roleOf } from "../../core/network/closed/state.ts";
import { isSameHead, type ControlHead } from "../../core/network/control.ts";
import {
  decodeControlMessage,
  encodeControlMessage,
  type ControlMessage,
} from "../../core/sync/controlMessage.ts";
import { inParts } from "../../core/sync/pieces.ts";
import type { Engine } from "../engine.ts";
import { countBeside, lackedBeside, tipsBeside } from "./beside.ts";
import { dropProposal, isFalse, sequence, takeRecords } from "./decide.ts";
import { noteRefusal } from "./epochs.ts";
import { agreedTo, isGathering } from "./agreed.ts";
import { takeGathered } from "./gather.ts";
import type { ClosedMembership } from "./membership.ts";
import { decidesHere, hearHead, isSequencer } from "./order.ts";
import {
  admissionProof,
  cameByInvite,
  isStranger,
  noteRefusedJoiner,
  noteToldRefusal,
  refusalFor,
  tellable,
} from "./stranger.ts";

export interface PeerPlace {
  readonly head: ControlHead;
  readonly have: readonly ShortHash[];
}

/** What is known of where a member stands, in a session. */
export interface PeerKnowledge {
  /** As it said last, or where what was sent to it leads. */
  at: PeerPlace | null;
  /** It said so itself. */
  isSaid: boolean;
  /** When it was asked, and when it was told anything; milliseconds since 1970. */
  askedMs: number;
  toldMs: number;
  /** Of how many records beside the chain it was told. */
  beside: number;
  /** Proposals that it has, by term and name. */
  readonly proposed: Map<string, Proposed>;
  /** Public key of the invite by which it came, as it proved; null: it did not. */
  invite: Uint8Array | null;
}

interface Proposed {
  readonly sentMs: number;
  /** It can not decide yet. */
  readonly isWaiting: boolean;
}

/** A member's end of a session. */
export interface ControlPeer {
  /** Its device's signing key in hexadecimal. */
  readonly device: string;
  readonly certificate: CheckedCertificate;
  readonly known: PeerKnowledge;
  readonly now: () => number;
  readonly say: (body: Uint8Array) => void;
  /** It broke the rules. */
  readonly hangUp: () => void;
}

/** At the beginning: whoever lacks something asks for it by saying so. */
export const introduce = (membership: ClosedMembership, peer: ControlPeer): void => {
  if (isStranger(membership, peer.certificate)) {
    tellHead(membership.control, peer);
    sayHowItCame(membership, peer);
  } else ask(membership, peer);
  sendProposals(membership, peer);
};

/**
 * Whenever the chain says more. Who decides sends it to all; the others only say how far they are,
 * so that it comes to nobody from everybody. `isLast`: to who goes, and can not ask any more.
 */
export const announce = (
  membership: ClosedMembership,
  peer: ControlPeer,
  isLast: boolean,
): void => {
  const { control } = membership;
  const { at } = peer.known;
  if (at === null) {
    introduce(membership, peer);
    return;
  }
  if (isStranger(membership, peer.certificate)) {
    tellRefusal(membership, peer);
    return;
  }
  if (isLast || isSequencer(membership) || control.isFrozen()) sendLacking(membership, peer, at);
  if (peer.known.beside === countBeside(control)) tellHead(control, peer);
  else ask(membership, peer);
  sendProposals(membership, peer);
};

/**
 * Each second: whoever seems to stand elsewhere is asked, one of those that are ahead and all that
 * are behind; until then it may have come from whoever decided it. What was lost is said again.
 */
export const remind = (membership: ClosedMembership, peers: readonly ControlPeer[]): void => {
  const { control } = membership;
  for (const peer of peers) sendProposals(membership, peer);
  const isAhead = ({ known: { at } }: ControlPeer): boolean =>
    at !== null && control.find(at.head).kind === "unknown";
  for (const peer of peers) {
    const { at, isSaid, toldMs } = peer.known;
    const isEven = at !== null && isSaid && isSameHead(at.head, control.head());
    const isDue = !isEven && !isAhead(peer) && !isRecent(toldMs, peer.now());
    // A stranger that has nothing more asks by itself
    if (isDue && !isStranger(membership, peer.certificate)) ask(membership, peer);
  }
  const ahead = peers.filter(isAhead);
  const [next] = ahead;
  // If it does not answer, the others find that this device is behind
  if (next !== undefined && !ahead.some(isAskedOf)) ask(membership, next);
};

const isAskedOf = ({ now, known: { askedMs } }: ControlPeer): boolean => isRecent(askedMs, now());

const isRecent = (since: number, now: number): boolean =>
  now >= since && now - since < controlAskMilliseconds;

/** Those that are the peer's to decide, unless it has them and was not asked for long. */
const sendProposals = (membership: ClosedMembership, peer: ControlPeer): void => {
  const { control, proposals } = membership;
  const { known, device, now } = peer;
  const { sequencer } = control.state();
  const [last] = control.from(control.head().height);
  const isMember = control.standingOf(peer.certificate) === "member";
  for (const [name, parsed] of proposals) {
    const { bytes, proposal } = parsed;
    const { content } = proposal;
    if (isGathering(control, parsed)) {
      if (isMember) passOn(control, peer, parsed);
      continue;
    }
    const decider = content.kind === "term" ? bytesToHex(content.sequencer) : sequencer;
    const inTerm = `${last?.term ?? 0}/${name}`;
    const before = known.proposed.get(inTerm);
    const isThere = before !== undefined && isRecent(before.sentMs, now());
    if (decider !== device || isThere) continue;
    known.proposed.set(inTerm, { sentMs: now(), isWaiting: false });
    say(peer, { kind: "proposal", signed: bytes });
  }
};

/** What others have to sign too: to all, and again when there are more signatures. */
const passOn = (control: ClosedControl, peer: ControlPeer, parsed: ParsedProposal): void => {
  const { known, now } = peer;
  const inTerm = `${String(agreedTo(control, parsed))} agreed/${parsed.name}`;
  if (known.proposed.has(inTerm)) return;
  known.proposed.set(inTerm, { sentMs: now(), isWaiting: false });
  say(peer, { kind: "proposal", signed: parsed.bytes });
};

/** True: something is otherwise by now, so that pages and others are to be told. */
export const takeMessage = async (
  engine: Engine,
  membership: ClosedMembership,
  peer: ControlPeer,
  body: Uint8Array,
): Promise<boolean> => {
  const decoded = decodeControlMessage(body);
  if (!decoded.ok) {
    peer.hangUp();
    return false;
  }
  const message = decoded.value;
  switch (message.kind) {
    case "head":
      return answerHead(membership, peer, message);
    case "records":
      return takeTheirs(engine, membership, peer, message.records);
    case "proposal":
      return takeProposal(engine, membership, peer, message.signed);
    case "answer":
      return takeAnswer(engine, membership, peer, message);
    case "admission":
      return hearHowItCame(engine, membership, peer, message);
    case "refusal":
      return noteToldRefusal(engine, membership, peer.certificate, message.reason);
    case "handover":
      // Handed to a joiner alone, before there is a session
      peer.hangUp();
      return false;
    default:
      return unreachable(message);
  }
};

const say = (peer: ControlPeer, message: ControlMessage): void => {
  peer.say(encodeControlMessage(message));
};

const tellHead = (control: ClosedControl, peer: ControlPeer): void => {
  peer.known.toldMs = peer.now();
  say(peer, { kind: "head", head: control.head(), have: [] });
};

/** For where the peer stands, and what it has beyond. */
const ask = (membership: ClosedMembership, peer: ControlPeer): void => {
  const { control } = membership;
  const beside = countBeside(control);
  Object.assign(peer.known, { askedMs: peer.now(), toldMs: peer.now(), beside });
  say(peer, { kind: "head", head: control.head(), have: locatorOf(control) });
  sayHowItCame(membership, peer);
};

/** Of a device that waits: whoever knows that it waits in vain says so. */
const sayHowItCame = (membership: ClosedMembership, peer: ControlPeer): void => {
  const proof = admissionProof(membership);
  if (proof !== null) say(peer, { kind: "admission", ...proof });
};

const hearHowItCame = async (
  engine: Engine,
  membership: ClosedMembership,
  peer: ControlPeer,
  shown: { readonly invite: Uint8Array; readonly signature: Uint8Array },
): Promise<boolean> => {
  if (!(await cameByInvite(engine, membership, peer.certificate, shown))) {
    peer.hangUp();
    return false;
  }
  peer.known.invite = shown.invite;
  tellRefusal(membership, peer);
  return false;
};

const tellRefusal = (membership: ClosedMembership, peer: ControlPeer): void => {
  const { certificate, now, known } = peer;
  if (known.invite === null) return;
  const reason = refusalFor(membership, certificate, known.invite, now());
  if (reason !== null) say(peer, { kind: "refusal", reason });
};

/** The last ten, then ever wider, the genesis; and where branches beside the chain end. */
const locatorOf = (control: ClosedControl): readonly ShortHash[] => {
  const path = control.from(0);
  const have: ShortHash[] = [];
  let step = 1;
  for (let at = path.length - 1; at > 0; at -= step) {
    const record = path[at];
    if (record !== undefined) have.push(headOf(record).hash);
    if (have.length >= 10) step *= 2;
  }
  const [genesis] = path;
  const branches = tipsBeside(control).map((tip) => headOf(tip).hash);
  return [...have, ...(genesis === undefined ? [] : [headOf(genesis).hash]), ...branches];
};

/** With what it holds it asks for what it lacks; without, it only says where it stands. */
const answerHead = (membership: ClosedMembership, peer: ControlPeer, place: PeerPlace): boolean => {
  const { control } = membership;
  const { known } = peer;
  const isAsking = place.have.length > 0;
  const isFirst = known.at === null;
  if (isAsking || !isBefore(control, place.head, known.at)) {
    Object.assign(known, { at: place, isSaid: true });
  }
  const mayDecideNow = hearFrom(membership, peer, place.head);
  // It decides again since it heard of this device, or has forgotten what waits
  for (const [name, { isWaiting }] of known.proposed) if (isWaiting) known.proposed.delete(name);
  sendProposals(membership, peer);
  const isAhead = control.find(place.head).kind === "unknown" || holdsMore(control, place);
  if (isAsking) sendLacking(membership, peer, place);
  // It sends what is between when it knows where this device stands
  if ((isFirst || isAsking) && isAhead) ask(membership, peer);
  else if (isAsking && !isFirst) tellHead(control, peer);
  return mayDecideNow;
};

/** On a branch beside the chain: what counts of it may be all here. */
const holdsMore = (control: ClosedControl, { have }: PeerPlace): boolean => {
  const held = new Set(control.records().map((record) => headOf(record).hash));
  return have.some((hash) => !held.has(hash));
};

/** It was said before what was sent to it came. */
const isBefore = (control: ClosedControl, head: ControlHead, at: PeerPlace | null): boolean => {
  const [said, sent] = [control.find(head), at === null ? null : control.find(at.head)];
  return said.kind === "known" && sent?.kind === "known" && said.position < sent.position;
};

/** Of a member alone: who is on its way in says what the link says. */
const hearFrom = (
  membership: ClosedMembership,
  { device }: ControlPeer,
  head: ControlHead,
): boolean => {
  const isMember = roleOf(membership.control.state(), device) !== null;
  return isMember && hearHead(membership, head);
};

/** Whatever stands above the last record in common, on every branch; and what stands beside. */
const sendLacking = (membership: ClosedMembership, peer: ControlPeer, place: PeerPlace): void => {
  const { control } = membership;
  const beside = lackedBeside(control, place.have);
  const isEven = isSameHead(place.head, control.head());
  const height = isEven ? Infinity : commonHeight(control, place);
  if (height === null || (isEven && beside.size === 0)) return;
  const lacking = control
    .records()
    .filter((record) => record.height > height || beside.has(record));
  const records = tellable(membership, peer.certificate, lacking);
  for (const part of partsOf(records.map(({ bytes }) => bytes))) {
    say(peer, { kind: "records", records: part });
  }
  if (records.length < lacking.length) return;
  Object.assign(peer.known, { at: { head: control.head(), have: [] }, isSaid: false });
};

/** Of the last record that both have and that counts here; null: none is known. */
const commonHeight = (control: ClosedControl, { head, have }: PeerPlace): number | null => {
  const counting = new Set(control.from(0));
  const records = control.records();
  const byHead = new Map(records.map((record) => [headOf(record).hash, record]));
  const byHash = new Map(records.map((record) => [record.hash, record]));
  for (const hash of [head.hash, ...have]) {
    // On a branch that does not count it leads to where that begins
    let record = byHead.get(hash);
    while (record !== undefined && !counting.has(record)) {
      record = record.previous === null ? undefined : byHash.get(record.previous);
    }
    if (record !== undefined) return record.height;
  }
  return null;
};

export const partsOf = (records: readonly Uint8Array[]): readonly (readonly Uint8Array[])[] =>
  inParts(records, ({ length }) => length, controlRecordsPerMessageMax);

const takeTheirs = async (
  engine: Engine,
  membership: ClosedMembership,
  peer: ControlPeer,
  records: readonly Uint8Array[],
): Promise<boolean> => {
  const { hasNew, faults } = await takeRecords(engine, membership, records);
  // One whose parent is not here yet may be sound; no honest member passes on any other
  if (faults.some(isFalse)) peer.hangUp();
  if (peer.known.at !== null) hearFrom(membership, peer, peer.known.at.head);
  return hasNew;
};

const takeProposal = async (
  engine: Engine,
  membership: ClosedMembership,
  peer: ControlPeer,
  bytes: Uint8Array,
): Promise<boolean> => {
  const parsed = parseSignedProposal(bytes);
  if (!parsed.ok) {
    peer.hangUp();
    return false;
  }
  const { proposal } = parsed.value;
  if (isGathering(membership.control, parsed.value)) {
    return takeGathered(engine, membership, parsed.value);
  }
  if (!decidesHere(membership, proposal.content)) return false;
  const decision = await sequence(engine, membership, parsed.value);
  if (decision.kind === "waiting") {
    say(peer, { kind: "answer", nonce: proposal.nonce, fault: waiting });
    return false;
  }
  const fault = decision.kind === "refused" ? decision.fault : null;
  if (fault !== null) noteRefusal(membership, parsed.value, fault);
  // Asked again because the answer was lost: it is in the chain
  const isKnown = fault === "nonce-used";
  say(peer, { kind: "answer", nonce: proposal.nonce, fault: isKnown ? null : fault });
  return decision.kind === "decided";
};

/** As the answer to what can not be decided yet: its member keeps it, and sends it again. */
const waiting = "waiting";

const takeAnswer = async (
  engine: Engine,
  membership: ClosedMembership,
  peer: ControlPeer,
  { nonce, fault }: Extract<ControlMessage, { kind: "answer" }>,
): Promise<boolean> => {
  const name = bytesToHex(nonce);
  for (const [inTerm, { sentMs }] of fault === waiting ? peer.known.proposed : []) {
    if (!inTerm.endsWith(`/${name}`)) continue;
    peer.known.proposed.set(inTerm, { sentMs, isWaiting: true });
  }
  // An outdated one is made anew once this device knows why it is (anew.ts)
  const isDropped = fault !== null && fault !== "outdated" && fault !== waiting;
  if (!isDropped) return false;
  const refused = membership.proposals.get(name)?.proposal.content;
  if (refused !== undefined) await noteRefusedJoiner(engine, membership, refused, fault);
  return dropProposal(engine, membership, name);
};
