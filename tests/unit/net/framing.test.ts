/** Frames cut out of a stream, however its chunks fall. */
import { expect, test } from "vitest";
import { frameBytesMax } from "../../../src/core/base/limits.ts";
import { createFrameReader, encodeFrame } from "../../../src/net/framing.ts";
import { createRandom } from "../../support/random.ts";

const join = (parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((p) => [...p]));

test("a frame has its length before it, little-endian, in bytes of its own", () => {
  const frame = Uint8Array.of(7, 8, 9);
  const bytes = encodeFrame(frame);
  expect([...bytes]).toEqual([3, 0, 0, 0, 7, 8, 9]);
  frame.fill(0);
  expect(bytes[4]).toBe(7);
  expect([...encodeFrame(new Uint8Array(0x0102)).subarray(0, 4)]).toEqual([2, 1, 0, 0]);
});

test("frames come out whole and in order, whatever the chunks", () => {
  const seed = Number(process.env["SEED"] ?? Date.now() % 1e9);
  const random = createRandom(seed);
  for (let round = 0; round < 200; round += 1) {
    const frames = Array.from({ length: 1 + random.integer(8) }, (_, at) =>
      new Uint8Array(1 + random.integer(40)).fill(at + 1),
    );
    const stream = join(frames.map(encodeFrame));
    const got: Uint8Array[] = [];
    const read = createFrameReader(frameBytesMax, (frame) => got.push(frame));
    for (let at = 0; at < stream.length;) {
      const end = at + random.integer(20);
      expect(read(stream.subarray(at, end)), `seed ${seed}`).toBe(true);
      at = end;
    }
    expect(got, `seed ${seed}`).toEqual(frames);
    // Each in a buffer of its own, so that it can be moved to a worker.
    expect(got.every((frame) => frame.buffer.byteLength === frame.length)).toBe(true);
  }
});

test("the largest frame passes, and one byte more ends the stream", () => {
  const got: number[] = [];
  const read = createFrameReader(frameBytesMax, (frame) => got.push(frame.length));
  expect(read(encodeFrame(new Uint8Array(frameBytesMax)))).toBe(true);
  expect(read(encodeFrame(new Uint8Array(frameBytesMax + 1)))).toBe(false);
  expect(read(encodeFrame(Uint8Array.of(1)))).toBe(false);
  expect(got).toEqual([frameBytesMax]);
});

test("an empty frame ends the stream, and what stands before it in the chunk still counts", () => {
  const got: Uint8Array[] = [];
  const read = createFrameReader(frameBytesMax, (frame) => got.push(frame));
  const chunk = join([
    encodeFrame(Uint8Array.of(1)),
    Uint8Array.of(0, 0, 0, 0),
    encodeFrame(Uint8Array.of(2)),
  ]);
  expect(read(chunk)).toBe(false);
  expect(got).toEqual([Uint8Array.of(1)]);
});
