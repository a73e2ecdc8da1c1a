/**
 * What a control chain says at one of its records: who belongs, with which right, under which key,
 * and which logs are closed; and by that, who may decide what. Each record gives a new state
 * (apply.ts); nothing is mutated, since segments are judged at the record that they were written
 * under.
 */
import { bytesToHex, hexToBytes } from "../../base/bytes.ts";
import { networkCollectionsMax, openInvitesPerDeviceMax } from "../../base/limits.ts";
import type { ScopeId, ShortHash } from "../../base/types.ts";
import type { CheckedCertificate } from "../certificate.ts";
import type { ControlContent, Frontier, InvitePurpose, MemberRole } from "./content.ts";
import type { Nonces } from "./nonces.ts";

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
  /** Of the record that opened the present term; 0: the first. */
  readonly termHeight: number;
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
  readonly nonces: Nonces;
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
  | "too-many"
  /** It hands on a key that devices may have which were removed, or will be. */
  | "outdated";

/** What the record was found to hold beside its bytes. */
export interface Evidence {
  /** Of an admission: signed for this network. Of the genesis: for the zero hash. */
  readonly certificate: CheckedCertificate | null;
  /** Whether the invite's signature holds. */
  readonly isInvited: boolean;
  /** Of the last record that its proposer knew and that it stands behind. */
  readonly knownHeight: number;
}

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
      if (isOutdated(state, around.evidence)) return "outdated";
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
      if (isOutdated(state, around.evidence)) return "outdated";
      return isOwner || signers.includes(state.sequencer) ? null : "no-right";
    case "keys":
      // Of any member: its epoch tells each key from a false one
      return isOutdated(state, around.evidence) ? "outdated" : null;
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

/**
 * Whether a key that is proposed by who knew so much of the chain goes to devices that were removed
 * since: it is sealed to those who were members then. And none is taken from before a term: it may
 * stand beside the chain, where others decided who is to have it, and be in use there.
 */
export const isOutdated = (
  { closures, termHeight }: Pick<ControlState, "closures" | "termHeight">,
  { knownHeight }: Pick<Evidence, "knownHeight">,
): boolean => termHeight > knownHeight || closures.some(({ height }) => height > knownHeight);

/** Whether it was in the network, and is not any more. */
export const isRemoved = (
  { accounts, devices }: Pick<ControlState, "accounts" | "devices">,
  device: KeyText,
  account: KeyText,
): boolean => devices.get(device)?.isRemoved === true || accounts.get(account)?.isMember === false;

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
  const invite = standingInvite(state, publicKey, nowMs);
  return invite === null || invite.usesLeft === 0 ? null : invite;
};

/** The same, used up or not: who came in by it and lost the answer may ask again. */
export const standingInvite = (
  state: ControlState,
  publicKey: Uint8Array,
  nowMs: number,
): InviteState | null => {
  const invite = state.invites.get(bytesToHex(publicKey));
  if (invite === undefined || invite.isRevoked) return null;
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

/** All that were ever certified by that account. */
export const devicesOf = ({ devices }: ControlState, account: KeyText): readonly KeyText[] =>
  [...devices].flatMap(([name, device]) => (device.account === account ? [name] : []));

/** Those that a removal names, and all of the account that it names. */
export const removedDevices = (
  state: ControlState,
  { account, devices }: Extract<ControlContent, { kind: "remove" }>,
): readonly KeyText[] => {
  const all = account === null ? [] : devicesOf(state, bytesToHex(account));
  const present = all.filter((device) => state.devices.get(device)?.isRemoved === false);
  return [...new Set([...present, ...devices.map(bytesToHex)])];
};

export const without = (
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
