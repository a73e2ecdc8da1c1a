/**
 * Messages that no honest peer sends, and good bytes with something wrong: for tests that play the
 * attacker.
 */
import { headerHashOf, scopeIdOf, writerIdOf } from "../../src/core/base/ids.ts";
import type { HeaderHash, ScopeId, WriterId } from "../../src/core/base/types.ts";
import type { Message } from "../../src/core/sync/frames.ts";
import { headsHashFrom } from "../../src/core/sync/heads.ts";
import { encodeRangesMessage } from "../../src/core/sync/rangesMessage.ts";
import type { Random } from "./random.ts";
import { anyRangesStep } from "./rangesSteps.ts";

/** What the attacked holds, so that some of what is said hits it. */
export interface HeldThere {
  readonly scope: ScopeId;
  readonly writer: WriterId;
  readonly header: HeaderHash;
}

/** In the form of the format, and of any content: one such source for a test. */
export const createHostileMessages = (held: HeldThere): ((random: Random) => Message) => {
  /** Requests count up, else the first high number would make all others old. */
  let lastWant = 0;
  return (random) => {
    const scope = random.chance(0.8) ? held.scope : scopeIdOf(random.bytes(16));
    const number = (): number => random.pick([1, 2, 3, 1_000, 2 ** 31, 2 ** 52]);
    const request = random.chance(0.3) ? null : number();
    const hash = (): HeaderHash =>
      random.chance(0.3) ? held.header : headerHashOf(random.bytes(32));
    const writer = random.chance(0.3) ? held.writer : writerIdOf(random.bytes(16));
    const message: readonly (() => Message)[] = [
      () => ({
        ...{ kind: "sync-request", pushTotal: number() },
        summaries: Array.from({ length: random.integer(3) }, () => ({
          ...{ scope, revision: number(), headsHash: headsHashFrom(random.bytes(32)) },
          proof: random.chance(0.5) ? random.bytes(32) : null,
          ...{ unread: 0, parked: 0, seen: number(), seenTips: number() },
          reply: random.chance(0.5),
        })),
      }),
      () => ({
        ...{ kind: "sync-response", scope, revision: number() },
        tips: random.chance(0.2) ? [] : [{ writer, n: number(), hash: hash() }],
      }),
      () => ({
        ...{ kind: "operation", request, position: number(), scope, end: random.chance(0.2) },
        segments: Array.from({ length: random.integer(3) }, () =>
          random.bytes(random.integer(900)),
        ),
      }),
      () => ({
        ...{ kind: "want", request: random.chance(0.1) ? 1 : ++lastWant, total: number() },
        ranges: Array.from({ length: random.integer(4) }, () => {
          return { scope, writer, tip: hash(), have: random.chance(0.5) ? [hash()] : [] };
        }),
      }),
      () => ({ kind: "credit", request, total: number() }),
      () => ({ kind: "heartbeat", number: number(), isAnswer: random.chance(0.5) }),
      () => ({ kind: "collection-announce", revision: number(), scopes: [scope, scope] }),
      () => ({ kind: "message", body: random.bytes(40) }),
      () => ({ kind: "fork", scope, header: random.bytes(50), signature: null }),
      () => ({ kind: "control", body: random.bytes(20) }),
      () => ({ kind: "acknowledge", body: random.bytes(20) }),
      () => {
        const headsHash = headsHashFrom(random.bytes(32));
        const body = { scope, headsHash, round: number(), step: anyRangesStep(random) };
        return { kind: "ranges", body: encodeRangesMessage(body) };
      },
      () => ({ kind: "bye", code: "closing" }),
    ];
    return random.pick(message.slice(0, random.chance(0.05) ? 13 : 12))();
  };
};

/** One thing wrong: a byte, a bit, an end, something more, something between, another type. */
export const mutated = (random: Random, frame: Uint8Array): Uint8Array => {
  const bytes = frame.slice();
  const at = random.integer(bytes.length);
  switch (random.integer(6)) {
    case 0:
      bytes[at] = random.integer(256);
      return bytes;
    case 1:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.integer(8));
      return bytes;
    case 2:
      return bytes.subarray(0, at);
    case 3:
      return Uint8Array.of(...bytes, ...random.bytes(1 + random.integer(20)));
    case 4:
      return Uint8Array.of(...bytes.subarray(0, at), ...random.bytes(3), ...bytes.subarray(at));
    default:
      // Cut out, doubled, or with a type of another message.
      bytes[0] = random.integer(256);
      return bytes;
  }
};
