/**
 * Both ends of an invite on one channel, between the greeting and the session: the maker hands over
 * the chain and what opens it, the joiner takes both in.
 */
import { controlRecordsMax, greetingMillisecondsMax } from "../../core/base/limits.ts";
import type { PeerChannel } from "../../core/net/carrier.ts";
import type { CheckedCertificate } from "../../core/network/certificate.ts";
import {
  decodeControlMessage,
  encodeControlMessage,
  type ControlMessage,
} from "../../core/sync/controlMessage.ts";
import { encodeMessage } from "../../core/sync/frames.ts";
import { splitMessage } from "../../core/sync/pieces.ts";
import { createReceiver } from "../../core/sync/receive.ts";
import type { Engine } from "../engine.ts";
import { refusalNamed } from "./admission.ts";
import { admitJoiner } from "./admit.ts";
import { completeJoining } from "./create.ts";
import type { Joining } from "./joining.ts";
import { openHandover } from "./handover.ts";
import type { ClosedMembership } from "./membership.ts";
import { partsOf } from "./wire.ts";

interface Joiner {
  readonly invite: Uint8Array;
  readonly certificate: CheckedCertificate;
  readonly nextFrame: () => Promise<Uint8Array | null>;
}

/**
 * null: the invite can not be used any more, which the joiner is told, or it went. Gives its
 * certificate in the network.
 */
export const handOver = async (
  engine: Engine,
  membership: ClosedMembership,
  channel: PeerChannel,
  { invite, certificate, nextFrame }: Joiner,
): Promise<CheckedCertificate | null> => {
  const handed = await admitJoiner(engine, membership, invite, certificate);
  if (handed === null) return null;
  if (typeof handed === "string") {
    if (await sendControl(channel, [{ kind: "refusal", reason: handed }])) {
      await untilHungUp(engine, channel, nextFrame);
    }
    return null;
  }
  const messages: readonly ControlMessage[] = [
    ...partsOf(handed.records).map((records) => ({ kind: "records", records }) as const),
    { kind: "handover", sealed: handed.sealed },
  ];
  return (await sendControl(channel, messages)) ? handed.certificate : null;
};

/**
 * What is under way when a channel closes may be lost, so its end is left to the other side. Who
 * does not hang up is hung up on; whatever else it says meanwhile is heard by nobody.
 */
export const untilHungUp = (
  engine: Engine,
  channel: PeerChannel,
  nextFrame: () => Promise<Uint8Array | null>,
): Promise<void> =>
  withinTime(engine, channel, async () => {
    while ((await nextFrame()) !== null);
  });

/** What is run waits for the channel, which is closed when its time is over. */
export const withinTime = async <T>(
  { deps: { timers } }: Engine,
  channel: PeerChannel,
  run: () => Promise<T>,
): Promise<T> => {
  const cancel = timers.after(greetingMillisecondsMax, () => {
    channel.close();
  });
  try {
    return await run();
  } finally {
    cancel();
  }
};

/** Beside a session. False: the channel closed meanwhile, and tells so by itself. */
export const sendControl = async (
  channel: PeerChannel,
  messages: readonly ControlMessage[],
): Promise<boolean> => {
  for (const [index, message] of messages.entries()) {
    const bytes = encodeMessage({ kind: "control", body: encodeControlMessage(message) });
    // Apart from those of the session that follows
    for (const frame of splitMessage(bytes, 2 ** 31 + index)) {
      const isSent = await channel.send(frame).then(
        () => true,
        () => false,
      );
      if (!isSent) return false;
    }
  }
  return true;
};

/** null: the maker hung up, or what it handed over is not of the network that the link names. */
export const takeOver = async (
  engine: Engine,
  joining: Joining,
  makerKey: Uint8Array,
  nextFrame: () => Promise<Uint8Array | null>,
): Promise<ClosedMembership | null> => {
  const receiver = createReceiver();
  const records: Uint8Array[] = [];
  for (;;) {
    const frame = await nextFrame();
    if (frame === null) return null;
    const received = receiver.take(frame);
    if (!received.ok) return null;
    if (received.value === null) continue;
    const { message } = received.value;
    const body = message.kind === "control" ? decodeControlMessage(message.body) : null;
    if (body?.ok !== true) return null;
    if (body.value.kind === "records") records.push(...body.value.records);
    if (records.length > controlRecordsMax) return null;
    if (body.value.kind === "refusal") joining.refused.reason = refusalNamed(body.value.reason);
    if (body.value.kind === "handover") {
      return complete(engine, joining, { makerKey, records, sealed: body.value.sealed });
    }
  }
};

const complete = async (
  engine: Engine,
  joining: Joining,
  {
    makerKey,
    records,
    sealed,
  }: {
    readonly makerKey: Uint8Array;
    readonly records: readonly Uint8Array[];
    readonly sealed: Uint8Array;
  },
): Promise<ClosedMembership | null> => {
  const { device, invite } = joining;
  const place = {
    ...{ networkHash: invite.networkHash, maker: makerKey, joiner: device.publicKey },
  };
  const { crypto } = engine.deps;
  const handover = await openHandover(sealed, device.xWingSeed, place, crypto);
  return handover === null ? null : completeJoining(engine, joining, records, handover);
};
