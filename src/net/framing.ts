/**
 * Frames on a stream of bytes (FORMATS.md §8): length u32 LE, then that many bytes. What is in a
 * frame is none of this layer's business.
 */
import { isFrameLength } from "../core/net/frameErrors.ts";

const headerBytes = 4;

/** A frame with its length before it, in bytes of its own. */
export const encodeFrame = (frame: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(headerBytes + frame.length);
  new DataView(bytes.buffer).setUint32(0, frame.length, true);
  bytes.set(frame, headerBytes);
  return bytes;
};

/**
 * Cuts a stream into frames: feed it chunks of any size, and `onFrame` gets each whole frame in
 * bytes of its own. Answers false once the stream announced a length of zero or above the limit;
 * nothing after that is read. Holds at most one frame.
 */
export const createFrameReader = (
  bytesMax: number,
  onFrame: (frame: Uint8Array) => void,
): ((chunk: Uint8Array) => boolean) => {
  const header = new Uint8Array(headerBytes);
  const view = new DataView(header.buffer);
  let frame: Uint8Array | null = null;
  let filled = 0;
  let sound = true;

  /** Copies what fits, answers how much. */
  const fill = (target: Uint8Array, chunk: Uint8Array, from: number): number => {
    const part = chunk.subarray(from, from + target.length - filled);
    target.set(part, filled);
    filled += part.length;
    return part.length;
  };

  return (chunk) => {
    let at = 0;
    while (sound && at < chunk.length) {
      at += fill(frame ?? header, chunk, at);
      if (filled < (frame ?? header).length) break;
      filled = 0;
      if (frame === null) {
        const length = view.getUint32(0, true);
        sound = isFrameLength(length, bytesMax);
        if (sound) frame = new Uint8Array(length);
      } else {
        const whole = frame;
        frame = null;
        onFrame(whole);
      }
    }
    return sound;
  };
};
