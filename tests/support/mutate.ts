/**
 * Good bytes spoilt, as a stranger or a lying member sends them: half of what comes of it is nearly
 * right.
 */
import type { Random } from "./random.ts";

/** Bytes changed, cut, doubled, put elsewhere; or none of it, but anything. */
export const mutate = (good: Uint8Array, random: Random): Uint8Array => {
  if (random.integer(8) === 0) return random.bytes(random.integer(200));
  let bytes = good.slice();
  for (let times = 1 + random.integer(3); times > 0; times--) {
    const [at, to] = [random.integer(bytes.length + 1), random.integer(bytes.length + 1)];
    switch (random.integer(4)) {
      case 0:
        if (at < bytes.length) bytes[at] = random.integer(256);
        break;
      case 1:
        bytes = bytes.slice(0, at);
        break;
      case 2:
        bytes = Uint8Array.of(...bytes.subarray(0, at), ...bytes.subarray(Math.min(at, to)));
        break;
      default:
        bytes = Uint8Array.of(...bytes.subarray(0, at), random.integer(256), ...bytes.subarray(at));
    }
  }
  return bytes;
};
