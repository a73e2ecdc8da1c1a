/**
 * Messages longer than a frame. A piece is a frame whose type has its high bit set:
 *
 *   type | 0x80, message number u32 LE, index u16 LE, count u16 LE, bytes
 *
 * Joined, the bytes of all pieces are the body of a message of that type. The number tells a
 * sender's messages apart, so pieces may come twice or in any order; a message of which one is lost
 * never comes to be, and is dropped whole as soon as others need its memory.
 */
import { concatBytes } from "../base/bytes.ts";
import {
  controlMessageBytesTarget,
  frameBytesMax,
  messageAssembliesMax,
  messageBytesMax,
  messagePiecesMax,
} from "../base/limits.ts";
import { assert, fail, ok, type Result } from "../base/result.ts";
import { counted, type SyncCounters } from "./reasons.ts";

export type PieceFault = "frame-length" | "piece-malformed" | "message-too-long";

export interface Assembler {
  /**
   * Takes a peer's frame; gives a message's type and body once all of it is there, null before.
   * A frame that is no piece is a message of its own. Never throws.
   */
  readonly add: (frame: Uint8Array) => Result<Uint8Array | null, PieceFault>;
  /** Bytes of messages that are not whole yet: at most `messageBytesMax`. */
  readonly heldBytes: () => number;
  readonly counters: () => SyncCounters;
}

/**
 * A message's frames, in order: itself if it fits `frameBytes`, else its pieces. `number` must
 * differ from that of every other message to the same peer not yet sent whole.
 */
export const splitMessage = (
  message: Uint8Array,
  number: number,
  frameBytes = frameBytesMax,
): readonly Uint8Array[] => {
  assert(message.length > 0 && message.length <= messageBytesMax, "a message has a legal length");
  if (message.length <= frameBytes) return [message];
  const pieceBytes = frameBytes - pieceHeadBytes;
  const count = Math.ceil((message.length - 1) / pieceBytes);
  assert(pieceBytes > 0 && count <= messagePiecesMax, "frames are long enough for the message");
  return Array.from({ length: count }, (_, index) => {
    const from = 1 + index * pieceBytes;
    const part = message.subarray(from, from + pieceBytes);
    const piece = new Uint8Array(pieceHeadBytes + part.length);
    const view = new DataView(piece.buffer);
    piece[0] = (message[0] ?? 0) | pieceFlag;
    view.setUint32(1, number % 2 ** 32, true);
    view.setUint16(5, index, true);
    view.setUint16(7, count, true);
    piece.set(part, pieceHeadBytes);
    return piece;
  });
};

/** One for each peer. */
export const createAssembler = (): Assembler => {
  /** In the order in which they began. */
  const assemblies = new Map<number, Assembly>();
  /**
   * Numbers of messages that are whole or dropped, the oldest first: pieces of them may still come.
   */
  const finished = new Set<number>();
  let heldBytes = 0;
  let counters: SyncCounters = {};

  const drop = (number: number, assembly: Assembly): void => {
    assemblies.delete(number);
    heldBytes -= assembly.bytes;
    finished.add(number);
    if (finished.size > finishedMax) finished.delete(finished.values().next().value ?? number);
  };
  const makeRoom = (keep: number, bytes: number): void => {
    for (const [number, assembly] of assemblies) {
      const isRoom = heldBytes + bytes <= messageBytesMax;
      if (isRoom && assemblies.size <= messageAssembliesMax) return;
      if (number === keep) continue;
      drop(number, assembly);
      counters = counted(counters, "message-incomplete");
    }
  };
  const finish = (number: number, assembly: Assembly): Uint8Array => {
    drop(number, assembly);
    return concatBytes(Uint8Array.of(assembly.type), ...assembly.parts.filter(isPart));
  };
  const addPiece = (piece: Piece): Result<Uint8Array | null, PieceFault> => {
    const { number, index, bytes } = piece;
    const assembly = assemblies.get(number) ?? newAssembly(piece);
    if (assembly.type !== piece.type || assembly.parts.length !== piece.count) {
      return fail("piece-malformed");
    }
    if (finished.has(number) || assembly.parts[index] !== undefined) {
      counters = counted(counters, "piece-repeated");
      return ok(null);
    }
    if (assembly.bytes + bytes.length >= messageBytesMax) return fail("message-too-long");
    assemblies.set(number, assembly);
    makeRoom(number, bytes.length);
    assembly.parts[index] = bytes;
    assembly.bytes += bytes.length;
    assembly.missing--;
    heldBytes += bytes.length;
    return ok(assembly.missing === 0 ? finish(number, assembly) : null);
  };

  return {
    add: (frame) => {
      if (frame.length === 0 || frame.length > frameBytesMax) return fail("frame-length");
      if (((frame[0] ?? 0) & pieceFlag) === 0) return ok(frame);
      const piece = readPiece(frame);
      return piece === null ? fail("piece-malformed") : addPiece(piece);
    },
    heldBytes: () => heldBytes,
    counters: () => counters,
  };
};

const pieceFlag = 0x80;
const pieceHeadBytes = 9;
const finishedMax = 64;

interface Piece {
  readonly type: number;
  readonly number: number;
  readonly index: number;
  readonly count: number;
  readonly bytes: Uint8Array;
}

interface Assembly {
  readonly type: number;
  readonly parts: (Uint8Array | undefined)[];
  missing: number;
  bytes: number;
}

const newAssembly = ({ type, count }: Piece): Assembly => ({
  type,
  parts: new Array<Uint8Array | undefined>(count).fill(undefined),
  missing: count,
  bytes: 0,
});

/**
 * Null if no sender of ours makes such a piece: no bytes, one piece only, or an index beyond the
 * count.
 */
const readPiece = (frame: Uint8Array): Piece | null => {
  if (frame.length <= pieceHeadBytes) return null;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const index = view.getUint16(5, true);
  const count = view.getUint16(7, true);
  if (count < 2 || count > messagePiecesMax || index >= count) return null;
  return {
    type: (frame[0] ?? 0) & ~pieceFlag,
    number: view.getUint32(1, true),
    index,
    count,
    // A copy: the frame's buffer may hold more than this piece.
    bytes: frame.slice(pieceHeadBytes),
  };
};

const isPart = (part: Uint8Array | undefined): part is Uint8Array => part !== undefined;

/** One that is longer by itself stands alone. */
export const inParts = <T>(
  items: readonly T[],
  bytesOf: (item: T) => number,
  countMax: number,
): readonly (readonly T[])[] => {
  const parts: T[][] = [];
  let bytes = 0;
  for (const item of items) {
    const last = parts.at(-1);
    bytes += bytesOf(item);
    if (last === undefined || bytes > controlMessageBytesTarget || last.length >= countMax) {
      parts.push([item]);
      bytes = bytesOf(item);
    } else last.push(item);
  }
  return parts;
};
