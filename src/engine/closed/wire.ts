/**
 * The control chain between members: each says where it stands whenever that changes, whoever is
 * ahead sends what the other lacks, and proposals go to the sequencer when it is there.
 */
import { bytesToHex } from "../../core/base/bytes.ts";
import { controlRecordsPerMessageMax } from "../../core/base/limits.ts";
import { unreachable } from "../../core/base/result.ts";
import type { ShortHash } from "../../core/base/types.ts";
import type { ClosedControl } from "../../core/network/closed/chain.ts";
import { headOf, parseSignedProposal } from "../../core/network/closed/record.ts";
import { roleOf } from "../../core/network/closed/state.ts";
import { isSameHead, type ControlHead } from "../../core/network/control.ts";
import {
  decodeControlMessage,
  encodeControlMessage,
  type ControlMessage,
} from "../../core/sync/controlMessage.ts";
import { inParts } from "../../core/sync/pieces.ts";
import type { Engine } from "../engine.ts";
import { dropProposal, sequence, takeRecords } from "./decide.ts";
import { noteRefusal } from "./epochs.ts";
import type { ClosedMembership } from "./membership.ts";
import { decidesHere, hearHead } from "./order.ts";

export interface PeerPlace {
  readonly head: ControlHead;
  readonly have: readonly ShortHash[];
}

/** A member's end of a session. */
export interface ControlPeer {
  /** Its device's signing key in hexadecimal. */
  readonly device: string;
  /** What it said last of where it stands. */
  readonly known: { at: PeerPlace | null };
  readonly say: (body: Uint8Array) => void;
  /** It broke the rules. */
  readonly hangUp: () => void;
}

/** At the beginning, and whenever the chain says more: what the peer lacks comes along. */
export const introduce = (membership: ClosedMembership, peer: ControlPeer): void => {
  if (peer.known.at !== null) sendLacking(membership.control, peer, peer.known.at);
  say(peer, headMessage(membership.control));
  sendProposals(membership, peer);
};

/** Those that are the peer's to decide. */
const sendProposals = (membership: ClosedMembership, peer: ControlPeer): void => {
  const { sequencer } = membership.control.state();
  for (const { bytes, proposal } of membership.proposals.values()) {
    const { content } = proposal;
    const decider = content.kind === "term" ? bytesToHex(content.sequencer) : sequencer;
    if (decider === peer.device) say(peer, { kind: "proposal", signed: bytes });
  }
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
      // An outdated one is made anew once this device knows why it is (anew.ts)
      if (message.fault === null || message.fault === "outdated") return false;
      return dropProposal(engine, membership, bytesToHex(message.nonce));
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

const headMessage = (control: ClosedControl): ControlMessage => ({
  ...{ kind: "head", head: control.head(), have: locatorOf(control) },
});

/** The last ten, then ever wider, the genesis last. */
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
  return genesis === undefined ? have : [...have, headOf(genesis).hash];
};

const answerHead = (membership: ClosedMembership, peer: ControlPeer, place: PeerPlace): boolean => {
  const { control } = membership;
  peer.known.at = place;
  const mayDecideNow = hearFrom(membership, peer);
  sendLacking(control, peer, place);
  // It decides again since it heard of this device, or has forgotten what waits
  sendProposals(membership, peer);
  // It is ahead, and sends what is between when it knows where this device stands
  if (control.find(place.head).kind === "unknown") say(peer, headMessage(control));
  return mayDecideNow;
};

/** Of a member alone: who is on its way in says what the link says. */
const hearFrom = (membership: ClosedMembership, { device, known }: ControlPeer): boolean => {
  const isMember = roleOf(membership.control.state(), device) !== null;
  return isMember && known.at !== null && hearHead(membership, known.at.head);
};

/** Whatever stands above the last record in common, on every branch. */
const sendLacking = (
  control: ClosedControl,
  peer: ControlPeer,
  { head, have }: PeerPlace,
): void => {
  // What contradicts stands beside the head, which says nothing of it
  if (isSameHead(head, control.head()) && !control.isFrozen()) return;
  const held = new Set([head.hash, ...have]);
  const common = control.from(0).findLast((record) => held.has(headOf(record).hash));
  if (common === undefined) return;
  const records = control.records().filter(({ height }) => height > common.height);
  for (const part of partsOf(records.map(({ bytes }) => bytes))) {
    say(peer, { kind: "records", records: part });
  }
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
  if (faults.some((fault) => fault !== "no-parent" && fault !== "out-of-place")) peer.hangUp();
  hearFrom(membership, peer);
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
  if (!decidesHere(membership, proposal.content)) return false;
  const decision = await sequence(engine, membership, parsed.value);
  // Its member keeps it, and sends it again
  if (decision.kind === "waiting") return false;
  const fault = decision.kind === "refused" ? decision.fault : null;
  if (fault !== null) noteRefusal(membership, proposal.content, fault);
  // Asked again because the answer was lost: it is in the chain
  const isKnown = fault === "nonce-used";
  say(peer, { kind: "answer", nonce: proposal.nonce, fault: isKnown ? null : fault });
  return decision.kind === "decided";
};
