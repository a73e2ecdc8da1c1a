/** Messages of a WebSocket, measured as their bytes pass in chunks of any size. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { createMessageGuard } from "../../../relay/webSocketGuard.ts";

interface Frame {
  readonly opcode: number;
  readonly isLast: boolean;
  readonly length: number;
  readonly isMasked: boolean;
}

const bytesMax = 70_000;

/** By RFC 6455, 5.2; `as` chooses a longer form of the length than is needed. */
const encode = ({ opcode, isLast, length, isMasked }: Frame, as: 0 | 2 | 8 = 0): Buffer => {
  const form = as === 0 ? (length < 126 ? 0 : length < 65_536 ? 2 : 8) : as;
  const header = Buffer.alloc(2 + form + (isMasked ? 4 : 0));
  header[0] = (isLast ? 0x80 : 0) | opcode;
  header[1] = (isMasked ? 0x80 : 0) | (form === 0 ? length : form === 2 ? 126 : 127);
  if (form === 2) header.writeUInt16BE(length, 2);
  if (form === 8) header.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([header, Buffer.alloc(length, 0xff)]);
};

/** The simple truth: over whole frames. */
const isFit = (frames: readonly Frame[]): boolean => {
  let message = 0;
  for (const { opcode, length } of frames) {
    if (opcode >= 8 && length > 125) return false;
    if (opcode < 8) message = opcode === 0 ? message + length : length;
    if (message > bytesMax) return false;
  }
  return true;
};

const frame = fc.record({
  opcode: fc.constantFrom(0, 0, 1, 2, 2, 8, 9),
  isLast: fc.boolean(),
  length: fc.oneof(
    fc.constantFrom(0, 1, 125, 126, 65_535, 65_536, bytesMax, bytesMax + 1),
    fc.nat(40_000),
  ),
  isMasked: fc.boolean(),
});

test("whatever frames come in whatever chunks, too long a message is seen, and no other", () => {
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 30_000 }), { minLength: 1, maxLength: 8 }),
      (frames, sizes) => {
        const guard = createMessageGuard(bytesMax);
        const bytes = Buffer.concat(frames.map((each) => encode(each)));
        let isSound = true;
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          isSound = guard(bytes.subarray(at, at + size));
          at += size;
        }
        expect(isSound).toBe(isFit(frames));
      },
    ),
  );
});

test("headers may come byte by byte, and lengths in longer forms than they need", () => {
  const guard = createMessageGuard(10);
  const frames = ([2, 8] as const).map((form) =>
    encode({ opcode: 2, isLast: true, length: 10, isMasked: true }, form),
  );
  for (const byte of Buffer.concat(frames)) expect(guard(Uint8Array.of(byte))).toBe(true);
  const tooLong = encode({ opcode: 2, isLast: true, length: 11, isMasked: true }, 8);
  expect([...tooLong.subarray(0, 14)].map((byte) => guard(Uint8Array.of(byte))).at(-1)).toBe(false);
  // and nothing after that counts
  expect(guard(Uint8Array.of(0))).toBe(false);
});

test("a length beyond all numbers is too long", () => {
  const header = Buffer.from([0x82, 0xff, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0]);
  expect(createMessageGuard(bytesMax)(header)).toBe(false);
});
