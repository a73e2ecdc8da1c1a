/**
 * A device that ends at each of its writes to the disk in turn.
 */
import type { StoreImage } from "../../../src/storage/memory.ts";
import { createWorld, type Device, type World } from "./world.ts";

/**
 * Runs it again and again, and ends the device at each of its writes to the disk in turn; then what
 * the disk held goes on.
 */
export const atEachWrite = async (
  begin: (world: World) => Promise<Device>,
  end: (world: World, device: Device) => Promise<void>,
): Promise<number> => {
  for (let at = 0; ; at++) {
    const world = createWorld();
    const device = await begin(world);
    let count = 0;
    const images: StoreImage[] = [];
    device.fault = ({ kind, phase }) => {
      if (phase === "before" || (kind !== "write" && kind !== "appendJournal")) return;
      if (count++ !== at) return;
      images.push(device.crash());
      // Nothing of it goes on
      return new Promise(() => undefined);
    };
    world.hub.heal();
    const hasCrashed = () => images.length > 0;
    await Promise.race([
      end(world, device).catch((error: unknown) => {
        if (!hasCrashed()) throw error;
      }),
      world.until(hasCrashed, "a crash").catch(() => undefined),
    ]);
    device.fault = null;
    const [image] = images;
    if (image === undefined) return at;
    await device.reopen(image, { joined: false });
    await end(world, device);
  }
};
