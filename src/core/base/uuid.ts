/**
 * UUIDs of version 7 (RFC 9562): 48 bits of milliseconds, then random bits. Ids made by one device
 * in one millisecond rise, so that documents inserted together stand together.
 */
import { bytesToHex } from "./bytes.ts";

export interface UuidDeps {
  readonly now: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
}

/** Makes ids; each is greater, as text, than the one before. */
export const createUuidMaker = (deps: UuidDeps): (() => string) => {
  let lastMs = -1;
  let sequence = 0;
  return () => {
    const now = deps.now();
    if (now > lastMs) {
      lastMs = now;
      sequence = 0;
    } else {
      sequence += 1;
      if (sequence > sequenceMax) {
        lastMs += 1;
        sequence = 0;
      }
    }
    return uuidText(lastMs, sequence, deps.randomBytes(8));
  };
};

/** 12 bits of the field rand_a. */
const sequenceMax = 0xfff;

const uuidText = (ms: number, sequence: number, random: Uint8Array): string => {
  const hex = bytesToHex(random);
  const time = ms.toString(16).padStart(12, "0");
  const variant = (8 + ((random[0] ?? 0) & 3)).toString(16);
  return [
    time.slice(0, 8),
    time.slice(8),
    `7${sequence.toString(16).padStart(3, "0")}`,
    `${variant}${hex.slice(1, 4)}`,
    hex.slice(4),
  ].join("-");
};
