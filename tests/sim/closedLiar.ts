/**
 * What a lying member of a closed network does beside what any liar does (liar.ts): it signs two
 * segments at one n, dates them back under older control heads, spoils signatures, replays, sends
 * into other scopes, leaves out and withholds, claims what it does not have, floods, keeps records
 * of the chain from others, old chains handed to joiners among them, and does not listen to records
 * itself, so that it goes on writing when it is removed.
 */
import { concatBytes } from "../../src/core/base/bytes.ts";
import type { ScopeId } from "../../src/core/base/types.ts";
import { headOf } from "../../src/core/network/closed/record.ts";
import { openSegment } from "../../src/core/segment/open.ts";
import { sealSegment } from "../../src/core/segment/seal.ts";
import { deliverOwn } from "../../src/core/segment/deliver.ts";
import { encodeSegment, parseSegment } from "../../src/core/segment/segment.ts";
import { decodeControlMessage, encodeControlMessage } from "../../src/core/sync/controlMessage.ts";
import { decodeMessage, encodeMessage, type Message } from "../../src/core/sync/frames.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { certificateOf, keyringOf, type Home } from "../../src/engine/home.ts";
import type { Random } from "../support/random.ts";
import { createLiar, type Liar } from "./liar.ts";

export const createClosedLiar = (random: Random): Liar => {
  const liar = createLiar(random);
  let engine: Engine | null = null;
  let isLying = true;
  const kept: Uint8Array[] = [];

  const lie = async (frame: Uint8Array): Promise<readonly Uint8Array[]> => {
    const decoded = decodeMessage(frame);
    if (engine === null || !decoded.ok || decoded.value.kind === "foreign") return [frame];
    kept.push(frame);
    if (random.chance(0.05)) return [frame, random.pick(kept)];
    if (random.chance(0.01)) return new Array<Uint8Array>(200).fill(frame);
    const told = await lieIn(decoded.value, engine, random);
    return told === null ? [] : [encodeMessage(told)];
  };

  return {
    corrupt(present) {
      engine = present;
      liar.corrupt(present);
    },
    tamper(channel) {
      const inner = liar.tamper(channel);
      return {
        ...inner,
        send: async (frame) => {
          const frames = isLying && random.chance(0.15) ? await lie(frame) : [frame];
          for (const each of frames) await inner.send(each);
        },
        onFrame: (handler) => {
          inner.onFrame(deafTo(handler, () => isLying && random.chance(0.3)));
        },
      };
    },
    stop() {
      isLying = false;
      liar.stop();
    },
  };
};

/** To what others say of the chain. */
const deafTo =
  (handler: (frame: Uint8Array) => void, isDeaf: () => boolean): typeof handler =>
  (frame) => {
    const decoded = decodeMessage(frame);
    const isControl = decoded.ok && decoded.value.kind === "control";
    if (!(isControl && isDeaf())) handler(frame);
  };

/** null: it says nothing at all. */
const lieIn = async (message: Message, engine: Engine, random: Random): Promise<Message | null> => {
  switch (message.kind) {
    case "operation": {
      if (random.chance(0.1)) return null;
      const scope = random.chance(0.1) ? otherScope(message.scope, engine, random) : message.scope;
      const segments: Uint8Array[] = [];
      for (const bytes of message.segments) {
        if (random.chance(0.1)) continue;
        segments.push(await otherSegment(bytes, message.scope, engine, random));
      }
      return { ...message, scope, segments };
    }
    case "sync-response":
      return { ...message, tips: message.tips.map((tip) => inflated(tip, random)) };
    case "sync-request":
      return {
        ...message,
        summaries: message.summaries.map((each) => ({ ...each, proof: random.bytes(32) })),
      };
    case "control":
      return { ...message, body: otherChain(message.body, random) };
    case "acknowledge":
    case "bye":
    case "collection-announce":
    case "credit":
    case "fork":
    case "heartbeat":
    case "message":
    case "ranges":
    case "want":
      return message;
  }
};

const inflated = <T extends { readonly n: number }>(tip: T, random: Random): T =>
  random.chance(0.5) ? { ...tip, n: tip.n + 1 + random.integer(5) } : tip;

const otherScope = (scope: ScopeId, { registry }: Engine, random: Random): ScopeId =>
  random.pick([...registry.homes().map((home) => home.scope), scope]);

/** Records left out, spoilt, or in another order; what is no record is passed on spoilt. */
const otherChain = (body: Uint8Array, random: Random): Uint8Array => {
  const decoded = decodeControlMessage(body);
  if (!decoded.ok || decoded.value.kind !== "records" || random.chance(0.2)) {
    return concatBytes(body, random.bytes(1));
  }
  const { records } = decoded.value;
  const some = random.chance(0.5) ? records.slice(0, -1 - random.integer(3)) : records.toReversed();
  return encodeControlMessage({ kind: "records", records: some });
};

/** Of its own segments another at the same place, rightly signed; or one signed wrongly. */
const otherSegment = async (
  bytes: Uint8Array,
  scope: ScopeId,
  engine: Engine,
  random: Random,
): Promise<Uint8Array> => {
  const parsed = parseSegment(bytes);
  const home = engine.registry.home(scope);
  if (!parsed.ok || home === null) return bytes;
  const { header, headerBytes, signature, body } = parsed.value;
  const isOwn = home.writer?.id === header.writer;
  if (isOwn && random.chance(0.7)) return (await anew(home, bytes, engine, random)) ?? bytes;
  const wrong = signature === null ? null : random.bytes(signature.length);
  return encodeSegment(headerBytes, wrong, body);
};

const anew = async (
  home: Home,
  bytes: Uint8Array,
  { deps: { crypto } }: Engine,
  random: Random,
): Promise<Uint8Array | null> => {
  const { membership, scope } = home;
  const parsed = parseSegment(bytes);
  if (membership.kind !== "closed" || !parsed.ok) return null;
  const { control, device, network, keys } = membership;
  const origin = { signingKey: device.publicKey, certificate: certificateOf(home) };
  const opened = await openSegment(deliverOwn(parsed.value, origin), keyringOf(home), crypto);
  const heads = control.from(0).map(headOf);
  const head = random.chance(0.5) ? random.pick(heads) : parsed.value.header.controlHead;
  const id = head === null ? null : control.epochAt(head);
  const key = id === null ? undefined : keys.get(id);
  if (opened.kind !== "plain" || id === null || key === undefined) return null;
  const { header } = parsed.value;
  const time = { ...header.time, ms: Math.max(0, header.time.ms - random.pick([0, 1, 1e9])) };
  const sealing = {
    ...({ suite: 1, networkHash: network.networkHash, scope, mayCompress: true } as const),
    ...{ epoch: { id, key }, signingSeed: device.seed },
  };
  const draft = { ...header, controlHead: head, time, body: opened.body };
  return (await sealSegment(draft, sealing, crypto)).bytes;
};
