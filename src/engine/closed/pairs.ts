/**
 * Whom this device looks for by a tag of the pair, beside that of the epoch: whoever missed an
 * epoch is under another one, and a tag that both can work out needs what both know of each other.
 *
 * - A member looks for the sequencer it knows and for some owners: one of them has the chain that
 *   it
 *   lacks. Whoever waits to be let in looks for the maker of its invite, too.
 * - Whoever keeps the order, or once did, looks for members, and for those who were removed and may
 *   not know it.
 * - The maker of an invite looks for those whom it handed keys to and who were not let in.
 */
import {
  pairOwnersMax,
  pairTagsMax,
  refusedTagsMax,
  removedTagMillisecondsMax,
  removedTagsMax,
} from "../../core/base/limits.ts";
import { bytesToHex, equalBytes, hexToBytes } from "../../core/base/bytes.ts";
import type { ShortHash } from "../../core/base/types.ts";
import type { CryptoPort } from "../../core/crypto/port.ts";
import type { ClosedControl } from "../../core/network/closed/chain.ts";
import { roleOf, type KeyText } from "../../core/network/closed/state.ts";
import { dayTags } from "../../core/network/keys.ts";
import type { ClosedParts } from "./parts.ts";

export const pairTags = (parts: ClosedParts, nowMs: number): readonly string[] => {
  const wanted = keepsOrKeptOrder(parts) ? soughtByKeeper(parts, nowMs) : soughtByOthers(parts);
  return [...new Set([...wanted, ...refusedLately(parts)])]
    .flatMap((name) => parts.pairs.get(name) ?? [])
    .flatMap((secret) => dayTags(secret, "pair", [parts.control.networkHash], nowMs));
};

const soughtByOthers = ({ control, cameBy, device }: ClosedParts): readonly KeyText[] => {
  const state = control.state();
  const own = bytesToHex(device.publicKey);
  const owners = [...state.devices.keys()].filter(
    (name) => name !== own && name !== state.sequencer && roleOf(state, name) === "owner",
  );
  const invite = cameBy === null ? undefined : state.invites.get(bytesToHex(cameBy.invite));
  const isWaiting = control.standingOf(device.certificate) === "unknown";
  const maker = isWaiting && invite !== undefined ? [invite.maker] : [];
  return [state.sequencer, ...maker, ...owners.slice(0, pairOwnersMax)];
};

const soughtByKeeper = (parts: ClosedParts, nowMs: number): readonly KeyText[] => {
  const { control, pairs } = parts;
  const state = control.state();
  const names = [...pairs.keys()];
  const members = names.filter((name) => roleOf(state, name) !== null);
  const removed = names
    .flatMap((name) => {
      const height = parts.knowRemoved.has(name) ? null : control.removedAt(hexToBytes(name));
      const [record] = height === null ? [] : control.from(height);
      return record === undefined ? [] : [{ name, ms: record.time.ms }];
    })
    .filter(({ ms }) => nowMs - ms <= removedTagMillisecondsMax)
    .sort((a, b) => b.ms - a.ms);
  // The present one first, where this device is it no more
  const first = members.filter((name) => name === state.sequencer);
  return [
    ...first,
    ...members.filter((name) => !first.includes(name)).slice(0, pairTagsMax),
    ...removed.slice(0, removedTagsMax).map(({ name }) => name),
  ];
};

const refusedLately = ({ control, refusedJoiners }: ClosedParts): readonly KeyText[] => {
  const { devices } = control.state();
  return [...refusedJoiners.keys()].filter((name) => !devices.has(name)).slice(-refusedTagsMax);
};

/**
 * With whom this device shares a secret by now: members' devices, not its own; and others whom it
 * looks for.
 */
export const learnPairs = async (
  parts: ClosedParts,
  crypto: Pick<CryptoPort, "pairSecret">,
): Promise<void> => {
  const { control, device, pairs } = parts;
  const state = control.state();
  const keepsRemoved = keepsOrKeptOrder(parts);
  const learn = async (name: KeyText): Promise<void> => {
    if (pairs.has(name) || equalBytes(hexToBytes(name), device.publicKey)) return;
    const secret = await crypto.pairSecret(device.seed, hexToBytes(name));
    if (secret !== null) pairs.set(name, secret);
  };
  for (const name of state.devices.keys()) {
    if (roleOf(state, name) === null && !keepsRemoved) pairs.delete(name);
    else await learn(name);
  }
  for (const name of refusedLately(parts)) await learn(name);
};

/** A device that was away knows the sequencer of before, who knows of its removal all the same. */
const keepsOrKeptOrder = ({ control, device }: ClosedParts): boolean =>
  sequencersOf(control).has(bytesToHex(device.publicKey));

/** All devices that ever were, by the records that count. */
const sequencersOf = (control: ClosedControl): ReadonlySet<KeyText> => {
  const { hash } = control.head();
  const before = known.get(control);
  if (before?.hash === hash) return before.sequencers;
  const sequencers = new Set(
    control.from(0).flatMap(({ proposal: { content }, signed }) => {
      if (content.kind === "transfer") return [bytesToHex(content.device)];
      if (content.kind === "term") return [bytesToHex(content.sequencer)];
      const [founder] = content.kind === "genesis" ? signed.signatures : [];
      return founder === undefined ? [] : [bytesToHex(founder.signer)];
    }),
  );
  known.set(control, { hash, sequencers });
  return sequencers;
};

/** Asked each second: as of a head. */
const known = new WeakMap<
  ClosedControl,
  { readonly hash: ShortHash; readonly sequencers: ReadonlySet<KeyText> }
>();
