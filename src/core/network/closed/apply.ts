/**
 * From one record of a control chain to the next: the state that a record leads to, once its
 * signatures hold and it breaks no rule.
 */
import { bytesToHex, equalBytes } from "../../base/bytes.ts";
import { assert, fail, ok, type Result } from "../../base/result.ts";
import type { ScopeId, WriterId } from "../../base/types.ts";
import type { ControlContent, Frontier, MemberRole } from "./content.ts";
import { Nonces } from "./nonces.ts";
import { epochIdOf, type ControlRecord } from "./record.ts";
import {
  devicesOf,
  proposalFault,
  removedDevices,
  without,
  type Closure,
  type ControlState,
  type EpochState,
  type Evidence,
  type InviteState,
  type KeyText,
  type RuleFault,
} from "./state.ts";

export const genesisState = (record: ControlRecord, evidence: Evidence): ControlState | null => {
  const { content, nonce } = record.proposal;
  const { certificate } = evidence;
  const [proposer, another] = record.signed.signatures;
  if (content.kind !== "genesis" || certificate === null || another !== undefined) return null;
  if (proposer === undefined || !equalBytes(proposer.signer, certificate.signingKey)) return null;
  const account = bytesToHex(certificate.account);
  const device = bytesToHex(certificate.signingKey);
  return {
    name: content.name,
    ...{ sequencer: device, termHeight: 0 },
    recovery: {
      needed: content.recovery.needed,
      keys: new Set(content.recovery.keys.map(bytesToHex)),
    },
    accounts: new Map([[account, { role: "owner", isMember: true }]]),
    devices: new Map([
      [device, { account, certificate, isRemoved: false, since: 0, proposedAt: 0 }],
    ]),
    ...{ invites: new Map(), epochs: [], closures: [], collections: new Map() },
    ...{ names: new Map(), forks: new Map() },
    nonces: Nonces.of(bytesToHex(nonce)),
    needsNewer: record.isCritical,
  };
};

/** The state after one more record, whose signatures hold. */
export const applyRecord = (
  state: ControlState,
  record: ControlRecord,
  evidence: Evidence,
): Result<ControlState, RuleFault> => {
  const { nonce, expiry, content } = record.proposal;
  const nonceText = bytesToHex(nonce);
  if (state.nonces.has(nonceText)) return fail("nonce-used");
  if (expiry !== null && record.time.ms > expiry) return fail("expired");
  const signers = record.signed.signatures.map(({ signer }) => bytesToHex(signer));
  const fault = proposalFault(state, content, { signers, ms: record.time.ms, evidence });
  if (fault !== null) return fail(fault);
  const decided = decide(state, content, { signers, record, evidence });
  return ok({
    ...decided,
    nonces: state.nonces.with(nonceText),
    needsNewer: decided.needsNewer || record.isCritical,
  });
};

interface Around {
  readonly signers: readonly KeyText[];
  readonly record: ControlRecord;
  readonly evidence: Evidence;
}

const decide = (state: ControlState, content: ControlContent, around: Around): ControlState => {
  switch (content.kind) {
    case "admit":
      return admitted(state, content.role, content.invite?.publicKey ?? null, around);
    case "device":
      return admitted(state, null, content.invite?.publicKey ?? null, around);
    case "remove":
      return removed(state, content, around);
    case "role":
      return roleChanged(state, content, around);
    case "epoch":
      return { ...state, epochs: [...state.epochs, epochOf(content.epoch, around)] };
    case "invite": {
      const { publicKey, purpose, role, uses: usesLeft, expiry } = content;
      const maker = around.signers[0];
      assert(maker !== undefined, "a proposal has a signer");
      const invite = { maker, purpose, role, usesLeft, expiry, isRevoked: false };
      return { ...state, invites: new Map([...state.invites, [bytesToHex(publicKey), invite]]) };
    }
    case "revoke":
      return withInvite(state, content.publicKey, (invite) => ({ ...invite, isRevoked: true }));
    case "collection": {
      const { scope, settings } = content;
      return { ...state, collections: new Map([...state.collections, [scope, settings]]) };
    }
    case "transfer":
      return { ...state, sequencer: bytesToHex(content.device) };
    case "term":
      return {
        ...state,
        ...{ sequencer: bytesToHex(content.sequencer), termHeight: around.record.height },
      };
    case "fork": {
      const { scope, writer, headers } = content;
      return { ...state, forks: new Map([...state.forks, [forkName(scope, writer), headers]]) };
    }
    case "name": {
      const { account, sealed } = content;
      return { ...state, names: new Map([...state.names, [bytesToHex(account), sealed]]) };
    }
    // What it carries on is opened by whoever has the key that it is sealed under
    case "keys":
    case "genesis":
    case "policy":
    case "unknown":
      return state;
  }
};

export const forkName = (scope: ScopeId, writer: WriterId): string => `${scope}/${writer}`;

const admitted = (
  state: ControlState,
  role: MemberRole | null,
  invite: Uint8Array | null,
  { record, evidence: { certificate } }: Around,
): ControlState => {
  assert(certificate !== null, "an admission without a certificate has no right");
  const account = bytesToHex(certificate.account);
  const proposedAt = record.proposal.base.height;
  const device = { account, certificate, isRemoved: false, since: record.height, proposedAt };
  const devices = new Map([...state.devices, [bytesToHex(certificate.signingKey), device]]);
  const accounts =
    role === null
      ? state.accounts
      : new Map([...state.accounts, [account, { role, isMember: true }]]);
  const next = { ...state, devices, accounts };
  return invite === null
    ? next
    : withInvite(next, invite, (one) => ({ ...one, usesLeft: one.usesLeft - 1 }));
};

const withInvite = (
  state: ControlState,
  publicKey: Uint8Array,
  change: (invite: InviteState) => InviteState,
): ControlState => {
  const name = bytesToHex(publicKey);
  const invite = state.invites.get(name);
  assert(invite !== undefined, "an invite that is not known has no right");
  return { ...state, invites: new Map([...state.invites, [name, change(invite)]]) };
};

const removed = (
  state: ControlState,
  content: Extract<ControlContent, { kind: "remove" }>,
  around: Around,
): ControlState => {
  const devices = removedDevices(state, content);
  const account = content.account === null ? null : bytesToHex(content.account);
  const closure = closureOf(devices, content.frontier, around);
  return {
    ...without(state, devices, account),
    closures: [...state.closures, closure],
    epochs: [...state.epochs, epochOf(content.epoch, around)],
  };
};

/** Only a lower role closes logs: what was written under the higher one ends at the frontier. */
const roleChanged = (
  state: ControlState,
  { account, role, frontier }: Extract<ControlContent, { kind: "role" }>,
  around: Around,
): ControlState => {
  const name = bytesToHex(account);
  const before = state.accounts.get(name);
  const accounts = new Map([...state.accounts, [name, { role, isMember: true }]]);
  const losesWriting = before?.role !== "reader" && role === "reader";
  if (!losesWriting) return { ...state, accounts };
  const closure = closureOf(devicesOf(state, name), frontier, around);
  return { ...state, accounts, closures: [...state.closures, closure] };
};

const closureOf = (
  devices: readonly KeyText[],
  frontier: Frontier,
  { record }: Around,
): Closure => ({ height: record.height, devices: new Set(devices), frontier });

const epochOf = (bytes: Uint8Array, { signers, record }: Around): EpochState => {
  const sender = signers[0];
  assert(sender !== undefined, "a proposal has a signer");
  const { height: recordHeight, time } = record;
  const made = { recordHeight, madeMs: time.ms };
  return { id: epochIdOf(record), bytes, height: record.proposal.base.height, sender, ...made };
};
