/**
 * What people do with a closed network, by dice: invite and join, give and take roles, remove,
 * change keys, hand over the sequencer, and lose it for a while. Apart from the world, which knows
 * nothing of members.
 */
import { bytesToHex } from "../../src/core/base/bytes.ts";
import type { ClosedControl } from "../../src/core/network/closed/chain.ts";
import { openInvite, roleOf } from "../../src/core/network/closed/state.ts";
import type { MemberRoleName } from "../../src/core/wire/networks.ts";
import type { Joining } from "../../src/engine/closed/joining.ts";
import type { ClosedMembership } from "../../src/engine/closed/membership.ts";
import { deviceNameOf } from "../../src/engine/device.ts";
import { isAwaited, isCopyOf, isMember, truthOf } from "./closedChecks.ts";
import { networkId, type Device } from "./device.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Random } from "../support/random.ts";
import type { Surroundings } from "./surroundings.ts";

export interface Society {
  /** Whoever came in shares its collections; now and then somebody decides something. */
  readonly act: () => void;
  /** At the end: nobody invites any more, all that are in share all. */
  readonly settle: () => void;
  /** Who was let in since then shares all, too. */
  readonly shareAll: () => void;
  /** Something is still to be decided, or somebody to be let in by an invite that is open. */
  readonly isUnsettled: () => boolean;
}

export interface SocietyDeps {
  readonly devices: readonly Device[];
  readonly random: Random;
  readonly scheduler: Scheduler;
  /** Whether a device can be called back from being away; it is for so long. */
  readonly sendAway: (device: Device, milliseconds: number) => void;
}

interface Member {
  readonly device: Device;
  readonly membership: ClosedMembership;
}

/** By what they know themselves: waiting and removed ones too. */
const inNetwork = (devices: readonly Device[]): readonly Member[] =>
  devices.flatMap((device) => {
    const { membership } = device;
    return membership === null ? [] : [{ device, membership }];
  });

const standsIn = ({ membership }: Member): boolean =>
  !["waiting", "removed"].includes(membership.standing());

/** By the seed itself and no dice, which would change what all others do. */
export const recoveryIn = (seed: number): Surroundings["recovery"] =>
  seed % 4 === 3 ? { keys: 3, needed: 2 } : { keys: 1, needed: 1 };

export const createSociety = (deps: SocietyDeps): Society => {
  const { devices, random } = deps;
  const shareAll = (collections: readonly string[], chance: number): void => {
    for (const { device, membership } of inNetwork(devices)) {
      if (membership.standing() === "removed") continue;
      for (const collection of collections) {
        const isAttached = device.engine?.registry.find(collection)?.attached === true;
        if (isAttached || !random.chance(chance)) continue;
        device.submit({ kind: "make-collection", collection });
        device.submit({ kind: "attach", collection, networkId });
      }
    }
  };
  /** The recovery keys as whoever made the network has them on paper. */
  let papers: readonly string[] = [];
  return {
    act() {
      const holder = papers.length === 0 ? holdersAmong(devices)[0] : undefined;
      holder?.device.manage({ kind: "export-recovery-key", networkId }, ({ recoveryKeys }) => {
        papers = recoveryKeys;
        // Several are with several people
        if (papers.length > 1) holder.device.manage({ kind: "forget-recovery-keys", networkId });
      });
      shareAll(["a"], 0.3);
      if (!random.chance(0.3)) return;
      const members = inNetwork(devices).filter(standsIn);
      if (members.length > 0) actOne(deps, members);
    },
    shareAll() {
      shareAll(["a", "b"], 1);
    },
    settle() {
      shareAll(["a", "b"], 1);
      const truth = truthOf(devices);
      if (truth !== null) openTerm(devices, truth, papers);
    },
    isUnsettled() {
      const truth = truthOf(devices);
      return truth !== null && isUnsettled(devices, truth);
    },
  };
};

const keyOf = ({ device }: ClosedMembership): string => bytesToHex(device.publicKey);

const actOne = (deps: SocietyDeps, members: readonly Member[]): void => {
  const { devices, random } = deps;
  const any = random.pick(members);
  const owner = random.pick(
    members.filter(({ membership }) => membership.standing() === "owner").concat(any),
  );
  const outsiders = devices.filter(
    ({ engine, membership }) => engine !== null && membership === null,
  );
  const dice = random.integer(100);
  if (outsiders.length > 0 && dice < 50) invite(deps, random.chance(0.7) ? owner : any, outsiders);
  else if (dice < 62) changeRole(deps, owner);
  else if (dice < 70) removeSomebody(deps, random.chance(0.8) ? owner : any);
  else if (dice < 78) transfer(deps, owner);
  else if (dice < 84) owner.device.manage({ kind: "epoch", networkId });
  else if (dice < 88) revoke(deps, owner);
  else if (dice < 93) loseSequencer(deps, members);
  else if (dice < 97) leaveAgain(deps);
};

const invite = (deps: SocietyDeps, maker: Member, outsiders: readonly Device[]): void => {
  const { random, scheduler } = deps;
  const purpose = random.chance(0.75) ? "member" : "device";
  const role = random.pick<MemberRoleName>(["editor", "editor", "editor", "owner", "reader"]);
  const guests = random.shuffle(outsiders).slice(0, 1 + random.integer(2));
  const uses = random.pick([1, guests.length, 3]);
  const expiresInMs = random.chance(0.1) ? 60_000 : null;
  const wanted = { purpose, role, uses, expiresInMs, name: null } as const;
  const requestId = `invite ${scheduler.events()} ${maker.device.name}`;
  maker.device.manage({ kind: "invite", networkId, requestId, invite: wanted }, ({ link }) => {
    for (const guest of guests) {
      scheduler.after(random.pick([0, 100, 20_000]), () => {
        if (guest.membership === null) guest.manage({ kind: "join", link: link ?? "" });
      });
    }
  });
};

const changeRole = ({ random }: SocietyDeps, { device, membership }: Member): void => {
  const account = random.pick([...membership.control.state().accounts.keys()]);
  const role = random.pick<MemberRoleName>(["owner", "editor", "reader"]);
  device.manage({ kind: "member", networkId, change: { kind: "role", account, role } });
};

/** As long as so many stay that one can be asked for what another has lost. */
const removeSomebody = ({ random }: SocietyDeps, { device, membership }: Member): void => {
  const state = membership.control.state();
  const present = [...state.devices.keys()].filter((key) => roleOf(state, key) !== null);
  const key = random.pick(present);
  const account = state.devices.get(key)?.account ?? "";
  const isWhole = random.chance(0.5);
  const staying = present.filter((each) =>
    isWhole ? state.devices.get(each)?.account !== account : each !== key,
  );
  if (staying.length < membersMin) return;
  const change = isWhole
    ? ({ kind: "remove-account", account } as const)
    : ({ kind: "remove-device", device: nameOf(key) } as const);
  device.manage({ kind: "member", networkId, change });
};

const membersMin = 3;

const transfer = ({ random }: SocietyDeps, { device, membership }: Member): void => {
  const key = random.pick([...membership.control.state().devices.keys()]);
  const change = { kind: "transfer", device: nameOf(key) } as const;
  device.manage({ kind: "member", networkId, change });
};

const nameOf = (key: string): string => deviceNameOf(Uint8Array.from(Buffer.from(key, "hex")));

const revoke = ({ random }: SocietyDeps, { device, membership }: Member): void => {
  const invites = [...membership.control.state().invites.keys()];
  if (invites.length === 0) return;
  device.manage({ kind: "revoke", networkId, id: random.pick(invites) });
};

const loseSequencer = (deps: SocietyDeps, members: readonly Member[]): void => {
  const found = members.find(
    ({ membership }) => membership.control.state().sequencer === keyOf(membership),
  );
  if (found !== undefined) deps.sendAway(found.device, deps.random.pick([60_000, 900_000]));
};

/**
 * Whoever keeps a recovery key lets the chain go on, where two decisions contradict each other or
 * the sequencer is not there any more: as many as have to agree, at once.
 */
const openTerm = (
  devices: readonly Device[],
  truth: ClosedControl,
  papers: readonly string[],
): void => {
  const members = inNetwork(devices).filter(({ device }) => isMember(device, truth));
  const { sequencer, recovery } = truth.state();
  const copiesOf = (key: string): number =>
    members.filter(({ membership }) => keyOf(membership) === key).length;
  // Two copies of one device contradict each other for ever
  const isLost = copiesOf(sequencer) !== 1;
  const isFrozen = members.some(({ membership }) => membership.control.isFrozen());
  // Who was removed meets nobody that would hear of it
  const holders = enoughOf(members, recovery.needed);
  // Somebody may have come in beside the record at which others stopped
  const known = holders[0]?.membership.control.state().devices;
  const next =
    members.find(({ membership }) => {
      const key = keyOf(membership);
      return copiesOf(key) === 1 && known?.has(key) !== false;
    }) ?? members[0];
  if (!(isLost || isFrozen) || next === undefined) return;
  if (seedsOf(holders).size < recovery.needed) {
    // Lost with their device; they open a term when people come back to this
    const takers = [next, ...members.filter((each) => each !== next)];
    for (const [index, recoveryKey] of papers.slice(0, recovery.needed).entries()) {
      const { device } = takers[index] ?? next;
      device.manage({ kind: "import-recovery-key", networkId, recoveryKey });
    }
    return;
  }
  const device = nameOf(keyOf(next.membership));
  for (const holder of holders) holder.device.manage({ kind: "term", networkId, device });
};

const holdersAmong = (devices: readonly Device[]): readonly Member[] =>
  inNetwork(devices).filter(({ membership }) => membership.recoverySeeds.length > 0);

const seedsOf = (members: readonly Member[]): ReadonlySet<string> =>
  new Set(members.flatMap(({ membership }) => membership.recoverySeeds.map(bytesToHex)));

/** Of those who keep recovery keys the first, until they have so many together. */
const enoughOf = (members: readonly Member[], needed: number): readonly Member[] => {
  const found: Member[] = [];
  for (const member of members) {
    if (member.membership.recoverySeeds.length === 0) continue;
    if (seedsOf(found).size < needed) found.push(member);
  }
  return found;
};

const isUnsettled = (devices: readonly Device[], truth: ClosedControl): boolean => {
  const members = inNetwork(devices).filter(({ device }) => isMember(device, truth));
  const isExpected = (guest: Device, { publicKey }: Joining): boolean =>
    members.some(
      ({ device, membership: { control, invites } }) =>
        invites.has(bytesToHex(publicKey)) &&
        !isCopyOf(guest, device) &&
        openInvite(control.state(), publicKey, device.now()) !== null,
    );
  return (
    // What waited while a term was opened may make a device the sequencer that runs twice
    members.some(({ membership }) => membership.control.isFrozen()) ||
    members.some(({ device }) => isAwaited(device, devices, truth)) ||
    devices.some((device) =>
      device.engine?.registry.networks.joinings().some((each) => isExpected(device, each)),
    )
  );
};

/** Who was removed lets go of the network, and may be invited anew. */
const leaveAgain = ({ devices, random }: SocietyDeps): void => {
  const removed = inNetwork(devices).filter(
    ({ membership }) => membership.standing() === "removed",
  );
  if (removed.length > 0) random.pick(removed).device.leave();
};
