/**
 * What a run over links that lose nothing may send at most: so many times the bytes of the segments
 * that each device lacked (all those on its disk that others signed), in a closed network of the
 * records of its chain too, and 4 KiB a session. Counted by the hub: all frames of all links, with
 * the greetings; a session is a link that was made. Three times is what is wanted; where segments
 * hold an op each, what is said about them (summaries, acknowledgements) is longer than they are,
 * and it is four to eleven: the bound only keeps it from growing.
 */
import { equalBytes } from "../../src/core/base/bytes.ts";
import type { HubStats } from "../../src/net/memory.ts";
import type { CheckDeps } from "./checks.ts";
import { sharedHomes } from "./checks.ts";

export const wastefulness = async (
  { devices, oracle }: Pick<CheckDeps, "devices" | "oracle">,
  { bytes, linked }: HubStats,
): Promise<string | null> => {
  let lacked = 0;
  for (const { engine, disk, membership } of devices) {
    if (engine === null) continue;
    for (const home of sharedHomes(engine)) {
      const { segments } = await oracle.logOf(home, disk.image());
      const own = home.membership.device.publicKey;
      lacked += sizeOf(segments.filter(({ origin }) => !equalBytes(origin.signingKey, own)));
    }
    lacked += sizeOf(membership?.control.records() ?? []);
  }
  const allowed = timesLacked * lacked + sessionBytes * linked;
  if (bytes <= allowed) return null;
  return `${bytes} bytes were sent where ${lacked} were lacked, in ${linked} sessions`;
};

const timesLacked = 14;
const sessionBytes = 4_096;

const sizeOf = (items: readonly { readonly bytes: Uint8Array }[]): number =>
  items.reduce((sum, { bytes }) => sum + bytes.length, 0);
