/**
 * Recovery keys: kept elsewhere as text, brought back, and used to open a new term of the control
 * chain, when the sequencer is lost or two of its records contradict each other.
 */
import { bytesToHex, equalBytes, hexToBytes } from "../../core/base/bytes.ts";
import { invalid } from "../../core/base/errors.ts";
import type { CarriedKey } from "../../core/network/closed/content.ts";
import { sealEpochKey } from "../../core/network/closed/epoch.ts";
import { readRecoveryKey, recoveryKeyText } from "../../core/network/closed/recoveryKey.ts";
import { roleOf, type KeyText } from "../../core/network/closed/state.ts";
import type { Engine } from "../engine.ts";
import type { Store } from "../../storage/store.ts";
import { decide, propose, type Decision } from "./decide.ts";
import { gatheredUnder, recoverySigners, signAlso } from "./gather.ts";
import { isOpenBeside, isRecordedKey, keysFor } from "./keys.ts";
import { closedChange, recoveryChange, type ClosedMembership } from "./membership.ts";

/** Those of this device, as text. Throws `NotPermitted` where it has none. */
export const exportRecoveryKeys = (membership: ClosedMembership): readonly string[] =>
  seedsOf(membership).map(recoveryKeyText);

/** Throws `InvalidArgument` for what is no such key, or one of another network. */
export const importRecoveryKey = async (
  { deps: { crypto, store } }: Engine,
  membership: ClosedMembership,
  text: string,
): Promise<void> => {
  const read = readRecoveryKey(text);
  if (!read.ok) throw badRecoveryKey(recoveryKeyWords[read.error]);
  const publicKey = bytesToHex(await crypto.publicKey(read.value));
  if (!membership.control.state().recovery.keys.has(publicKey)) {
    throw badRecoveryKey("This recovery key is of another network.");
  }
  if (membership.recoverySeeds.some((seed) => equalBytes(seed, read.value))) return;
  await keepSeeds(store, membership, [...membership.recoverySeeds, read.value]);
};

/** They are with others by now: none of them is on this device from then on. */
export const forgetRecoveryKeys = (
  { deps: { store } }: Engine,
  membership: ClosedMembership,
): Promise<void> => keepSeeds(store, membership, []);

const keepSeeds = async (
  store: Pick<Store, "write">,
  membership: ClosedMembership,
  seeds: readonly Uint8Array[],
): Promise<void> => {
  const before = membership.recoverySeeds;
  membership.recoverySeeds = seeds;
  const meta = new Map([closedChange(membership), recoveryChange(membership)]);
  await store.write({ meta }).catch((error: unknown) => {
    membership.recoverySeeds = before;
    throw error;
  });
};

/**
 * The chain goes on behind its head, under that device; what stood beside counts no more. It waits
 * where more recovery keys are to agree than this device has: whoever asks for the same on another
 * device signs what is asked for here.
 */
export const openTerm = async (
  engine: Engine,
  membership: ClosedMembership,
  device: KeyText,
): Promise<Decision> => {
  const { crypto } = engine.deps;
  seedsOf(membership);
  const signers = await recoverySigners(membership, crypto);
  const asked = gatheredUnder(membership, device, signers);
  const signed = asked === null ? null : await signAlso(membership, asked, signers, crypto);
  if (signed !== null) return propose(engine, membership, signed);
  const keys = await orphanedKeys(engine, membership);
  const content = { kind: "term", sequencer: hexToBytes(device), keys } as const;
  return decide(engine, membership, content, signers);
};

/**
 * Of epochs that count no more once the term has begun, sealed under the one that goes on: as far
 * as all who have that one may have them.
 */
const orphanedKeys = async (
  { deps: { crypto } }: Engine,
  membership: ClosedMembership,
): Promise<readonly CarriedKey[]> => {
  const { control, network, keys } = membership;
  const state = control.state();
  const { epochs, devices } = state;
  const last = epochs.at(-1);
  const current = last === undefined ? undefined : keys.get(last.id);
  // Otherwise they are carried on behind a new key (carry.ts)
  if (current === undefined || isOpenBeside(control)) return [];
  const counting = new Set(epochs.map(({ id }) => id));
  const members = [...devices].flatMap(([name, { certificate }]) =>
    roleOf(state, name) === null ? [] : [certificate],
  );
  const orphaned = [...keysFor(membership, members)].filter(
    ([id, key]) => !counting.has(id) && isRecordedKey(control, { id, key }, network.networkHash),
  );
  return Promise.all(
    orphaned.map(([id, key]) => sealEpochKey({ id, key }, current, network.networkHash, crypto)),
  );
};

const seedsOf = ({ recoverySeeds }: ClosedMembership): readonly Uint8Array[] => {
  if (recoverySeeds.length > 0) return recoverySeeds;
  const advice = "take one in first, or use the device that made the network.";
  throw invalid("NotPermitted", `This device does not have a recovery key: ${advice}`);
};

const badRecoveryKey = (what: string): Error => invalid("InvalidArgument", what, "recoveryKey");

const recoveryKeyWords = {
  "recovery-key-form": "A recovery key has 14 groups of four letters and digits: some are missing.",
  "recovery-key-checksum": "Some character of the recovery key is mistyped: compare each group.",
} as const;
