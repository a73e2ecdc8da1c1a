/**
 * The recovery key: kept elsewhere as text, brought back, and used to open a new term of the
 * control chain, when the sequencer is lost or two of its records contradict each other.
 */
import { bytesToHex, hexToBytes } from "../../core/base/bytes.ts";
import { invalid } from "../../core/base/errors.ts";
import type { CarriedKey } from "../../core/network/closed/content.ts";
import { sealEpochKey } from "../../core/network/closed/epoch.ts";
import { readRecoveryKey, recoveryKeyText } from "../../core/network/closed/recoveryKey.ts";
import { roleOf, type KeyText } from "../../core/network/closed/state.ts";
import type { Engine } from "../engine.ts";
import { decide, type Decision } from "./decide.ts";
import { isOpenBeside, isRecordedKey, keysFor } from "./keys.ts";
import { closedChange, type ClosedMembership } from "./membership.ts";

/** Throws `NotPermitted` on a device that does not have it. */
export const exportRecoveryKey = (membership: ClosedMembership): string =>
  recoveryKeyText(recoverySeedOf(membership));

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
  membership.recoverySeed = read.value;
  await store.write({ meta: new Map([closedChange(membership)]) });
};

/** The chain goes on behind its head, under that device; what stood beside counts no more. */
export const openTerm = async (
  engine: Engine,
  membership: ClosedMembership,
  device: KeyText,
): Promise<Decision> => {
  const { crypto } = engine.deps;
  const seed = recoverySeedOf(membership);
  const signer = { seed, publicKey: await crypto.publicKey(seed) };
  const keys = await orphanedKeys(engine, membership);
  const content = { kind: "term", sequencer: hexToBytes(device), keys } as const;
  return decide(engine, membership, content, signer);
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

const recoverySeedOf = ({ recoverySeed }: ClosedMembership): Uint8Array => {
  if (recoverySeed !== null) return recoverySeed;
  const advice = "take it in first, or use the device that made the network.";
  throw invalid("NotPermitted", `This device does not have the recovery key: ${advice}`);
};

const badRecoveryKey = (what: string): Error => invalid("InvalidArgument", what, "recoveryKey");

const recoveryKeyWords = {
  "recovery-key-form": "A recovery key has 14 groups of four letters and digits: some are missing.",
  "recovery-key-checksum": "Some character of the recovery key is mistyped: compare each group.",
} as const;
