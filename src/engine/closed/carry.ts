/**
 * Keys that the present one does not lead to: two were made at once, or by who lacked the other, or
 * a term left one beside the chain. Whoever has such a key carries it on, of whatever role, so that
 * all members read what was written under it.
 *
 * One thing holds a key back: it was made on a branch beside the chain behind a removal that may be
 * made again. What was written meanwhile is not for whoever that is about, until it is plain that
 * he stays: by the chain's rules, or since whoever wanted him out was refused.
 */
import { bytesToHex, equalBytes } from "../../core/base/bytes.ts";
import { controlListMax } from "../../core/base/limits.ts";
import type { ShortHash } from "../../core/base/types.ts";
import { sealEpochKey } from "../../core/network/closed/epoch.ts";
import { epochIdOf, type ControlRecord } from "../../core/network/closed/record.ts";
import { proposalFault } from "../../core/network/closed/state.ts";
import type { EpochKey } from "../../core/network/keys.ts";
import type { Engine } from "../engine.ts";
import { decide, type Wanted } from "./decide.ts";
import { isOpenBeside, skippedKeys } from "./keys.ts";
import type { ClosedMembership } from "./membership.ts";
import { isSequencer } from "./order.ts";

/** Asked once a second. True: something was proposed. */
export const carryKeys = async (engine: Engine, membership: ClosedMembership): Promise<boolean> => {
  // A new key comes first (epochs.ts)
  if (isOpenBeside(membership.control) || !isTurn(membership)) return false;
  const withheld = withheldEpochs(membership, engine.deps.timers.now());
  const skipped = (await skippedKeys(engine, membership)).filter(({ id }) => !withheld.has(id));
  if (skipped.length === 0) return false;
  const wanted = keysWanted(engine, membership, skipped.slice(0, controlListMax));
  return (await decide(engine, membership, wanted)).kind !== "refused";
};

/**
 * Once for all that is as it is now, and only when it stays so: by whoever decides, and by others
 * where that one did not.
 */
const isTurn = (membership: ClosedMembership): boolean => {
  const { control, keys, proposals } = membership;
  const standing = membership.standing();
  if (control.isFrozen() || standing === "waiting" || standing === "removed") return false;
  const now = `${control.head().hash}/${keys.size}/${proposals.size}`;
  const before = looks.get(membership);
  const count = before?.at === now ? before.count + 1 : 0;
  looks.set(membership, { at: now, count });
  if (count !== (isSequencer(membership) ? 1 : othersAfter)) return false;
  return ![...proposals.values()].some(({ proposal }) => proposal.content.kind === "keys");
};

/** How often it looked the same in a row. */
const looks = new WeakMap<ClosedMembership, { readonly at: string; readonly count: number }>();
const othersAfter = 4;

const keysWanted =
  (
    { deps: { crypto } }: Engine,
    { control, keys, network: { networkHash } }: ClosedMembership,
    skipped: readonly EpochKey[],
  ): Exclude<Wanted, { readonly kind: string }> =>
  async (base) => {
    const under = keys.get(control.epochAt(base));
    const sealed =
      under === undefined
        ? []
        : skipped.map((each) => sealEpochKey(each, under, networkHash, crypto));
    return { kind: "keys", keys: await Promise.all(sealed) };
  };

/** Those behind a removal that may be made again. */
const withheldEpochs = (membership: ClosedMembership, nowMs: number): ReadonlySet<ShortHash> => {
  const { control } = membership;
  const counting = new Set(control.from(0));
  const byHash = new Map(control.records().map((record) => [record.hash, record]));
  const isWithheld = (epoch: ControlRecord): boolean => {
    let at: ControlRecord | undefined = epoch;
    while (at !== undefined && !counting.has(at)) {
      if (mayComeAgain(membership, at, nowMs)) return true;
      at = at.previous === null ? undefined : byHash.get(at.previous);
    }
    return false;
  };
  const epochs = control.records().filter(({ proposal: { content } }) => "epoch" in content);
  return new Set(epochs.filter(isWithheld).map(epochIdOf));
};

/** Whoever proposed a removal knows whether it still waits; others, whether it would be taken. */
const mayComeAgain = (
  { control, device, proposals }: ClosedMembership,
  { proposal: { content, nonce }, signed: { signatures } }: ControlRecord,
  ms: number,
): boolean => {
  const state = control.state();
  if (content.kind !== "remove" || state.nonces.has(bytesToHex(nonce))) return false;
  const signers = signatures.map(({ signer }) => bytesToHex(signer));
  const evidence = { certificate: null, isInvited: false, knownHeight: control.head().height };
  if (proposalFault(state, content, { signers, ms, evidence }) !== null) return false;
  const isOwn = signatures.some(({ signer }) => equalBytes(signer, device.publicKey));
  // Under whatever name: it may have been made anew for the members of now (anew.ts)
  const waits = [...proposals.values()].some(({ proposal }) => proposal.content.kind === "remove");
  return !isOwn || waits;
};
