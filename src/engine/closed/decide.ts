/**
 * Decisions in a closed network: made by members as proposals, put in order by the sequencer, taken
 * in by everybody as records. What a record brings along is done here too: keys of epochs are
 * opened, what waited for a head or a key is judged and read, and what a removed device wrote
 * beyond its frontier goes.
 */
import { bytesToHex, hexToBytes } from "../../core/base/bytes.ts";
import { invalid } from "../../core/base/errors.ts";
import { retakeTicksMax, termSettleTicks, tickMilliseconds } from "../../core/base/limits.ts";
import type { ShortHash } from "../../core/base/types.ts";
import { storedCertificate } from "../../core/network/certificate.ts";
import type { ChainFault, ClosedControl } from "../../core/network/closed/chain.ts";
import type { ControlContent } from "../../core/network/closed/content.ts";
import { makeProposal, makeRecord, type SigningKey } from "../../core/network/closed/make.ts";
import {
  encodeSignedProposal,
  headOf,
  parseRecord,
  parseSignedProposal,
  type ControlRecord,
  type ParsedProposal,
} from "../../core/network/closed/record.ts";
import { devicesOf, proposalFault } from "../../core/network/closed/state.ts";
import type { ControlHead } from "../../core/network/control.ts";
import type { Engine } from "../engine.ts";
import { dropVoid, settleOwnWrites } from "./aside.ts";
import { mayAsk, noteAsked } from "./asking.ts";
import { endsOthersLogs, frontierOf } from "./frontier.ts";
import { isGathering } from "./agreed.ts";
import { isOvertaken, overtakenTerms } from "./gather.ts";
import { isHostile } from "./hostility.ts";
import { carriesOn, learnKeys, newEpoch } from "./keys.ts";
import { closedChange, learnFromChain, recordChange, type ClosedMembership } from "./membership.ts";
import { turnsOf, type TurnsOfAll } from "./inTurn.ts";
import { decidesHere, mayDecide } from "./order.ts";
import { orphanedProposals } from "./orphans.ts";
import { noteRefusedJoiner } from "./stranger.ts";

/** `waiting`: until the sequencer's device is connected. */
export type Decision =
  | { readonly kind: "decided" }
  | { readonly kind: "waiting" }
  | { readonly kind: "refused"; readonly fault: ChainFault };

/** What taking records in came to. */
export interface Taken {
  /** Some were not here before. */
  readonly hasNew: boolean;
  /** Why one was not taken; "no-parent" where others are to come first. */
  readonly faults: readonly ChainFault[];
}

/** A content that is bound to what its proposal rests on is made for that. */
export type Wanted = ControlContent | ((base: ControlHead) => Promise<ControlContent>);

/** Signs a proposal, and makes a record of it where that is this device's to do. */
export const decide = async (
  engine: Engine,
  membership: ClosedMembership,
  wanted: Wanted,
  signers: readonly SigningKey[] = [membership.device],
): Promise<Decision> => {
  const { control, network } = membership;
  const { crypto } = engine.deps;
  const base = control.head();
  const content = typeof wanted === "function" ? await wanted(base) : wanted;
  const request = { networkHash: network.networkHash, base, content };
  const parsed = parseSignedProposal(
    encodeSignedProposal(await makeProposal(request, signers, crypto)),
  );
  if (!parsed.ok) return { kind: "refused", fault: parsed.error };
  const decision = await propose(engine, membership, parsed.value);
  // Somebody was removed while it was made: what is made for a base is made for that of now
  return isOutdated(decision) && typeof wanted === "function"
    ? decide(engine, membership, wanted, signers)
    : decision;
};

/** A record of what is signed, where that is this device's to make; else it waits for who does. */
export const propose = async (
  engine: Engine,
  membership: ClosedMembership,
  parsed: ParsedProposal,
): Promise<Decision> => {
  const { control, proposals } = membership;
  const decides = decidesHere(membership, parsed.proposal.content);
  const isWaiting = isGathering(control, parsed);
  const decision = isWaiting
    ? ({ kind: "waiting" } as const)
    : await (decides ? sequence(engine, membership, parsed) : foresee(engine, membership, parsed));
  if (decision.kind === "waiting") {
    proposals.set(parsed.name, parsed);
    await engine.deps.store.write({ meta: new Map([closedChange(membership)]) });
  }
  return decision;
};

const isOutdated = (decision: Decision): boolean =>
  decision.kind === "refused" && decision.fault === "outdated";

/** What can be told before the sequencer is asked: what it holds by then may be more. */
const foresee = (
  { deps: { timers } }: Engine,
  { control }: ClosedMembership,
  { proposal: { content }, signed }: ParsedProposal,
): Decision => {
  const isAdmission = content.kind === "admit" || content.kind === "device";
  const certificate = isAdmission ? storedCertificate(content.certificate) : null;
  const fault = proposalFault(control.state(), content, {
    ...{ signers: signed.signatures.map(({ signer }) => bytesToHex(signer)), ms: timers.now() },
    // Made here a moment ago
    evidence: { certificate, isInvited: true, knownHeight: control.head().height },
  });
  return fault === null ? { kind: "waiting" } : { kind: "refused", fault };
};

/**
 * What waits here and is this device's to decide by now: it became the sequencer, or heard of what
 * it may have forgotten. True: something was decided.
 */
export const sequenceWaiting = async (
  engine: Engine,
  membership: ClosedMembership,
): Promise<boolean> => {
  const { proposals } = membership;
  let hasDecided = false;
  for (const parsed of [...proposals.values()]) {
    if (!decidesHere(membership, parsed.proposal.content)) continue;
    if (isGathering(membership.control, parsed)) continue;
    const decision = await sequence(engine, membership, parsed);
    if (decision.kind === "decided") hasDecided = true;
    if (decision.kind === "refused" && !isOutdated(decision)) {
      await noteRefusedJoiner(engine, membership, parsed.proposal.content, decision.fault);
      await dropProposal(engine, membership, parsed.name);
    }
  }
  return hasDecided;
};

/** It will not be decided. False: it was not here. */
export const dropProposal = async (
  { deps: { store } }: Engine,
  membership: ClosedMembership,
  name: string,
): Promise<boolean> => {
  if (!membership.proposals.delete(name)) return false;
  await store.write({ meta: new Map([closedChange(membership)]) });
  return true;
};

/**
 * A record of a proposal, by the sequencer: one behind another, since two at one height freeze the
 * chain; and stored before it counts, or a crash would let another take its place.
 */
export const sequence = (
  engine: Engine,
  membership: ClosedMembership,
  proposed: ParsedProposal,
): Promise<Decision> =>
  turnsOf(sequencing, membership)(() => sequenceNow(engine, membership, proposed));

const sequencing: TurnsOfAll = new WeakMap();
const taking: TurnsOfAll = new WeakMap();

const sequenceNow = async (
  engine: Engine,
  membership: ClosedMembership,
  { proposal, signed }: ParsedProposal,
): Promise<Decision> => {
  const { content, base } = proposal;
  const { control, network, device } = membership;
  const { crypto, timers } = engine.deps;
  if (!decidesHere(membership, content)) return { kind: "refused", fault: "not-the-sequencer" };
  const doubt = doubts.get(membership);
  if (doubt !== undefined && (await isKept(engine, membership, doubt))) {
    await settle(engine, membership, doubt);
  }
  // Whoever does not know what it decides can not judge it
  if (content.kind === "unknown") return { kind: "refused", fault: "needs-newer" };
  const isTerm = content.kind === "term";
  if (isTerm && isOvertaken(control, { proposal })) {
    return { kind: "refused", fault: "out-of-place" };
  }
  if (!isTerm && (control.isFrozen() || !mayDecide(membership))) return { kind: "waiting" };
  if (!isTerm && !mayAsk(membership, { signed }, timers.now())) return { kind: "waiting" };
  if (endsOthersLogs(engine, membership, content)) return { kind: "refused", fault: "no-right" };
  if (content.kind === "keys" && !(await carriesOn(engine, membership, base, content.keys))) {
    return { kind: "refused", fault: "carries-nothing" };
  }
  const [parent] = control.from(control.head().height);
  if (parent === undefined) return { kind: "refused", fault: "out-of-place" };
  const term = isTerm ? lastTermOf(control) + 1 : parent.term;
  const time = { ms: timers.now(), counter: 0 };
  const made = { networkHash: network.networkHash, parent, term, time, signed };
  const record = parseRecord(await makeRecord(made, device.seed, crypto));
  if (!record.ok) return { kind: "refused", fault: record.error };
  const decision = await keep(engine, membership, record.value);
  if (decision.kind === "decided") noteAsked(membership, { signed }, time.ms);
  return decision;
};

/**
 * Whatever fails from the signature on, another record at that height would contradict this one
 * after a restart: a store can fail after its write took effect, and what comes behind can fail
 * too. So what stands in the store decides, now or before anything else is signed.
 */
const keep = async (
  engine: Engine,
  membership: ClosedMembership,
  record: ControlRecord,
): Promise<Decision> => {
  doubts.set(membership, record);
  try {
    await engine.deps.store.write({ meta: new Map([recordChange(membership, record)]) });
  } catch (error) {
    if (!(await isKept(engine, membership, record))) throw error;
  }
  return settle(engine, membership, record);
};

/** Of a record that is stored. */
const settle = async (
  engine: Engine,
  membership: ClosedMembership,
  record: ControlRecord,
): Promise<Decision> => {
  const { faults } = await takeRecords(engine, membership, [record.bytes]);
  const [fault] = faults;
  if (fault !== undefined) {
    const [key] = recordChange(membership, record);
    await engine.deps.store.write({ meta: new Map([[key, null]]) });
  }
  doubts.delete(membership);
  return fault === undefined ? { kind: "decided" } : { kind: "refused", fault };
};

/** Rejects with what the store does, as long as that can not tell. */
const isKept = async (
  { deps: { store } }: Engine,
  membership: ClosedMembership,
  record: ControlRecord,
): Promise<boolean> => {
  const [key] = recordChange(membership, record);
  const isThere = (await store.meta()).has(key);
  if (!isThere) doubts.delete(membership);
  return isThere;
};

/** Signed, and not known to be stored and taken in, or not to be stored. */
const doubts = new WeakMap<ClosedMembership, ControlRecord>();

/** Of all branches: those of a term that is taken would contradict each other. */
const lastTermOf = (control: ClosedControl): number =>
  control.records().reduce((last, { term }) => Math.max(last, term), 0);

/**
 * Records as a peer sent them, or as this device made them: kept before anything rests on them. One
 * call after another, with all that follows from each: several peers send the same ones, and what
 * one of them makes void is set aside before the next is looked at.
 */
export const takeRecords = (
  engine: Engine,
  membership: ClosedMembership,
  records: readonly Uint8Array[],
): Promise<Taken> => turnsOf(taking, membership)(() => takeRecordsNow(engine, membership, records));

const takeRecordsNow = async (
  engine: Engine,
  membership: ClosedMembership,
  records: readonly Uint8Array[],
): Promise<Taken> => {
  const { control, proposals } = membership;
  // Written under the head of before: a record may end this device's right to it
  await engine.cutter.cutAll(engine.registry.homesOf(membership));
  const faults: ChainFault[] = [];
  const taken: ControlRecord[] = [];
  for (const bytes of records) {
    const appended = await control.append(bytes);
    if (appended.ok) {
      if (appended.value.isNew) taken.push(appended.value.record);
      continue;
    }
    faults.push(appended.error);
    // Checking signatures takes its time, and who sends one that is false sends more
    if (isFalse(appended.error)) break;
  }
  if (taken.length === 0) return { hasNew: false, faults };
  // At once: what waits here says what is to be decided under this head (carry.ts)
  for (const { proposal } of taken) proposals.delete(bytesToHex(proposal.nonce));
  for (const name of overtakenTerms(membership)) proposals.delete(name);
  for (const orphan of orphanedProposals(membership, taken)) proposals.set(orphan.name, orphan);
  if (taken.some(({ proposal }) => proposal.content.kind === "term")) {
    membership.settling.ticksLeft = termSettleTicks;
  }
  const before = unfollowed.get(membership);
  unfollowed.set(membership, {
    records: [...(before?.records ?? []), ...taken],
    gained: before?.gained ?? [],
    ...{ failures: before?.failures ?? 0, notBeforeMs: 0 },
  });
  await followAll(engine, membership);
  return { hasNew: true, faults };
};

/** No honest member passes such a record on; one whose parent is not here yet may be sound. */
export const isFalse = (fault: ChainFault): boolean =>
  fault !== "no-parent" && fault !== "out-of-place" && fault !== "too-many";

interface Unfollowed {
  readonly records: readonly ControlRecord[];
  /** Epochs whose keys were learned by them. */
  readonly gained: readonly ShortHash[];
  readonly failures: number;
  readonly notBeforeMs: number;
}

/** Records that count here, and whose consequences the disk did not take yet. */
const unfollowed = new WeakMap<ClosedMembership, Unfollowed>();

/** Whatever fails, all of it is done again: nothing else would say that it is due. */
const followAll = async (engine: Engine, membership: ClosedMembership): Promise<void> => {
  const due = unfollowed.get(membership);
  if (due === undefined) return;
  const { store, crypto, timers } = engine.deps;
  let { gained } = due;
  try {
    gained = [...gained, ...(await learnKeys(engine, membership))];
    await learnFromChain(membership, crypto);
    const changes = due.records.map((record) => recordChange(membership, record));
    await store.write({ meta: new Map([...changes, closedChange(membership)]) });
    await follow(engine, membership, due.records.map(headOf), gained);
  } catch (error) {
    const failures = due.failures + 1;
    const waitMs = Math.min(2 ** failures, retakeTicksMax) * tickMilliseconds;
    unfollowed.set(membership, { ...due, gained, failures, notBeforeMs: timers.now() + waitMs });
    throw error;
  }
  unfollowed.delete(membership);
};

/** Each second online. True: the disk took what it had refused. */
export const followLate = async (
  engine: Engine,
  membership: ClosedMembership,
): Promise<boolean> => {
  const isDue = (): boolean => {
    const late = unfollowed.get(membership);
    return late !== undefined && late.failures > 0 && engine.deps.timers.now() >= late.notBeforeMs;
  };
  if (!isDue()) return false;
  await turnsOf(taking, membership)(() => followAll(engine, membership));
  return true;
};

// ------------------------------------------------------------------------------ what then changes

const follow = async (
  engine: Engine,
  membership: ClosedMembership,
  heads: readonly ControlHead[],
  gained: readonly ShortHash[],
): Promise<void> => {
  const homes = engine.registry.homesOf(membership);
  await engine.ingest.releaseControl(heads, (scope) => engine.registry.home(scope));
  for (const home of homes) {
    await dropVoid(engine, home, membership);
    if (gained.length > 0) await engine.ingest.unblock(home, gained);
  }
  await settleOwnWrites(engine, membership);
};

// -------------------------------------------------------------------------------- what people ask

/** Removes an account with all its devices, or one device: under a new epoch. */
export const removalOf = async (
  engine: Engine,
  membership: ClosedMembership,
  named: { readonly account: string } | { readonly device: string },
  base: ControlHead,
): Promise<ControlContent> => {
  const state = membership.control.state();
  const leaving = new Set(
    "account" in named
      ? devicesOf(state, named.account)
      : [named.device].filter((name) => state.devices.has(name)),
  );
  if (leaving.size === 0) throw unknownMember("account" in named ? named.account : named.device);
  // Caught lying: only what is here counts of its logs
  const hostile = [...leaving].some((device) => isHostile(membership, device));
  // At once, since its boxes are bound to that base
  const previous = membership.epochs.latest();
  const epoch = await newEpoch(engine, membership, { base, previous }, leaving);
  return {
    kind: "remove",
    account: "account" in named ? hexToBytes(named.account) : null,
    devices: "account" in named ? [] : [hexToBytes(named.device)],
    hostile,
    frontier: await frontierOf(engine, membership, leaving, hostile),
    epoch,
  };
};

export const unknownMember = (name: string): Error =>
  invalid("InvalidArgument", `No member of this network is called "${name}".`, "member");
