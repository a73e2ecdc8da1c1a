/**
 * Decisions in a closed network: made by members as proposals, put in order by the sequencer, taken
 * in by everybody as records. What a record brings along is done here too: keys of epochs are
 * opened, what waited for a head or a key is judged and read, and what a removed device wrote
 * beyond its frontier goes.
 */
import { bytesToHex, equalBytes, hexToBytes } from "../../core/base/bytes.ts";
import { invalid } from "../../core/base/errors.ts";
import { shortened } from "../../core/base/ids.ts";
import { createTurns, type Turns } from "../../core/base/turns.ts";
import type { ScopeId, ShortHash } from "../../core/base/types.ts";
import { encodeCbor } from "../../core/cbor/item.ts";
import { readWhole } from "../../core/cbor/structures.ts";
import { storedCertificate } from "../../core/network/certificate.ts";
import type { ChainFault } from "../../core/network/closed/chain.ts";
import type { ControlContent, Frontier } from "../../core/network/closed/content.ts";
import {
  epochCommitment,
  epochToItem,
  makeEpoch,
  openEpoch,
  openPrevious,
  readEpoch,
} from "../../core/network/closed/epoch.ts";
import { makeProposal, makeRecord } from "../../core/network/closed/make.ts";
import {
  encodeSignedProposal,
  headOf,
  parseRecord,
  parseSignedProposal,
  type ControlRecord,
  type SignedProposal,
} from "../../core/network/closed/record.ts";
import {
  proposalFault,
  roleOf,
  type ControlState,
  type KeyText,
} from "../../core/network/closed/state.ts";
import type { ControlHead } from "../../core/network/control.ts";
import { isBeyondFrontier } from "../../core/segment/deliver.ts";
import type { Row } from "../../core/segment/header.ts";
import type { SegmentKey } from "../../storage/store.ts";
import type { Engine } from "../engine.ts";
import type { Home } from "../home.ts";
import { closedChange, learnPairs, recordChange, type ClosedMembership } from "./membership.ts";

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

/** Signs a proposal, and makes a record of it where this device is the sequencer. */
export const decide = async (
  engine: Engine,
  membership: ClosedMembership,
  content: ControlContent,
): Promise<Decision> => {
  const { control, network, device, proposals } = membership;
  const { crypto, store } = engine.deps;
  const request = { networkHash: network.networkHash, base: control.head(), content };
  const signed = await makeProposal(request, [device], crypto);
  if (isSequencer(membership)) return sequence(engine, membership, signed);
  const fault = faultNow(engine, membership, content);
  if (fault !== null) return { kind: "refused", fault };
  const parsed = parseSignedProposal(encodeSignedProposal(signed));
  if (!parsed.ok) return { kind: "refused", fault: parsed.error };
  proposals.set(parsed.value.name, parsed.value);
  await store.write({ meta: new Map([closedChange(membership)]) });
  return { kind: "waiting" };
};

/** What can be told before the sequencer is asked: what it holds by then may be more. */
const faultNow = (
  { deps: { timers } }: Engine,
  { control, device }: ClosedMembership,
  content: ControlContent,
): ChainFault | null => {
  const isAdmission = content.kind === "admit" || content.kind === "device";
  const certificate = isAdmission ? storedCertificate(content.certificate) : null;
  return proposalFault(control.state(), content, {
    ...{ signers: [bytesToHex(device.publicKey)], ms: timers.now() },
    // Made here a moment ago
    evidence: { certificate, isInvited: true },
  });
};

export const isSequencer = ({ control, device }: ClosedMembership): boolean =>
  control.state().sequencer === bytesToHex(device.publicKey);

/**
 * A record of a proposal, by the sequencer: one behind another, since two at one height freeze the
 * chain; and stored before it counts, or a crash would let another take its place.
 */
export const sequence = (
  engine: Engine,
  membership: ClosedMembership,
  signed: SignedProposal,
): Promise<Decision> => turnsOf(membership)(() => sequenceNow(engine, membership, signed));

const turnsOf = (membership: ClosedMembership): Turns => {
  const known = turns.get(membership) ?? createTurns();
  turns.set(membership, known);
  return known;
};

const turns = new WeakMap<ClosedMembership, Turns>();

const sequenceNow = async (
  engine: Engine,
  membership: ClosedMembership,
  signed: SignedProposal,
): Promise<Decision> => {
  const { control, network, device } = membership;
  const { crypto, store, timers } = engine.deps;
  if (!isSequencer(membership)) return { kind: "refused", fault: "not-the-sequencer" };
  const [parent] = control.from(control.head().height);
  if (parent === undefined || control.isFrozen()) return { kind: "refused", fault: "out-of-place" };
  const time = { ms: timers.now(), counter: 0 };
  const made = { networkHash: network.networkHash, parent, time, signed };
  const record = parseRecord(await makeRecord(made, device.seed, crypto));
  if (!record.ok) return { kind: "refused", fault: record.error };
  const kept = recordChange(membership, record.value);
  await store.write({ meta: new Map([kept]) });
  const { faults } = await takeRecords(engine, membership, [record.value.bytes]);
  const [fault] = faults;
  if (fault === undefined) return { kind: "decided" };
  await store.write({ meta: new Map([[kept[0], null]]) });
  return { kind: "refused", fault };
};

/** Records as a peer sent them, or as this device made them: kept before anything rests on them. */
export const takeRecords = async (
  engine: Engine,
  membership: ClosedMembership,
  records: readonly Uint8Array[],
): Promise<Taken> => {
  const { control, proposals } = membership;
  // Written under the head of before: a record may end this device's right to it
  await engine.cutter.cutAll(homesOf(engine, membership));
  const faults: ChainFault[] = [];
  const taken: ControlRecord[] = [];
  for (const bytes of records) {
    const appended = await control.append(bytes);
    if (!appended.ok) faults.push(appended.error);
    else if (appended.value.isNew) taken.push(appended.value.record);
  }
  if (taken.length === 0) return { hasNew: false, faults };
  const gained = await learnKeys(engine, membership);
  await learnPairs(membership, engine.deps.crypto);
  for (const { proposal } of taken) proposals.delete(bytesToHex(proposal.nonce));
  const changes = taken.map((record) => recordChange(membership, record));
  await engine.deps.store.write({ meta: new Map([...changes, closedChange(membership)]) });
  await follow(engine, membership, taken.map(headOf), gained);
  return { hasNew: true, faults };
};

// --------------------------------------------------------------------------------- keys of epochs

/** Opens what is sealed for this device, and the earlier ones from there; gives what is new. */
const learnKeys = async (
  { deps: { crypto } }: Engine,
  { control, network, device, keys }: ClosedMembership,
): Promise<readonly ShortHash[]> => {
  const { networkHash } = network;
  const gained: ShortHash[] = [];
  const { epochs } = control.state();
  const keep = (id: ShortHash, key: Uint8Array): void => {
    keys.set(id, key);
    gained.push(id);
  };
  for (const { id, bytes, height, sender } of epochs.toReversed()) {
    const content = readWhole(bytes, readEpoch);
    if (!content.ok) continue;
    if (!keys.has(id)) {
      const place = { networkHash, height, sender: hexToBytes(sender) };
      const mine = { ...place, signingKey: device.publicKey, xWingSeed: device.xWingSeed };
      const key = await openEpoch(content.value, mine, crypto);
      if (key !== null) keep(id, key);
    }
    const key = keys.get(id);
    if (key === undefined) continue;
    const previous = await openPrevious(content.value, key, networkHash, crypto);
    if (previous === null || keys.has(previous.id)) continue;
    if (isKeyOf(control.state(), previous, networkHash)) keep(previous.id, previous.key);
  }
  return gained;
};

/** What is sealed under a later key may be any; the record of its own epoch commits to it. */
const isKeyOf = (
  { epochs }: ControlState,
  { id, key }: { readonly id: ShortHash; readonly key: Uint8Array },
  networkHash: Uint8Array,
): boolean => {
  const found = epochs.find((each) => each.id === id);
  const content = found === undefined ? null : readWhole(found.bytes, readEpoch);
  return (
    content?.ok === true && equalBytes(content.value.commitment, epochCommitment(key, networkHash))
  );
};

/** A new key, sealed to all devices but those that go. */
export const newEpoch = async (
  { deps: { crypto } }: Engine,
  membership: ClosedMembership,
  leaving: ReadonlySet<KeyText> = new Set(),
): Promise<Uint8Array> => {
  const { control, network, device } = membership;
  const state = control.state();
  const devices = [...state.devices].flatMap(([name, { certificate }]) =>
    roleOf(state, name) === null || leaving.has(name) || certificate.xWingKey === null
      ? []
      : [{ signingKey: certificate.signingKey, xWingKey: certificate.xWingKey }],
  );
  const draft = {
    ...{ key: crypto.randomBytes(32), previous: membership.epochs.latest(), devices },
    ...{ networkHash: network.networkHash, height: control.head().height },
    sender: device.publicKey,
  };
  return encodeCbor(epochToItem(await makeEpoch(draft, crypto)));
};

// ------------------------------------------------------------------------------ what then changes

const follow = async (
  engine: Engine,
  membership: ClosedMembership,
  heads: readonly ControlHead[],
  gained: readonly ShortHash[],
): Promise<void> => {
  const homes = homesOf(engine, membership);
  await engine.ingest.releaseControl(heads, (scope) => engine.registry.home(scope));
  for (const home of homes) {
    const beyond = beyondFrontier(home, membership);
    if (beyond.length > 0) await engine.rebuild.without(home, beyond);
    if (gained.length > 0) await engine.ingest.unblock(home, gained);
  }
};

const homesOf = ({ registry }: Engine, membership: ClosedMembership): readonly Home[] =>
  registry.homes().filter((home) => home.membership === membership);

/** Delivered before their writer was closed, and void by now. */
const beyondFrontier = (
  { tree, scope }: Home,
  { control, device }: ClosedMembership,
): readonly SegmentKey[] => {
  if (control.state().closures.length === 0) return [];
  return tree.records(0).flatMap(({ hash, writer, first }) => {
    const node = tree.get(hash);
    // What this device wrote stays with it, whatever others take of it
    if (node === null || equalBytes(node.origin.signingKey, device.publicKey)) return [];
    const isVoid = isBeyondFrontier(node, tree.beginOf(node).controlHead, scope, control);
    return isVoid ? [{ scope, writer, first, header: hash }] : [];
  });
};

// -------------------------------------------------------------------------------- what people ask

/** Removes an account with all its devices, or one device: under a new epoch. */
export const removalOf = async (
  engine: Engine,
  membership: ClosedMembership,
  named: { readonly account: string } | { readonly device: string },
): Promise<ControlContent> => {
  const state = membership.control.state();
  const devices = [...state.devices].filter(([name, each]) =>
    "account" in named ? each.account === named.account : name === named.device,
  );
  const leaving = new Set(devices.map(([name]) => name));
  if (leaving.size === 0) throw unknownMember("account" in named ? named.account : named.device);
  return {
    kind: "remove",
    account: "account" in named ? hexToBytes(named.account) : null,
    devices: "account" in named ? [] : [hexToBytes(named.device)],
    hostile: false,
    frontier: frontierOf(engine, membership, leaving),
    epoch: await newEpoch(engine, membership, leaving),
  };
};

export const unknownMember = (name: string): Error =>
  invalid("InvalidArgument", `No member of this network is called "${name}".`, "member");

/** All that is delivered here of these devices. */
export const frontierOf = (
  engine: Engine,
  membership: ClosedMembership,
  devices: ReadonlySet<KeyText>,
): Frontier => {
  const frontier = new Map<ScopeId, readonly Row[]>();
  for (const home of homesOf(engine, membership)) {
    const rows = home.tree.heads().flatMap(({ writer, n, hash }) => {
      const node = home.tree.get(hash);
      const isTheirs = node !== null && devices.has(bytesToHex(node.origin.signingKey));
      return isTheirs ? [{ writer, n, header: shortened(hash) }] : [];
    });
    if (rows.length > 0) frontier.set(home.scope, rows);
  }
  return frontier;
};
