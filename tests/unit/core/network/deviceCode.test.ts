/** The short code of a device: what it is made of, pinned. */
import { expect, test } from "vitest";
import { deviceCode } from "../../../../src/core/network/deviceCode.ts";

const bytes = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill);
const keys = { account: bytes(32, 1), signingKey: bytes(32, 2), xWingKey: bytes(1_216, 3) };

test("is 16 letters and digits, the same everywhere", () => {
  expect(deviceCode(bytes(32, 9), keys)).toBe("B32G-X77U-TNSZ-7UUJ");
  expect(deviceCode(bytes(32, 9), { ...keys, xWingKey: null })).toMatch(/^([A-Z2-7]{4}-){3}\w{4}$/);
});

test("another network, account or key shows", () => {
  const codes = [
    deviceCode(bytes(32, 9), keys),
    deviceCode(bytes(32, 8), keys),
    deviceCode(bytes(32, 9), { ...keys, account: bytes(32, 8) }),
    deviceCode(bytes(32, 9), { ...keys, signingKey: bytes(32, 8) }),
    deviceCode(bytes(32, 9), { ...keys, xWingKey: bytes(1_216, 8) }),
    deviceCode(bytes(32, 9), { ...keys, xWingKey: null }),
  ];
  expect(new Set(codes).size).toBe(codes.length);
});
