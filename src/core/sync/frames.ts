/**
 * The messages of a sync session and their bytes (FORMATS.md §8). A frame is `type u8, body`; the
 * carrier adds its length. Bodies are arrays; the last element is a list of extensions
 * `[[id, critical?, bytes], …]`. Ids stand as byte strings, counts as unsigned integers.
 *
 *  2 heartbeat      [number, answer?, extensions]
 *  3 control        [body bstr, extensions], body as controlMessage.ts has it
 *  4 acknowledge    [body bstr, extensions], body as acknowledgeMessage.ts has it
 *  5 sync_request   [push total, [summary, …], extensions]
 *       summary     [scope, revision, heads hash, digest proof or nil, unread, parked, seen,
 *                    seen tips, reply?]
 *  6 collection_announce [revision, [scope, …], extensions]
 *  7 sync_response  [scope, revision, [[writer, n, header hash], …] rising, extensions]
 *  9 operation      [request or nil: pushed, position, scope, [segment bstr, …], end?, extensions]
 * 10 message        [body bstr, extensions], body as applicationMessage.ts has it
 * 11 want           [request, total, [[scope, writer, tip, [header hash held, …]], …], extensions]
 * 12 fork           [scope, header bstr, signature bstr or nil, extensions]
 * 13 credit         [request or nil for pushes, total, extensions]
 * 15 ranges         [body bstr, extensions], body as rangesMessage.ts has it
 * 25 bye            [code, extensions]
 *
 * Everything is absolute, so that a message may be lost, repeated or overtaken:
 * - `revision` rises with every change of what the sender holds in a scope; `seen` and `seen tips`
 *   are the last revisions of the receiver's summary and tips that the sender knows; `reply` asks
 *   for a summary since the receiver is not known to have seen this one.
 * - `position` is how many bytes of segments the sender sent before these for that request, or as
 *   pushes; `total` up to which position it may send.
 * - `collection_announce` lists all scopes that the sender shares, the last revision counts. It is
 *   said to a peer that named one which is not among them, or no longer.
 * A heartbeat that is no answer is answered with its number. Other types are only recognised here.
 * Types of no name: even ones are ignored, odd ones answered with bye(version).
 */
import { hexToBytes } from "../base/bytes.ts";
import { writerIdOf } from "../base/ids.ts";
import {
  announcedScopesMax,
  messageBytesMax,
  operationSegmentsMax,
  summariesPerMessageMax,
  tipsPerMessageMax,
  wantHavesMax,
  wantRangesMax,
} from "../base/limits.ts";
import { fail, ok, unreachable, type Result } from "../base/result.ts";
import type { HeaderHash, ScopeId, WriterId } from "../base/types.ts";
import { readForm } from "../cbor/form.ts";
import { CborReader } from "../cbor/reader.ts";
import { readList } from "../cbor/structures.ts";
import { CborWriter } from "../cbor/writer.ts";
import { hasUnknownCritical, readExtensions } from "../network/extensions.ts";
import {
  expectParts,
  readHash,
  readNull,
  readPosition,
  readPositive,
  readRequest,
  readScope,
  readSized,
  writeBytes,
  writeBytesOrNil,
  writeHash,
  writeList,
  writeRequest,
} from "./frameParts.ts";
import { compareTips, headsHashFrom, type HeadsHash, type Tip } from "./heads.ts";

/** What a peer says of one scope. */
export interface Summary {
  readonly scope: ScopeId;
  readonly revision: number;
  readonly headsHash: HeadsHash;
  /**
   * `digestProof` of 32 bytes; null while the sender has not read everything, or not computed it.
   */
  readonly proof: Uint8Array | null;
  /** Segments held but not read. */
  readonly unread: number;
  /** Documents that need a newer version. */
  readonly parked: number;
  /** Last revisions of the receiver's summary and tips that the sender knows; 0: none. */
  readonly seen: number;
  readonly seenTips: number;
  readonly reply: boolean;
}

/** All from what I hold up to a tip. */
export interface WantRange {
  readonly scope: ScopeId;
  readonly writer: WriterId;
  readonly tip: HeaderHash;
  /** My tips of that writer first, then headers spaced ever wider below them. */
  readonly have: readonly HeaderHash[];
}

export type Message =
  | {
      readonly kind: "sync-request";
      readonly pushTotal: number;
      readonly summaries: readonly Summary[];
    }
  | {
      readonly kind: "sync-response";
      readonly scope: ScopeId;
      readonly revision: number;
      readonly tips: readonly Tip[];
    }
  | {
      readonly kind: "operation";
      /** Null: pushed. */
      readonly request: number | null;
      readonly position: number;
      readonly scope: ScopeId;
      readonly segments: readonly Uint8Array[];
      readonly end: boolean;
    }
  | {
      readonly kind: "want";
      readonly request: number;
      readonly total: number;
      readonly ranges: readonly WantRange[];
    }
  | {
      /**
       * A header of a writer that the receiver believes its own, and does not know: it ends that
       * writer.
       */
      readonly kind: "fork";
      readonly scope: ScopeId;
      readonly header: Uint8Array;
      readonly signature: Uint8Array | null;
    }
  | { readonly kind: "credit"; readonly request: number | null; readonly total: number }
  | {
      readonly kind: "collection-announce";
      readonly revision: number;
      readonly scopes: readonly ScopeId[];
    }
  /**
   * Of a closed network's chain, about who holds what, about documents that differ though heads are
   * equal, or the application's own: none of the session's affairs.
   */
  | { readonly kind: OtherBody; readonly body: Uint8Array }
  | { readonly kind: "heartbeat"; readonly number: number; readonly isAnswer: boolean }
  | { readonly kind: "bye"; readonly code: ByeCode };

/** What others than the session read. */
export type OtherBody = "control" | "acknowledge" | "ranges" | "message";

/** Of another version, or not used by this one. */
export interface ForeignMessage {
  readonly kind: "foreign";
  readonly type: number;
  readonly reason: "type-unused" | "type-unknown" | "version-newer";
}

export type ByeCode = "closing" | "version" | "malformed" | "rate" | "unknown";

export type MessageFault = "frame-length" | "frame-malformed" | "frame-critical-extension";

export const messageTypes = {
  greeting: 1,
  heartbeat: 2,
  control: 3,
  acknowledge: 4,
  "sync-request": 5,
  "collection-announce": 6,
  "sync-response": 7,
  "collection-request": 8,
  operation: 9,
  message: 10,
  want: 11,
  fork: 12,
  credit: 13,
  ranges: 15,
  "blob-request": 17,
  "blob-response": 19,
  "checkpoint-request": 21,
  "checkpoint-response": 23,
  bye: 25,
} as const;

/** Type and body. Longer than a frame, it goes through `splitMessage`. */
export const encodeMessage = (message: Message): Uint8Array => {
  const writer = new CborWriter();
  writer.raw(Uint8Array.of(messageTypes[message.kind]));
  writeBody(writer, message);
  return writer.take();
};

/** Of a peer's type and body, whole. Never throws. */
export const decodeMessage = (
  bytes: Uint8Array,
): Result<Message | ForeignMessage, MessageFault> => {
  const type = bytes[0];
  if (type === undefined || bytes.length > messageBytesMax) return fail("frame-length");
  const readBody = bodyReaders.get(type);
  if (readBody === undefined) return ok(foreign(type));
  const read = readForm(() => {
    const reader = new CborReader(bytes, 1, bytes.length, messageItemsMax);
    const parts = reader.readArrayHead();
    const message = readBody(reader, parts - 1);
    const extensions = readExtensions(reader);
    reader.expectEnd();
    return { message, isReadable: !hasUnknownCritical(extensions) };
  });
  if (!read.ok) return fail("frame-malformed");
  return read.value.isReadable ? ok(read.value.message) : fail("frame-critical-extension");
};

/** The longest list of tips, three parts and a head each, and room for the rest. */
const messageItemsMax = tipsPerMessageMax * 4 + 1_024;

const writeBody = (writer: CborWriter, message: Message): void => {
  switch (message.kind) {
    case "sync-request":
      writer.arrayHead(3);
      writer.uint(message.pushTotal);
      writeList(writer, message.summaries, writeSummary);
      break;
    case "sync-response":
      writer.arrayHead(4);
      writer.bytes(hexToBytes(message.scope));
      writer.uint(message.revision);
      writeList(writer, message.tips, writeTip);
      break;
    case "operation":
      writer.arrayHead(6);
      writeRequest(writer, message.request);
      writer.uint(message.position);
      writer.bytes(hexToBytes(message.scope));
      writeList(writer, message.segments, writeBytes);
      writer.bool(message.end);
      break;
    case "want":
      writer.arrayHead(4);
      writer.uint(message.request);
      writer.uint(message.total);
      writeList(writer, message.ranges, writeRange);
      break;
    case "fork":
      writer.arrayHead(4);
      writer.bytes(hexToBytes(message.scope));
      writer.bytes(message.header);
      writeBytesOrNil(writer, message.signature);
      break;
    case "credit":
      writer.arrayHead(3);
      writeRequest(writer, message.request);
      writer.uint(message.total);
      break;
    case "control":
    case "acknowledge":
    case "ranges":
    case "message":
      writer.arrayHead(2);
      writer.bytes(message.body);
      break;
    case "heartbeat":
      writer.arrayHead(3);
      writer.uint(message.number);
      writer.bool(message.isAnswer);
      break;
    case "collection-announce":
      writer.arrayHead(3);
      writer.uint(message.revision);
      writeList(writer, message.scopes, writeHash);
      break;
    case "bye":
      writer.arrayHead(2);
      writer.uint(byeCodes.indexOf(message.code));
      break;
    default:
      unreachable(message);
  }
  writer.arrayHead(0);
};

const writeSummary = (writer: CborWriter, summary: Summary): void => {
  writer.arrayHead(9);
  writer.bytes(hexToBytes(summary.scope));
  writer.uint(summary.revision);
  writer.bytes(hexToBytes(summary.headsHash));
  writeBytesOrNil(writer, summary.proof);
  writer.uint(summary.unread);
  writer.uint(summary.parked);
  writer.uint(summary.seen);
  writer.uint(summary.seenTips);
  writer.bool(summary.reply);
};

const writeTip = (writer: CborWriter, { writer: id, n, hash }: Tip): void => {
  writer.arrayHead(3);
  writer.bytes(hexToBytes(id));
  writer.uint(n);
  writer.bytes(hexToBytes(hash));
};

const writeRange = (writer: CborWriter, range: WantRange): void => {
  writer.arrayHead(4);
  writer.bytes(hexToBytes(range.scope));
  writer.bytes(hexToBytes(range.writer));
  writer.bytes(hexToBytes(range.tip));
  writeList(writer, range.have, writeHash);
};

const readSummaries = (reader: CborReader, parts: number): Message => {
  expectParts(reader, parts, 2);
  const pushTotal = reader.readUint();
  const summaries = readList(reader, () => readSummary(reader), summariesPerMessageMax);
  return { kind: "sync-request", pushTotal, summaries };
};

const readSummary = (reader: CborReader): Summary => {
  expectParts(reader, reader.readArrayHead(), 9);
  return {
    scope: readScope(reader),
    revision: readPositive(reader),
    headsHash: headsHashFrom(readSized(reader, 32)),
    proof: reader.peekNil() ? readNull(reader) : readSized(reader, 32),
    unread: reader.readUint(),
    parked: reader.readUint(),
    seen: reader.readUint(),
    seenTips: reader.readUint(),
    reply: reader.readBoolean(),
  };
};

const readTips = (reader: CborReader, parts: number): Message => {
  expectParts(reader, parts, 3);
  const scope = readScope(reader);
  const revision = readPositive(reader);
  let before: Tip | null = null;
  const readNext = (): Tip => {
    const tip = readTip(reader);
    const isRising = before === null || compareTips(before, tip) < 0;
    if (!isRising) reader.fail("wrongShape", "tips out of order");
    before = tip;
    return tip;
  };
  const tips = readList(reader, readNext, tipsPerMessageMax);
  return { kind: "sync-response", scope, revision, tips };
};

const readTip = (reader: CborReader): Tip => {
  expectParts(reader, reader.readArrayHead(), 3);
  return {
    writer: writerIdOf(readSized(reader, 16)),
    n: readPositive(reader),
    hash: readHash(reader),
  };
};

const readOperation = (reader: CborReader, parts: number): Message => {
  expectParts(reader, parts, 5);
  return {
    kind: "operation",
    request: readRequest(reader),
    position: readPosition(reader),
    scope: readScope(reader),
    segments: readList(reader, () => reader.readBytes(), operationSegmentsMax),
    end: reader.readBoolean(),
  };
};

const readWant = (reader: CborReader, parts: number): Message => {
  expectParts(reader, parts, 3);
  return {
    kind: "want",
    request: readPositive(reader),
    total: readPosition(reader),
    ranges: readList(reader, () => readRange(reader), wantRangesMax),
  };
};

const readRange = (reader: CborReader): WantRange => {
  expectParts(reader, reader.readArrayHead(), 4);
  return {
    scope: readScope(reader),
    writer: writerIdOf(readSized(reader, 16)),
    tip: readHash(reader),
    have: readList(reader, () => readHash(reader), wantHavesMax),
  };
};

const readFork = (reader: CborReader, parts: number): Message => {
  expectParts(reader, parts, 3);
  return {
    kind: "fork",
    scope: readScope(reader),
    header: reader.readBytes(),
    signature: reader.peekNil() ? readNull(reader) : readSized(reader, 64),
  };
};

const readCredit = (reader: CborReader, parts: number): Message => {
  expectParts(reader, parts, 2);
  return { kind: "credit", request: readRequest(reader), total: readPosition(reader) };
};

const readBodyOf =
  (kind: OtherBody) =>
  (reader: CborReader, parts: number): Message => {
    expectParts(reader, parts, 1);
    return { kind, body: reader.readBytes() };
  };

const readHeartbeat = (reader: CborReader, parts: number): Message => {
  expectParts(reader, parts, 2);
  return { kind: "heartbeat", number: reader.readUint(), isAnswer: reader.readBoolean() };
};

const readAnnouncement = (reader: CborReader, parts: number): Message => {
  expectParts(reader, parts, 2);
  const revision = readPositive(reader);
  const scopes = readList(reader, () => readScope(reader), announcedScopesMax);
  return { kind: "collection-announce", revision, scopes };
};

const readBye = (reader: CborReader, parts: number): Message => {
  expectParts(reader, parts, 1);
  return { kind: "bye", code: byeCodes[reader.readUint()] ?? "unknown" };
};

const foreign = (type: number): ForeignMessage => {
  const isNamed = namedTypes.has(type);
  const reason = type % 2 === 0 ? "type-unknown" : "version-newer";
  return { kind: "foreign", type, reason: isNamed ? "type-unused" : reason };
};

/** By their number on the wire. A code that this version does not know is `unknown`. */
const byeCodes: readonly ByeCode[] = ["closing", "version", "malformed", "rate", "unknown"];
const namedTypes: ReadonlySet<number> = new Set(Object.values(messageTypes));
const bodyReaders: ReadonlyMap<number, (reader: CborReader, parts: number) => Message> = new Map([
  [messageTypes["sync-request"], readSummaries],
  [messageTypes["sync-response"], readTips],
  [messageTypes.operation, readOperation],
  [messageTypes.want, readWant],
  [messageTypes.fork, readFork],
  [messageTypes.credit, readCredit],
  [messageTypes.control, readBodyOf("control")],
  [messageTypes.acknowledge, readBodyOf("acknowledge")],
  [messageTypes.ranges, readBodyOf("ranges")],
  [messageTypes.message, readBodyOf("message")],
  [messageTypes.heartbeat, readHeartbeat],
  [messageTypes["collection-announce"], readAnnouncement],
  [messageTypes.bye, readBye],
]);
