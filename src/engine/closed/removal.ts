/**
 * A device that was away when it was removed, and whoever it meets then: it is told so by the
 * records of the chain up to its removal, which it checks by itself. It proved before that it holds
 * that device's key; those records name nobody and nothing that it could not have seen as a member,
 * and the keys in the last of them are sealed to others.
 */
import { bytesToHex } from "../../core/base/bytes.ts";
import { controlRecordsMax, removalsToldMax, removalToldTicksMin } from "../../core/base/limits.ts";
import type { PeerChannel } from "../../core/net/carrier.ts";
import type { CheckedCertificate } from "../../core/network/certificate.ts";
import type { ControlHead } from "../../core/network/control.ts";
import { decodeControlMessage, type ControlMessage } from "../../core/sync/controlMessage.ts";
import { createReceiver } from "../../core/sync/receive.ts";
import type { Engine } from "../engine.ts";
import { takeRecords } from "./decide.ts";
import { sendControl, untilHungUp, withinTime } from "./meeting.ts";
import type { ClosedMembership } from "./membership.ts";
import { partsOf } from "./wire.ts";

export interface Removed {
  readonly membership: ClosedMembership;
  readonly certificate: CheckedCertificate;
  /** Where it stands by what it signed. */
  readonly at: ControlHead;
  readonly nextFrame: () => Promise<Uint8Array | null>;
}

/** Sends what it lacks, and leaves the end of the channel to it. */
export const tellRemoved = async (
  { engine, ticks }: { readonly engine: Engine; readonly ticks: number },
  channel: PeerChannel,
  { membership, certificate, at, nextFrame }: Removed,
): Promise<void> => {
  const records = recordsUpToRemoval(membership, certificate.signingKey, at);
  if (records.length === 0) membership.knowRemoved.add(bytesToHex(certificate.signingKey));
  if (records.length === 0 || !isDue(membership, certificate, ticks)) return;
  const messages = partsOf(records).map((part): ControlMessage => {
    return { kind: "records", records: part };
  });
  if (!(await sendControl(channel, messages))) return;
  await untilHungUp(engine, channel, nextFrame);
};

/** Parents first; none: it has heard of it, or was never removed. */
export const recordsUpToRemoval = (
  { control }: Pick<ClosedMembership, "control">,
  signingKey: Uint8Array,
  at: ControlHead,
): readonly Uint8Array[] => {
  const removedAt = control.removedAt(signingKey);
  if (removedAt === null) return [];
  const found = control.find(at);
  // It has the genesis; where it is on another branch, from the last record in common
  const from = found.kind === "known" ? found.position + 1 : 1;
  return control
    .from(from)
    .filter(({ height }) => height <= removedAt)
    .map(({ bytes }) => bytes);
};

/** A chain is long: whoever asks again and again is not given it each time. */
const isDue = (
  membership: ClosedMembership,
  { signingKey }: CheckedCertificate,
  ticks: number,
): boolean => {
  const told = toldAt.get(membership) ?? new Map<string, number>();
  toldAt.set(membership, told);
  const device = bytesToHex(signingKey);
  const last = told.get(device);
  if (last !== undefined && ticks - last < removalToldTicksMin) return false;
  told.delete(device);
  told.set(device, ticks);
  const [oldest] = told.keys();
  if (told.size > removalsToldMax && oldest !== undefined) told.delete(oldest);
  return true;
};

/** In ticks; the latest last. */
const toldAt = new WeakMap<ClosedMembership, Map<string, number>>();

/**
 * This device's side of it. True: it knows by now. What came before the channel ended is kept, so
 * that the next one has less to bring.
 */
export const hearRemoval = (
  engine: Engine,
  membership: ClosedMembership,
  channel: PeerChannel,
  nextFrame: () => Promise<Uint8Array | null>,
): Promise<boolean> =>
  withinTime(engine, channel, () => takeRemoval(engine, membership, nextFrame));

const takeRemoval = async (
  engine: Engine,
  membership: ClosedMembership,
  nextFrame: () => Promise<Uint8Array | null>,
): Promise<boolean> => {
  const receiver = createReceiver();
  let count = 0;
  let hasNew = false;
  while (membership.standing() !== "removed" && count <= controlRecordsMax) {
    const frame = await nextFrame();
    const received = frame === null ? null : receiver.take(frame);
    if (received?.ok !== true) break;
    if (received.value === null) continue;
    const { message } = received.value;
    const body = message.kind === "control" ? decodeControlMessage(message.body) : null;
    if (body?.ok !== true || body.value.kind !== "records") break;
    const taken = await takeRecords(engine, membership, body.value.records);
    count += body.value.records.length;
    hasNew ||= taken.hasNew;
    // Whoever sends what does not hold has nothing to tell
    if (taken.faults.length > 0) break;
  }
  return hasNew;
};
