/**
 * Joining and leaving networks. Joining an open one is a matter of knowing its name and secret;
 * leaving brings the documents home first, then forgets the network's log and keys.
 */
import { equalBytes } from "../core/base/bytes.ts";
import { loadPart } from "../core/base/parts.ts";
import { checkedNetworkName, openSecretFromName } from "../core/network/open.ts";
import type { SegmentKey } from "../storage/store.ts";
import type { Engine } from "./engine.ts";
import type { Home } from "./home.ts";
import { acknowledgedPrefixOf, type MetaChange } from "./device.ts";
import { hashOf, joiningHash, nameTaken } from "./networkList.ts";
import { relaysChange } from "./networkRelays.ts";
import { joinOpenNetwork, leaveChange, type NetworkMembership } from "./identity.ts";
import { privateChange } from "./privateNetworks.ts";
import { presentChange } from "./present.ts";

export interface NetworkRequest {
  readonly networkId: string;
  readonly name: string;
  readonly kind: "open" | "closed";
  /** Of an open one; null: it follows from the network's name. */
  readonly sharedSecret: string | null;
  /** Of a closed one. Default: one key, which is enough. */
  readonly recovery?: { readonly keys: number; readonly needed: number };
  /** Documents are private there unless they are shared one by one; only on this device. */
  readonly privateByDefault?: boolean;
}

/**
 * Joins, or finds that this device is in it already; another network of that name is
 * `NetworkNameTaken`.
 */
export const joinNetwork = (engine: Engine, request: NetworkRequest): Promise<void> =>
  engine.networksInTurn(async () => {
    await join(engine, request);
    if (request.privateByDefault !== true) return;
    const { kind, networkId } = request;
    await setPrivate(engine, kind === "closed" ? checkedNetworkName(networkId) : networkId, true);
  });

/** Nothing to do where this device is in no such network. */
export const leaveNetwork = (engine: Engine, networkId: string): Promise<void> =>
  engine.networksInTurn(() => leave(engine, networkId));

/** What is shared there by now stays so. */
export const setPrivate = async (
  { registry, deps }: Engine,
  networkId: string,
  isPrivate: boolean,
): Promise<void> => {
  const membership = registry.networks.named(networkId);
  const { networkHash } = membership.network;
  await deps.store.write({ meta: new Map([privateChange(networkHash, isPrivate)]) });
  registry.networks.setPrivate(hashOf(membership), isPrivate);
};

const join = async (engine: Engine, request: NetworkRequest): Promise<void> => {
  const { store, crypto, openNetwork } = engine.deps;
  const { networkId, name, sharedSecret } = request;
  if (request.kind === "closed") {
    await makeClosed(engine, request);
    return;
  }
  const secret = sharedSecret ?? openSecretFromName(networkId);
  const { networkHash } = await openNetwork(networkId, secret, crypto.publicKey);
  const known = engine.registry.networks.all().find((each) => each.networkId === networkId);
  if (known !== undefined || engine.registry.networks.isNameTaken(networkId)) {
    if (known !== undefined && equalBytes(known.network.networkHash, networkHash)) return;
    throw nameTaken(networkId);
  }
  const options = { networkId, title: name, secret, fromName: sharedSecret === null };
  const { membership, change } = await joinOpenNetwork(options, crypto, openNetwork);
  await store.write({ meta: new Map([change]) });
  engine.registry.networks.add(membership);
};

const makeClosed = async (
  engine: Engine,
  { networkId, name: title, recovery = { keys: 1, needed: 1 } }: NetworkRequest,
): Promise<void> => {
  const { networks } = engine.registry;
  const known = networks.all().find((each) => each.networkId === networkId);
  if (known?.kind === "closed") return;
  const name = checkedNetworkName(networkId);
  if (networks.isNameTaken(name)) throw nameTaken(networkId);
  const { createClosed } = await loadPart(() => import("./closed/create.ts"));
  await createClosed(engine, { networkId: name, title, recovery });
};

const leave = async (engine: Engine, networkId: string): Promise<void> => {
  const { registry, homes, deps } = engine;
  const membership = registry.networks.all().find((each) => each.networkId === networkId);
  if (membership === undefined) {
    await forgetJoining(engine, networkId);
    return;
  }
  if (membership.kind === "closed") {
    const { bringBack } = await loadPart(() => import("./closed/aside.ts"));
    await bringBack(engine, membership);
  }
  for (const collection of registry.collections()) {
    if (collection.shared?.membership === membership) await homes.bringHome(collection);
  }
  const left = registry.homesOf(membership);
  // What was written there is cut first: the journal must not name a scope that is gone.
  await engine.cutter.absorb();
  for (const home of left) {
    registry.forgetHome(home);
    home.writer = null;
    const removedSegments = await segmentKeys(engine, home);
    await deps.store.write({
      ...{ removedSegments, clearedPages: [home.scope] },
      meta: new Map([presentChange(home)]),
    });
    engine.pages.dropScope(home.scope);
  }
  const meta = await deps.store.meta();
  await deps.store.write({ meta: new Map(await leaveChanges(membership, meta)) });
  registry.networks.setRelays(hashOf(membership), []);
  registry.networks.setPrivate(hashOf(membership), false);
  registry.networks.remove(membership);
};

const forgetJoining = async ({ registry, deps }: Engine, networkId: string): Promise<void> => {
  const joining = registry.networks.joinings().find((each) => each.networkId === networkId);
  if (joining === undefined) return;
  const { notJoining } = await loadPart(() => import("./closed/joining.ts"));
  const noRelays = relaysChange(joining.invite.networkHash, []);
  await deps.store.write({ meta: new Map([notJoining(joining), noRelays]) });
  registry.networks.setRelays(joiningHash(joining), []);
  registry.networks.removeJoining(joining);
};

const leaveChanges = async (
  membership: NetworkMembership,
  meta: ReadonlyMap<string, Uint8Array>,
): Promise<readonly MetaChange[]> => {
  const { networkHash } = membership.network;
  const prefix = acknowledgedPrefixOf(networkHash);
  const acknowledged = [...meta.keys()].filter((key) => key.startsWith(prefix));
  const forgotten = [
    relaysChange(networkHash, []),
    privateChange(networkHash, false),
    ...acknowledged.map((key): MetaChange => [key, null]),
  ];
  if (membership.kind === "open") return [leaveChange(membership), ...forgotten];
  const { closedKeys } = await loadPart(() => import("./closed/membership.ts"));
  return [...closedKeys(networkHash, meta), ...forgotten];
};

const segmentKeys = async ({ deps }: Engine, home: Home): Promise<readonly SegmentKey[]> => {
  const keys: SegmentKey[] = [];
  for await (const { key } of deps.store.segments(home.scope)) keys.push(key);
  return keys;
};
