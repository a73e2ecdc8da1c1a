/**
 * What people do with a closed network: invite, list, remove, give roles. What is decided is in the
 * chain at once where this device is the sequencer, and waits for it otherwise.
 */
import { bytesToHex, hexToBytes } from "../../core/base/bytes.ts";
import { invalid, type NebulusError } from "../../core/base/errors.ts";
import { unreachable } from "../../core/base/result.ts";
import { deriveKey } from "../../core/crypto/hash.ts";
import type { ControlContent, MemberRole } from "../../core/network/closed/content.ts";
import type { ControlState, KeyText } from "../../core/network/closed/state.ts";
import type { Managed, ManageRequest, MemberChange } from "../../core/wire/networks.ts";
import { deviceNameOf } from "../device.ts";
import type { Engine } from "../engine.ts";
import type { NetworkMembership } from "../identity.ts";
import { discardNotAccepted, reissueNotAccepted } from "./aside.ts";
import { beginJoining, linkOf } from "./create.ts";
import { decide, removalOf, unknownMember, type Decision, type Wanted } from "./decide.ts";
import { renewEpoch } from "./epochs.ts";
import { frontierOf } from "./frontier.ts";
import { closedChange, type ClosedMembership } from "./membership.ts";
import { setPrivate } from "../membership.ts";
import { relaysChange } from "../networkRelays.ts";
import { checkedName, nameMember } from "./naming.ts";
import { exportRecoveryKeys, forgetRecoveryKeys, importRecoveryKey, openTerm } from "./term.ts";

export interface Done extends Managed {
  /** That it is about, whose peers are to be told; null while joining. */
  readonly membership: ClosedMembership | null;
}

/** One request behind another: what is asked again finds what the first one came to. */
export const manage = (engine: Engine, request: ManageRequest): Promise<Done> =>
  engine.networksInTurn(() => manageNow(engine, request));

const manageNow = async (engine: Engine, request: ManageRequest): Promise<Done> => {
  if (request.kind === "join") {
    const { networkId } = await beginJoining(engine, request.link, request.relays);
    return { ...nothing, networkId, isWaiting: true, membership: null };
  }
  const { networkId } = request;
  if (request.kind === "relays") {
    await setRelays(engine, networkId, request.relays);
    return { ...nothing, networkId, membership: null };
  }
  if (request.kind === "private") {
    await setPrivate(engine, networkId, request.isPrivate);
    return { ...nothing, networkId, membership: null };
  }
  const membership = closedNamed(engine, networkId);
  return { ...nothing, networkId, membership, ...(await answerTo(engine, membership, request)) };
};

const nothing: Omit<Managed, "networkId"> = {
  ...{ link: null, id: null, isWaiting: false, recoveryKeys: [] },
};

const answerTo = async (
  engine: Engine,
  membership: ClosedMembership,
  request: Exclude<ManageRequest, { kind: "join" | "relays" | "private" }>,
): Promise<Partial<Managed>> => {
  switch (request.kind) {
    case "invite":
      return makeInvite(engine, membership, request);
    case "revoke":
      return { id: request.id, isWaiting: await revokeInvite(engine, membership, request.id) };
    case "member":
      return { isWaiting: await changeMember(engine, membership, request.change) };
    case "epoch":
      return { isWaiting: settle(await renewEpoch(engine, membership)) };
    case "export-recovery-key":
      return { recoveryKeys: exportRecoveryKeys(membership) };
    case "forget-recovery-keys":
      await forgetRecoveryKeys(engine, membership);
      return {};
    case "import-recovery-key":
      await importRecoveryKey(engine, membership, request.recoveryKey);
      return {};
    case "term":
      return { isWaiting: settle(await openTermUnder(engine, membership, request.device)) };
    case "name": {
      const { account, name } = request;
      accountNamed(membership.control.state(), account);
      const decision = await nameMember(engine, membership, account, name);
      return { isWaiting: decision !== null && settle(decision) };
    }
    case "not-accepted":
      if (request.action === "reissue") await reissueNotAccepted(engine, membership);
      else await discardNotAccepted(engine, membership);
      return {};
    default:
      return unreachable(request);
  }
};

/** The network in which it ends somebody's logs; null: it ends none. */
export const endsLogsOf = (engine: Engine, request: ManageRequest): ClosedMembership | null => {
  if (request.kind !== "member") return null;
  const { kind } = request.change;
  const ends = kind === "role" ? request.change.role === "reader" : kind !== "transfer";
  return ends ? closedNamed(engine, request.networkId) : null;
};

/** Of any kind of network, and of one that this device is on its way into. */
const setRelays = async (
  engine: Engine,
  networkId: string,
  relays: readonly string[],
): Promise<void> => {
  const { networks } = engine.registry;
  const joining = networks.joinings().find((each) => each.networkId === networkId);
  const { networkHash } = joining?.invite ?? networks.named(networkId).network;
  await engine.deps.store.write({ meta: new Map([relaysChange(networkHash, relays)]) });
  networks.setRelays(bytesToHex(networkHash), relays);
};

const openTermUnder = (
  engine: Engine,
  membership: ClosedMembership,
  device: string | null,
): Promise<Decision> => {
  const { control, device: own } = membership;
  const name = device === null ? bytesToHex(own.publicKey) : deviceNamed(control.state(), device);
  return openTerm(engine, membership, name);
};

/** Throws `NotSupported` for an open network, which has neither members nor invites. */
export const closedNamed = (engine: Engine, networkId: string): ClosedMembership => {
  const membership: NetworkMembership = engine.registry.networks.named(networkId);
  if (membership.kind === "closed") return membership;
  throw invalid(
    "NotSupported",
    `"${networkId}" is an open network: whoever knows its name and secret is in it, and nobody ` +
      "can be invited or removed. Make a closed one for that.",
    "networkId",
  );
};

/**
 * The link, and whether it can be used already or waits for the sequencer. Its seed follows from
 * the request, so that a page that heard no answer and asks again is given the same.
 */
export const makeInvite = async (
  engine: Engine,
  membership: ClosedMembership,
  {
    requestId,
    invite: { purpose, role, uses, expiresInMs, name },
    relays = [],
  }: Pick<Extract<ManageRequest, { kind: "invite" }>, "requestId" | "invite" | "relays">,
): Promise<{ readonly link: string; readonly id: string; readonly isWaiting: boolean }> => {
  const { crypto, store, timers } = engine.deps;
  const { device, invites } = membership;
  const seed = deriveKey(device.seed, "invite-request", [requestId]);
  const publicKey = await crypto.publicKey(seed);
  const id = bytesToHex(publicKey);
  const before = invites.has(id) ? proposedInvite(membership, id) : null;
  if (before !== null) {
    const { expiry, isWaiting } = before;
    return { link: linkOf(membership, seed, { expiry, relays }), id, isWaiting };
  }
  const expiry = expiresInMs === null ? null : timers.now() + expiresInMs;
  invites.set(id, { seed, name: name === null ? null : checkedName(name) });
  await store.write({ meta: new Map([closedChange(membership)]) });
  const content = { kind: "invite", publicKey, purpose, role, uses, expiry } as const;
  const decision = await decide(engine, membership, content);
  if (decision.kind === "refused") {
    invites.delete(id);
    await store.write({ meta: new Map([closedChange(membership)]) });
    throw refused(decision);
  }
  const isWaiting = decision.kind === "waiting";
  return { link: linkOf(membership, seed, { expiry, relays }), id, isWaiting };
};

/** In the chain, or on its way there; null: the program ended before it was proposed. */
const proposedInvite = (
  { control, proposals }: ClosedMembership,
  id: string,
): { readonly expiry: number | null; readonly isWaiting: boolean } | null => {
  const known = control.state().invites.get(id);
  if (known !== undefined) return { expiry: known.expiry, isWaiting: false };
  for (const { proposal } of proposals.values()) {
    const { content } = proposal;
    if (content.kind === "invite" && bytesToHex(content.publicKey) === id) {
      return { expiry: content.expiry, isWaiting: true };
    }
  }
  return null;
};

/** Nothing comes in by it any more; true: that waits for the sequencer. */
export const revokeInvite = async (
  engine: Engine,
  membership: ClosedMembership,
  id: string,
): Promise<boolean> => {
  const { control, invites } = membership;
  if (invites.delete(id)) {
    await engine.deps.store.write({ meta: new Map([closedChange(membership)]) });
  }
  const known = control.state().invites.get(id);
  if (known === undefined || known.isRevoked) return false;
  return settle(await decide(engine, membership, { kind: "revoke", publicKey: hexToBytes(id) }));
};

/** True: it waits for the sequencer. Throws what the chain says against it. */
export const changeMember = async (
  engine: Engine,
  membership: ClosedMembership,
  change: MemberChange,
): Promise<boolean> => {
  const wanted = isSo(membership.control.state(), change)
    ? null
    : wantedOf(engine, membership, change);
  return wanted !== null && settle(await decide(engine, membership, wanted));
};

/** Asked again by a page that heard no answer. */
const isSo = (state: ControlState, change: MemberChange): boolean => {
  switch (change.kind) {
    case "remove-account":
      return state.accounts.get(change.account)?.isMember === false;
    case "remove-device": {
      const name = [...state.devices.keys()].find((key) => isNamed(key, change.device));
      return name !== undefined && state.devices.get(name)?.isRemoved === true;
    }
    case "role":
      return state.accounts.get(change.account)?.role === change.role;
    case "transfer":
      return isNamed(state.sequencer, change.device);
    default:
      return unreachable(change);
  }
};

const wantedOf = (engine: Engine, membership: ClosedMembership, change: MemberChange): Wanted => {
  const state = membership.control.state();
  switch (change.kind) {
    case "remove-account": {
      const account = accountNamed(state, change.account);
      return (base) => removalOf(engine, membership, { account }, base);
    }
    case "remove-device": {
      const device = deviceNamed(state, change.device);
      return (base) => removalOf(engine, membership, { device }, base);
    }
    case "role": {
      const account = accountNamed(state, change.account);
      return () => roleChange(engine, membership, account, change.role);
    }
    case "transfer":
      return { kind: "transfer", device: hexToBytes(deviceNamed(state, change.device)) };
    default:
      return unreachable(change);
  }
};

const roleChange = async (
  engine: Engine,
  membership: ClosedMembership,
  account: string,
  role: MemberRole,
): Promise<ControlContent> => {
  const state = membership.control.state();
  const devices = [...state.devices].filter(([, device]) => device.account === account);
  const named = new Set(devices.map(([name]) => name));
  const frontier = await frontierOf(engine, membership, named);
  return { kind: "role", account: hexToBytes(account), role, frontier };
};

const accountNamed = ({ accounts }: ControlState, name: string): string => {
  if (accounts.get(name)?.isMember === true) return name;
  throw unknownMember(name);
};

/** By its name in documents and lists. */
const deviceNamed = ({ devices }: ControlState, name: string): string => {
  const found = [...devices.keys()].find((key) => isNamed(key, name));
  if (found !== undefined) return found;
  throw unknownMember(name);
};

const isNamed = (device: KeyText, name: string): boolean =>
  deviceNameOf(hexToBytes(device)) === name;

const settle = (decision: Decision): boolean => {
  if (decision.kind === "refused") throw refused(decision);
  return decision.kind === "waiting";
};

const refused = ({ fault }: Extract<Decision, { kind: "refused" }>): NebulusError =>
  invalid("NotPermitted", faultWords[fault] ?? `The network refuses it: ${fault}.`, "networkId");

const faultWords: Readonly<Record<string, string>> = {
  "no-right": "Your role in this network does not allow that: ask an owner.",
  "no-owner": "The network would be left without an owner: make somebody else one first.",
  "is-sequencer":
    "This device keeps the network's order: hand that to another device before it is removed.",
  "needs-newer": "The device that puts decisions in order runs an older version: update it.",
};
