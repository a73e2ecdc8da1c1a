/**
 * What a run over links that lose nothing may send at most: three times the bytes of the segments
 * that each device lacked or wrote (all those on its disk), in a closed network of the records of
 * its chain too, and 4 KiB a session. Counted by the hub: all frames of all links, with the
 * greetings; a session is a link that was made. Segments hold an op each there, so that what is
 * said about them (summaries, acknowledgements) is as long as they are.
 */
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
      lacked += sizeOf((await oracle.logOf(home, disk.image())).segments);
    }
    lacked += sizeOf(membership?.control.records() ?? []);
  }
  const allowed = timesLacked * lacked + sessionBytes * linked;
  if (bytes <= allowed) return null;
  return `${bytes} bytes were sent where ${lacked} were lacked, in ${linked} sessions`;
};

const timesLacked = 3;
const sessionBytes = 4_096;

const sizeOf = (items: readonly { readonly bytes: Uint8Array }[]): number =>
  items.reduce((sum, { bytes }) => sum + bytes.length, 0);
