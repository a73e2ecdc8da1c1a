/**
 * What a control chain says at one of its records: who belongs, with which right, under which key,
 * and which logs are closed. Each record gives a new state; nothing is mutated, since segments are
 * judged at the record that they were written under.
 */
import { bytesToHex, equalBytes, hexToBytes } from "../../base/bytes.ts";
import { shortHashOf } from "../../base/ids.ts";
import { networkCollectionsMax, openInvitesPerDeviceMax } from "../../base/limits.ts";
import { assert, fail, ok, type Result } from "../../base/result.ts";
import type { ScopeId, ShortHash, WriterId } from "../../base/types.ts";
import { shortHash } from "../../crypto/hash.ts";
import type { CheckedCertificate } from "../certificate.ts";
import type { ControlContent, Frontier, InvitePurpose, MemberRole } from "./content.ts";
import type { ControlRecord } from "./record.ts";

/** 32 bytes in hexadecimal. */
export type KeyText = string;

export interface AccountState {
  readonly role: MemberRole;
  readonly isMember: boolean;
}

export interface DeviceState {
  readonly account: KeyText;
  readonly certificate: CheckedCertificate;
  readonly isRemoved: boolean;
  /** Height of the record that admitted it. */
  readonly since: number;
  /** Of the record that its proposer saw last. */
  readonly proposedAt: number;
}

export interface InviteState {
  readonly maker: KeyText;
  readonly purpose: InvitePurpose;
  readonly role: MemberRole;
  readonly usesLeft: number;
  readonly expiry: number | null;
  readonly isRevoked: boolean;
}

export interface EpochState {
  readonly id: ShortHash;
  /** Its content, as `epoch.ts` reads it. */
  readonly bytes: Uint8Array;
  /** Of the record that its proposer saw last: its boxes are bound to that. */
  readonly height: number;
  /** The device that proposed it: its boxes are bound to that. */
  readonly sender: KeyText;
  /** Of its own record. */
  readonly recordHeight: number;
  /** By the sequencer's clock, since 1970. */
  readonly madeMs: number;
}

/** Logs that ended with a record: those of these devices, of writers that began before it. */
export interface Closure {
  readonly height: number;
  readonly devices: ReadonlySet<KeyText>;
  readonly frontier: Frontier;
}

export interface ControlState {
  readonly name: string;
  readonly sequencer: KeyText;
  readonly recovery: { readonly needed: number; readonly keys: ReadonlySet<KeyText> };
  readonly accounts: ReadonlyMap<KeyText, AccountState>;
  readonly devices: ReadonlyMap<KeyText, DeviceState>;
  readonly invites: ReadonlyMap<KeyText, InviteState>;
  /** The last is current; none until the first such record. */
  readonly epochs: readonly EpochState[];
  readonly closures: readonly Closure[];
  /** Settings of collections, sealed. */
  readonly collections: ReadonlyMap<ScopeId, Uint8Array>;
  /** What accounts are called, sealed. */
  readonly names: ReadonlyMap<KeyText, Uint8Array>;
  readonly forks: ReadonlyMap<string, readonly ShortHash[]>;
  readonly nonces: ReadonlySet<string>;
  /** A newer program decided something that this one must know, and does not. */
  readonly needsNewer: boolean;
}

export type RuleFault =
  /** A proposer is no member, or its role does not reach so far. */
  | "no-right"
  | "nonce-used"
  | "expired"
  /** It names an account, device or invite that is not there, or not any more. */
  | "unknown-account"
  | "unknown-device"
  | "invite-void"
  /** A device or account that is there already. */
  | "known-device"
  /** The network would be without an owner, or without its sequencer. */
  | "no-owner"
  | "is-sequencer"
  | "certificate"
  /** As many as a network, or a device, may have. */
  | "too-many";

/** What the record was found to hold beside its bytes. */
export interface Evidence {
  /** Of an admission: signed for this network. Of the genesis: for the zero hash. */
  readonly certificate: CheckedCertificate | null;
  /** Whether the invite's signature holds. */
  readonly isInvited: boolean;
}

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
    sequencer: device,
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
    nonces: new Set([bytesToHex(nonce)]),
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
    nonces: new Set([...state.nonces, nonceText]),
    needsNewer: decided.needsNewer || record.isCritical,
  });
};

interface Around {
  readonly signers: readonly KeyText[];
  readonly record: ControlRecord;
  readonly evidence: Evidence;
}

// ------------------------------------------------------------------------------------- rights

/** The standing of a device: null where it is none of a member's. */
export const roleOf = (state: ControlState, device: KeyText): MemberRole | null => {
  const found = state.devices.get(device);
  const account = found === undefined ? undefined : state.accounts.get(found.account);
  return found?.isRemoved === false && account?.isMember === true ? account.role : null;
};

const accountOf = (state: ControlState, device: KeyText): KeyText | null =>
  roleOf(state, device) === null ? null : (state.devices.get(device)?.account ?? null);

/** By whom, when, and what was found of it. */
export interface Proposing {
  readonly signers: readonly KeyText[];
  /** Milliseconds since 1970. */
  readonly ms: number;
  readonly evidence: Evidence;
}

/** Why the chain would not take this as it stands; null: it would. */
export const proposalFault = (
  state: ControlState,
  content: ControlContent,
  around: Proposing,
): RuleFault | null => {
  if (content.kind === "term") return termFault(state, content, around);
  const { signers } = around;
  const memberRoles = signers.map((signer) => roleOf(state, signer));
  if (memberRoles.includes(null)) return "no-right";
  const isOwner = memberRoles.includes("owner");
  const isFrom = (account: KeyText): boolean =>
    signers.some((signer) => accountOf(state, signer) === account);
  switch (content.kind) {
    case "genesis":
      return "no-right";
    case "admit":
      return admitFault(state, content, around, isOwner);
    case "device":
      return deviceFault(state, content, around, isFrom);
    case "remove":
      return removeFault(state, content, isOwner, isFrom);
    case "role":
      return roleFault(state, content, isOwner);
    case "invite":
      return inviteFault(state, content, around, isOwner);
    case "revoke": {
      const invite = state.invites.get(bytesToHex(content.publicKey));
      if (invite === undefined) return "invite-void";
      return isOwner || signers.includes(invite.maker) ? null : "no-right";
    }
    case "collection":
      return collectionFault(state, content.scope, memberRoles);
    case "transfer": {
      if (roleOf(state, bytesToHex(content.device)) === null) return "unknown-device";
      return isOwner || signers.includes(state.sequencer) ? null : "no-right";
    }
    case "epoch":
      return isOwner || signers.includes(state.sequencer) ? null : "no-right";
    case "name": {
      const account = bytesToHex(content.account);
      if (state.accounts.get(account)?.isMember !== true) return "unknown-account";
      return isOwner || isFrom(account) ? null : "no-right";
    }
    case "fork":
    case "policy":
      return isOwner ? null : "no-right";
    case "unknown":
      // Whoever knows the kind judges it; here it changes nothing
      return null;
  }
};

const inviteFault = (
  state: ControlState,
  { publicKey, purpose }: Extract<ControlContent, { kind: "invite" }>,
  { signers: [maker], ms }: Proposing,
  isOwner: boolean,
): RuleFault | null => {
  if (state.invites.has(bytesToHex(publicKey))) return "invite-void";
  if (purpose !== "device" && !isOwner) return "no-right";
  const open = [...state.invites].filter(
    ([name, invite]) => invite.maker === maker && openInvite(state, hexToBytes(name), ms) !== null,
  );
  return open.length < openInvitesPerDeviceMax ? null : "too-many";
};

/** Whoever may write shares a collection; how one is read that is there is for owners to say. */
const collectionFault = (
  { collections }: ControlState,
  scope: ScopeId,
  memberRoles: readonly (MemberRole | null)[],
): RuleFault | null => {
  if (collections.has(scope)) return memberRoles.includes("owner") ? null : "no-right";
  if (memberRoles.every((role) => role === "reader")) return "no-right";
  return collections.size < networkCollectionsMax ? null : "too-many";
};

const termFault = (
  state: ControlState,
  content: Extract<ControlContent, { kind: "term" }>,
  { signers }: Proposing,
): RuleFault | null => {
  const { needed, keys } = state.recovery;
  if (signers.filter((signer) => keys.has(signer)).length < needed) return "no-right";
  return roleOf(state, bytesToHex(content.sequencer)) === null ? "unknown-device" : null;
};

const admitFault = (
  state: ControlState,
  { role, invite }: Extract<ControlContent, { kind: "admit" }>,
  { signers, ms, evidence: { certificate, isInvited } }: Proposing,
  isOwner: boolean,
): RuleFault | null => {
  if (certificate === null) return "certificate";
  if (state.devices.has(bytesToHex(certificate.signingKey))) return "known-device";
  if (state.accounts.get(bytesToHex(certificate.account))?.isMember === true) return "known-device";
  if (invite === null) return isOwner ? null : "no-right";
  const found = openInvite(state, invite.publicKey, ms);
  if (!isInvited || found === null || found.purpose !== "member") return "invite-void";
  return found.role === role && signers.includes(found.maker) ? null : "no-right";
};

const deviceFault = (
  state: ControlState,
  { invite }: Extract<ControlContent, { kind: "device" }>,
  { signers, ms, evidence: { certificate, isInvited } }: Proposing,
  isFrom: (account: KeyText) => boolean,
): RuleFault | null => {
  if (certificate === null) return "certificate";
  if (state.devices.has(bytesToHex(certificate.signingKey))) return "known-device";
  const account = bytesToHex(certificate.account);
  if (state.accounts.get(account)?.isMember !== true) return "unknown-account";
  if (!isFrom(account)) return "no-right";
  if (invite === null) return null;
  const found = openInvite(state, invite.publicKey, ms);
  if (!isInvited || found === null || found.purpose !== "device") return "invite-void";
  return signers.includes(found.maker) ? null : "no-right";
};

/** null: unknown, revoked, used up or expired. */
export const openInvite = (
  state: ControlState,
  publicKey: Uint8Array,
  nowMs: number,
): InviteState | null => {
  const invite = state.invites.get(bytesToHex(publicKey));
  if (invite === undefined || invite.isRevoked || invite.usesLeft === 0) return null;
  if (roleOf(state, invite.maker) === null) return null;
  return invite.expiry !== null && nowMs > invite.expiry ? null : invite;
};

const removeFault = (
  state: ControlState,
  content: Extract<ControlContent, { kind: "remove" }>,
  isOwner: boolean,
  isFrom: (account: KeyText) => boolean,
): RuleFault | null => {
  const account = content.account === null ? null : bytesToHex(content.account);
  if (account !== null && state.accounts.get(account)?.isMember !== true) return "unknown-account";
  const named = content.devices.map(bytesToHex);
  if (named.some((device) => roleOf(state, device) === null)) return "unknown-device";
  const removed = removedDevices(state, content);
  const accounts = new Set(removed.map((device) => state.devices.get(device)?.account ?? ""));
  if (!isOwner && ![...accounts].every(isFrom)) return "no-right";
  if (removed.includes(state.sequencer)) return "is-sequencer";
  return hasOwner(without(state, removed, account)) ? null : "no-owner";
};

const roleFault = (
  state: ControlState,
  { account, role }: Extract<ControlContent, { kind: "role" }>,
  isOwner: boolean,
): RuleFault | null => {
  const name = bytesToHex(account);
  const found = state.accounts.get(name);
  if (found?.isMember !== true) return "unknown-account";
  if (!isOwner) return "no-right";
  const accounts = new Map([...state.accounts, [name, { ...found, role }]]);
  return hasOwner({ ...state, accounts }) ? null : "no-owner";
};

const hasOwner = (state: ControlState): boolean =>
  [...state.devices.keys()].some((device) => roleOf(state, device) === "owner");

// ------------------------------------------------------------------------------------ effects

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
      return { ...state, sequencer: bytesToHex(content.sequencer) };
    case "fork": {
      const { scope, writer, headers } = content;
      return { ...state, forks: new Map([...state.forks, [forkName(scope, writer), headers]]) };
    }
    case "name": {
      const { account, sealed } = content;
      return { ...state, names: new Map([...state.names, [bytesToHex(account), sealed]]) };
    }
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

const removedDevices = (
  state: ControlState,
  { account, devices }: Extract<ControlContent, { kind: "remove" }>,
): readonly KeyText[] => {
  const name = account === null ? null : bytesToHex(account);
  const ofAccount = [...state.devices].filter(
    ([, device]) => device.account === name && !device.isRemoved,
  );
  return [...new Set([...ofAccount.map(([device]) => device), ...devices.map(bytesToHex)])];
};

const without = (
  state: ControlState,
  devices: readonly KeyText[],
  account: KeyText | null,
): ControlState => ({
  ...state,
  devices: new Map(
    Array.from(state.devices, ([name, device]) => [
      name,
      devices.includes(name) ? { ...device, isRemoved: true } : device,
    ]),
  ),
  accounts: new Map(
    Array.from(state.accounts, ([name, found]) => [
      name,
      name === account ? { ...found, isMember: false } : found,
    ]),
  ),
});

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
  const devices = [...state.devices].filter(([, device]) => device.account === name);
  const closure = closureOf(
    devices.map(([device]) => device),
    frontier,
    around,
  );
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

/** Of the epoch that a record brings. */
export const epochIdOf = ({ signed }: Pick<ControlRecord, "signed">): ShortHash =>
  shortHashOf(shortHash("epoch", signed.bytes));
