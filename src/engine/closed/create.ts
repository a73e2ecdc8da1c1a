/**
 * How this device comes into a closed network: it makes one, or joins by an invite. A link alone
 * opens nothing: with it, the joiner proves to the one device that made it that it may ask, and is
 * handed chain and keys.
 */
import { bytesToHex, equalBytes } from "../../core/base/bytes.ts";
import { invalid, type NebulusError } from "../../core/base/errors.ts";
import { assert } from "../../core/base/result.ts";
import { encodeCbor } from "../../core/cbor/item.ts";
import { sha256 } from "../../core/crypto/hash.ts";
import { storedCertificate } from "../../core/network/certificate.ts";
import { admitText, openClosedControl } from "../../core/network/closed/chain.ts";
import { inviteLink, readInvite } from "../../core/network/closed/invite.ts";
import { makeGenesis } from "../../core/network/closed/make.ts";
import { networkKeysOf } from "../../core/network/keys.ts";
import { joiningPrefix, type MetaChange } from "../device.ts";
import type { Engine } from "../engine.ts";
import { nameTaken } from "../networkList.ts";
import { relaysChange } from "../networkRelays.ts";
import { admissionChange } from "./admission.ts";
import { renewEpoch } from "./epochs.ts";
import type { Handover } from "./handover.ts";
import { certifyNew, newKeys, notJoining, readJoining, type Joining } from "./joining.ts";
import {
  closedChange,
  learnFromChain,
  membershipOf,
  recordChange,
  recoveryChange,
  type ClosedMembership,
} from "./membership.ts";
import type { ClosedParts } from "./parts.ts";

// ------------------------------------------------------------------------------- making a network

export const createClosed = async (
  engine: Engine,
  {
    networkId,
    title,
    recovery,
  }: {
    readonly networkId: string;
    readonly title: string;
    /** How many keys there are, and how many of them open a term. */
    readonly recovery: { readonly keys: number; readonly needed: number };
  },
): Promise<ClosedMembership> => {
  const { crypto, store, timers } = engine.deps;
  const [accountSeed, networkSecret] = [crypto.randomBytes(32), crypto.randomBytes(32)];
  const recoverySeeds = Array.from({ length: recovery.keys }, () => crypto.randomBytes(32));
  const keys = await newKeys(crypto);
  const account = { seed: accountSeed, publicKey: await crypto.publicKey(accountSeed) };
  const { bytes, networkHash } = await makeGenesis(
    {
      ...{ name: networkId, time: { ms: timers.now(), counter: 0 } },
      device: { xWingKey: keys.xWingKey, vaultXWingKey: null, extensions: [] },
      recoveryKeys: await Promise.all(recoverySeeds.map((seed) => crypto.publicKey(seed))),
      recoveryNeeded: recovery.needed,
    },
    { account, signing: keys.device },
    crypto,
  );
  const control = await openClosedControl(bytes, crypto);
  assert(control.ok, "a genesis that was made here holds");
  const certificate = await certifyNew(keys, accountSeed, networkHash, crypto);
  const membership = membershipOf({
    network: { suite: 1, ...networkKeysOf(networkHash, networkSecret) },
    device: { ...keys.device, certificate, xWingSeed: keys.xWingSeed },
    ...{ accountSeed, networkSecret, recoverySeeds, control: control.value, networkId, title },
    ...{ keys: new Map(), invites: new Map(), proposals: new Map(), pairs: new Map() },
    ...{ settings: new Map(), names: new Map(), knowRemoved: new Set() },
    ...{ cameBy: null, refusedJoiners: new Map() },
  });
  const kept = control.value.records().map((record) => recordChange(membership, record));
  await store.write({
    meta: new Map([...kept, closedChange(membership), recoveryChange(membership)]),
  });
  engine.registry.networks.add(membership);
  await renewEpoch(engine, membership);
  return membership;
};

// ------------------------------------------------------------------------------------------ links

/** The link of an invite, without the address of an app before it. */
export const linkOf = (
  membership: ClosedMembership,
  seed: Uint8Array,
  { expiry, relays }: { readonly expiry: number | null; readonly relays: readonly string[] },
): string => {
  const { network, control, device, networkId } = membership;
  const link = inviteLink("", {
    ...{ networkHash: network.networkHash, name: networkId, seed, expiry, relays },
    ...{ makerKeyHash: sha256(device.publicKey), controlHead: control.head(), extensions: [] },
  });
  assert(link.ok, "an invite that was made here can be read");
  return link.value;
};

// ---------------------------------------------------------------------------------------- joining

/**
 * Notes that this device wants in, and at which relays it looks for the maker; throws for what is
 * no invite, or one into a network of mine.
 */
export const beginJoining = async (
  engine: Engine,
  text: string,
  relays: readonly string[] = [],
): Promise<Joining> => {
  const { crypto, store, timers } = engine.deps;
  const invite = readInvite(text);
  if (!invite.ok) throw badInvite(invite.error);
  const { networkHash, expiry, name } = invite.value;
  if (expiry !== null && timers.now() > expiry) throw badInvite("invite-expired");
  const { networks } = engine.registry;
  const known = networks.joining(bytesToHex(networkHash));
  if (known !== null && equalBytes(known.invite.seed, invite.value.seed)) return known;
  const isIn = networks.all().some((each) => equalBytes(each.network.networkHash, networkHash));
  if (isIn) throw badInvite("already-in");
  if (networks.isNameTaken(name)) throw nameTaken(name);
  const bytes = encodeCbor([
    ...[1, text, name, crypto.randomBytes(32), crypto.randomBytes(32), crypto.randomBytes(32)],
  ]);
  const joining = await readJoining(bytes, crypto);
  assert(joining !== null, "what was noted can be read");
  const hash = bytesToHex(networkHash);
  const noted: MetaChange = [joiningPrefix + hash, bytes];
  await store.write({ meta: new Map([noted, relaysChange(networkHash, relays)]) });
  networks.setRelays(hash, relays);
  networks.addJoining(joining);
  return joining;
};

/**
 * The maker handed over chain and keys. null: they do not go together, or are not of the network
 * that the link names.
 */
export const completeJoining = async (
  engine: Engine,
  joining: Joining,
  records: readonly Uint8Array[],
  handover: Handover,
): Promise<ClosedMembership | null> => {
  const { crypto, store } = engine.deps;
  const { networkHash, controlHead } = joining.invite;
  const [genesis, ...others] = records;
  const opened = genesis === undefined ? null : await openClosedControl(genesis, crypto);
  if (opened?.ok !== true || !equalBytes(opened.value.networkHash, networkHash)) return null;
  const control = opened.value;
  for (const bytes of others) await control.append(bytes);
  // A removed member could pass off a chain that does not know yet that it is removed
  if (control.find(controlHead).kind !== "known") return null;
  const { account } = handover;
  const certificate =
    account === null ? joining.device.certificate : storedCertificate(account.certificate);
  if (certificate === null) return null;
  if (!equalBytes(certificate.signingKey, joining.device.publicKey)) return null;
  const shown = admitText(networkHash, certificate.bytes);
  const signature = await crypto.sign(joining.invite.seed, shown);
  const cameBy = { invite: joining.publicKey, signature, told: null };
  const parts: ClosedParts = {
    network: { suite: 1, ...networkKeysOf(networkHash, handover.networkSecret) },
    device: { ...joining.device, certificate },
    accountSeed: account?.seed ?? joining.accountSeed,
    ...{ networkSecret: handover.networkSecret, recoverySeeds: [], control },
    ...{ networkId: joining.networkId, title: control.state().name, cameBy },
    ...{ keys: new Map(handover.keys), invites: new Map(), proposals: new Map(), pairs: new Map() },
    ...{ settings: new Map(), names: new Map(), knowRemoved: new Set() },
    refusedJoiners: new Map(),
  };
  await learnFromChain(parts, crypto);
  const membership = membershipOf(parts);
  const kept = control.records().map((record) => recordChange(membership, record));
  await store.write({
    meta: new Map([
      ...[...kept, closedChange(membership), notJoining(joining)],
      admissionChange(networkHash, cameBy),
    ]),
  });
  engine.registry.networks.removeJoining(joining);
  engine.registry.networks.add(membership);
  return membership;
};

const badInvite = (fault: string): NebulusError => {
  const words: Readonly<Record<string, string>> = {
    "invite-expired": "This invite has expired: ask for another one.",
    "already-in": "This device is in that network already.",
    "invite-version": "This invite was made by a newer version: update this one.",
  };
  const unknown = "This is no invite, or a part of it is missing: copy the whole link again.";
  return invalid("InvalidArgument", words[fault] ?? unknown, "invite");
};
