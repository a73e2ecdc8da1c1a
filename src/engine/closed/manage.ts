/**
 * What people do with a closed network: invite, list, remove, give roles. What is decided is in the
 * chain at once where this device is the sequencer, and waits for it otherwise.
 */
import { bytesToHex, hexToBytes } from "../../core/base/bytes.ts";
import { invalid, type NebulusError } from "../../core/base/errors.ts";
import type { ControlContent, MemberRole } from "../../core/network/closed/content.ts";
import type { ControlState } from "../../core/network/closed/state.ts";
import type {
  InviteRequest,
  Managed,
  ManageRequest,
  MemberChange,
} from "../../core/wire/networks.ts";
import { deviceNameOf } from "../device.ts";
import type { Engine } from "../engine.ts";
import type { NetworkMembership } from "../identity.ts";
import { beginJoining, linkOf } from "./create.ts";
import { decide, frontierOf, removalOf, unknownMember, type Decision } from "./decide.ts";
import { closedChange, type ClosedMembership } from "./membership.ts";

/** Gives the membership that it is about, whose peers are to be told; null while joining. */
export const manage = async (
  engine: Engine,
  request: ManageRequest,
): Promise<Managed & { readonly membership: ClosedMembership | null }> => {
  if (request.kind === "join") {
    const { networkId } = await beginJoining(engine, request.link);
    return { networkId, link: null, id: null, isWaiting: true, membership: null };
  }
  const { networkId } = request;
  const membership = closedNamed(engine, networkId);
  switch (request.kind) {
    case "invite": {
      const made = await makeInvite(engine, membership, request.invite);
      return { networkId, ...made, membership };
    }
    case "revoke": {
      const isWaiting = await revokeInvite(engine, membership, request.id);
      return { networkId, link: null, id: request.id, isWaiting, membership };
    }
    case "member": {
      const isWaiting = await changeMember(engine, membership, request.change);
      return { networkId, link: null, id: null, isWaiting, membership };
    }
  }
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

/** The link, and whether it can be used already or waits for the sequencer. */
export const makeInvite = async (
  engine: Engine,
  membership: ClosedMembership,
  { purpose, role, uses, expiresInMs }: InviteRequest,
): Promise<{ readonly link: string; readonly id: string; readonly isWaiting: boolean }> => {
  const { crypto, store, timers } = engine.deps;
  const seed = crypto.randomBytes(32);
  const publicKey = await crypto.publicKey(seed);
  const expiry = expiresInMs === null ? null : timers.now() + expiresInMs;
  const id = bytesToHex(publicKey);
  membership.invites.set(id, seed);
  await store.write({ meta: new Map([closedChange(membership)]) });
  const content = { kind: "invite", publicKey, purpose, role, uses, expiry } as const;
  const decision = await decide(engine, membership, content);
  if (decision.kind === "refused") {
    membership.invites.delete(id);
    await store.write({ meta: new Map([closedChange(membership)]) });
    throw refused(decision);
  }
  const isWaiting = decision.kind === "waiting";
  return { link: linkOf(membership, seed, expiry), id, isWaiting };
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
  const content = await contentOf(engine, membership, change);
  return settle(await decide(engine, membership, content));
};

const contentOf = (
  engine: Engine,
  membership: ClosedMembership,
  change: MemberChange,
): Promise<ControlContent> | ControlContent => {
  const state = membership.control.state();
  switch (change.kind) {
    case "remove-account":
      return removalOf(engine, membership, { account: accountNamed(state, change.account) });
    case "remove-device":
      return removalOf(engine, membership, { device: deviceNamed(state, change.device) });
    case "role":
      return roleChange(engine, membership, accountNamed(state, change.account), change.role);
    case "transfer":
      return { kind: "transfer", device: hexToBytes(deviceNamed(state, change.device)) };
  }
};

const roleChange = (
  engine: Engine,
  membership: ClosedMembership,
  account: string,
  role: MemberRole,
): ControlContent => {
  const state = membership.control.state();
  const devices = [...state.devices].filter(([, device]) => device.account === account);
  const named = new Set(devices.map(([name]) => name));
  const frontier = frontierOf(engine, membership, named);
  return { kind: "role", account: hexToBytes(account), role, frontier };
};

const accountNamed = ({ accounts }: ControlState, name: string): string => {
  if (accounts.get(name)?.isMember === true) return name;
  throw unknownMember(name);
};

/** By its name in documents and lists. */
const deviceNamed = ({ devices }: ControlState, name: string): string => {
  const found = [...devices.keys()].find((key) => deviceNameOf(hexToBytes(key)) === name);
  if (found !== undefined) return found;
  throw unknownMember(name);
};

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
  "out-of-place":
    "The network is frozen: two decisions contradict each other. Its recovery key opens it again.",
};
