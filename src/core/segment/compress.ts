/**
 * Compression of bodies, and the verdict on compressed bytes that somebody else made. Platforms and
 * libraries disagree on broken streams, and replicas must not: one library, pinned, decides alike
 * in pages and in Node.
 */
import {
  deflateRaw,
  zlibInflate,
  zlibInflateEnd,
  zlibInflateInit2,
  Z_FINISH,
  Z_OK,
  Z_STREAM_END,
  ZStream,
} from "pako";
import { assert, fail, ok, type Result } from "../base/result.ts";
import type { BodyForm } from "./header.ts";

/** Why bytes are not the deflated form of exactly as many bytes as announced. */
export type InflateFault =
  /** No deflate stream, or one that ends early. */
  | "inflate-stream"
  /** Bytes follow after the stream's end. */
  | "inflate-trailing"
  /** The stream holds more or fewer bytes than announced. */
  | "inflate-length";

/** The smaller of the two forms. */
export const compressBody = (
  plain: Uint8Array,
): { readonly form: BodyForm; readonly bytes: Uint8Array } => {
  const deflated = deflateRaw(plain, { level: 1 });
  return deflated.length < plain.length ? { form: 1, bytes: deflated } : { form: 0, bytes: plain };
};

/**
 * The announced bytes, if the stream ends with the last of the stored bytes at exactly that length.
 * Never makes more than the announced length, which the caller has checked against its limit.
 */
export const inflateBody = (
  stored: Uint8Array,
  announced: number,
): Result<Uint8Array, InflateFault> => {
  const stream = new ZStream();
  assert(zlibInflateInit2(stream, rawWindowBits) === Z_OK, "inflate begins");
  stream.input = stored;
  stream.avail_in = stored.length;
  // One byte to spare: a stream that is too long shows by filling it, and one of the right length
  // can still end.
  stream.output = new Uint8Array(announced + 1);
  stream.avail_out = stream.output.length;
  const status: number = zlibInflate(stream, Z_FINISH);
  const left = stream.avail_in;
  zlibInflateEnd(stream);
  if (stream.next_out > announced) return fail("inflate-length");
  if (status !== Z_STREAM_END) return fail("inflate-stream");
  if (left > 0) return fail("inflate-trailing");
  if (stream.next_out !== announced) return fail("inflate-length");
  return ok(stream.output.subarray(0, announced));
};

/** Negative: raw deflate, without a wrapper; 15: the whole window of 32 KiB. */
const rawWindowBits = -15;
