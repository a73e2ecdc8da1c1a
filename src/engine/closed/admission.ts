/**
 * A device that was handed chain and keys, and waits for the sequencer to admit it. The sequencer's
 * refusal stands in no record: what the chain says of the invite by which it came tells whether an
 * admission can come any more. Its own chain ends where it was handed over, so it is told by
 * whoever is a member (stranger.ts); and by the maker of the invite what only the sequencer said.
 * All of it stands in the store's meta data, the first until the network is left:
 *
 * `admission/<hash>` = [2, public key of the invite 32, signature 64 of its seed over what is
 *   admitted, reason that it was told or nil]; before: [1, public key of the invite 32]
 * `refused/<hash>` = [1, [[signing key 32, reason], …]] of joiners that this device handed keys to
 */
import { bytesToHex, hexToBytes } from "../../core/base/bytes.ts";
import { refusedJoinersMax } from "../../core/base/limits.ts";
import { encodeCbor } from "../../core/cbor/item.ts";
import {
  expectCount,
  readList,
  readOptional,
  readSized,
  readWhole,
} from "../../core/cbor/structures.ts";
import { roleOf, type ControlState, type KeyText } from "../../core/network/closed/state.ts";
import { admissionRefusals, type AdmissionRefusal } from "../../core/wire/snapshots.ts";
import type { MetaChange } from "../device.ts";
import type { CameBy, ClosedParts } from "./parts.ts";

/** Why the sequencer admits this device no more; null: it may yet, or is in, or was. */
export const admissionRefusal = (
  { control, cameBy, device }: Pick<ClosedParts, "control" | "cameBy" | "device">,
  nowMs: number,
): AdmissionRefusal | null => {
  if (cameBy === null || control.standingOf(device.certificate) !== "unknown") return null;
  return inviteRefusal(control.state(), cameBy.invite, nowMs) ?? cameBy.told;
};

/** Why nobody comes in by an invite any more; null: somebody may, or it is not known here. */
export const inviteRefusal = (
  state: ControlState,
  publicKey: Uint8Array,
  nowMs: number,
): AdmissionRefusal | null => {
  const invite = state.invites.get(bytesToHex(publicKey));
  // The record of it is on its way
  if (invite === undefined) return null;
  if (invite.isRevoked) return "invite-revoked";
  if (roleOf(state, invite.maker) === null) return "maker-removed";
  if (invite.usesLeft === 0) return "invite-used";
  return invite.expiry !== null && nowMs > invite.expiry ? "invite-expired" : null;
};

/** Of the sequencer's answer; what the chain says of the invite tells more. */
export const refusalOf = (fault: string): AdmissionRefusal =>
  fault === "too-many" ? "network-full" : "not-allowed";

/** One that this version does not know says no less. */
export const refusalNamed = (reason: string): AdmissionRefusal =>
  admissionRefusals.find((known) => known === reason) ?? "not-allowed";

export const admissionKey = (networkHash: Uint8Array): string =>
  `admission/${bytesToHex(networkHash)}`;

export const admissionChange = (networkHash: Uint8Array, cameBy: CameBy): MetaChange => {
  const { invite, signature, told } = cameBy;
  const item = signature === null ? [1, invite] : [2, invite, signature, told];
  return [admissionKey(networkHash), encodeCbor(item)];
};

/** null: it made the network, or what was noted can not be read. */
export const readAdmission = (
  networkHash: Uint8Array,
  meta: ReadonlyMap<string, Uint8Array>,
): CameBy | null => {
  const bytes = meta.get(admissionKey(networkHash));
  if (bytes === undefined) return null;
  const read = readWhole(bytes, (reader): CameBy => {
    const count = reader.readArrayHead();
    const version = reader.readUint();
    if (version === 1 && count === 2) {
      return { invite: readSized(reader, 32), signature: null, told: null };
    }
    if (version !== 2) reader.fail("unsupported", "another version");
    if (count !== 4) reader.fail("wrongShape", "four parts are due");
    const [invite, signature] = [readSized(reader, 32), readSized(reader, 64)];
    const told = readOptional(reader, () => refusalNamed(reader.readText()));
    return { invite, signature, told };
  });
  return read.ok ? read.value : null;
};

export const refusedKey = (networkHash: Uint8Array): string => `refused/${bytesToHex(networkHash)}`;

/** The latest last; the oldest go where there are too many. */
export const refusedChange = ({
  network,
  refusedJoiners,
}: Pick<ClosedParts, "network" | "refusedJoiners">): MetaChange => {
  for (const device of refusedJoiners.keys()) {
    if (refusedJoiners.size <= refusedJoinersMax) break;
    refusedJoiners.delete(device);
  }
  const rows = Array.from(refusedJoiners, ([key, reason]) => [hexToBytes(key), reason] as const);
  return [refusedKey(network.networkHash), encodeCbor([1, rows])];
};

/** None where what was noted can not be read: then such a joiner waits unsaid. */
export const readRefused = (
  networkHash: Uint8Array,
  meta: ReadonlyMap<string, Uint8Array>,
): Map<KeyText, AdmissionRefusal> => {
  const bytes = meta.get(refusedKey(networkHash));
  if (bytes === undefined) return new Map();
  const read = readWhole(bytes, (reader) => {
    expectCount(reader, 2);
    if (reader.readUint() !== 1) reader.fail("unsupported", "another version");
    return readList(reader, () => {
      expectCount(reader, 2);
      return [bytesToHex(readSized(reader, 32)), refusalNamed(reader.readText())] as const;
    });
  });
  return new Map(read.ok ? read.value : []);
};
