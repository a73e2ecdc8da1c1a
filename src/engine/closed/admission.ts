/**
 * A device that was handed chain and keys, and waits for the sequencer to admit it. The sequencer's
 * refusal stands in no record: what the chain says of the invite by which it came tells whether an
 * admission can come any more. It stands in the store's meta data until the network is left:
 *
 * `admission/<hash>` = [1, public key of the invite 32]
 */
import { bytesToHex } from "../../core/base/bytes.ts";
import { encodeCbor } from "../../core/cbor/item.ts";
import { expectCount, readSized, readWhole } from "../../core/cbor/structures.ts";
import { roleOf } from "../../core/network/closed/state.ts";
import type { AdmissionRefusal } from "../../core/wire/snapshots.ts";
import type { MetaChange } from "../device.ts";
import type { ClosedParts } from "./parts.ts";

/** Why the sequencer admits this device no more; null: it may yet, or is in, or was. */
export const admissionRefusal = (
  { control, cameBy, device }: Pick<ClosedParts, "control" | "cameBy" | "device">,
  nowMs: number,
): AdmissionRefusal | null => {
  if (cameBy === null || control.standingOf(device.certificate) !== "unknown") return null;
  const state = control.state();
  const invite = state.invites.get(bytesToHex(cameBy));
  // The record of it is on its way
  if (invite === undefined) return null;
  if (invite.isRevoked) return "invite-revoked";
  if (roleOf(state, invite.maker) === null) return "maker-removed";
  if (invite.usesLeft === 0) return "invite-used";
  return invite.expiry !== null && nowMs > invite.expiry ? "invite-expired" : null;
};

export const admissionKey = (networkHash: Uint8Array): string =>
  `admission/${bytesToHex(networkHash)}`;

export const admissionChange = (networkHash: Uint8Array, invite: Uint8Array): MetaChange => [
  admissionKey(networkHash),
  encodeCbor([1, invite]),
];

/** null: it made the network, or what was noted can not be read. */
export const readAdmission = (
  networkHash: Uint8Array,
  meta: ReadonlyMap<string, Uint8Array>,
): Uint8Array | null => {
  const bytes = meta.get(admissionKey(networkHash));
  if (bytes === undefined) return null;
  const read = readWhole(bytes, (reader) => {
    expectCount(reader, 2);
    if (reader.readUint() !== 1) reader.fail("unsupported", "another version");
    return readSized(reader, 32);
  });
  return read.ok ? read.value : null;
};
