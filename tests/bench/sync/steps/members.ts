/**
 * Many members in one network, each connected with eight at most, as pages are: what the same
 * writes cost a device in traffic and storage, the more members there are. In virtual time, since
 * one machine that computes for forty devices would measure its own delays.
 */
import type { StoreImage } from "../../../../src/storage/memory.ts";
import { createWorld, type Device, type World } from "../../../unit/engine/world.ts";
import { expectCount } from "../../support/checks.ts";
import { makeDocuments } from "../../support/documents.ts";

export interface MembersSizes {
  readonly members: number;
  /** So many of them write, in turn. */
  readonly writers: number;
  /** Of all writers together. */
  readonly writes: number;
  readonly seed: number;
}

/** Means over all devices, in bytes. */
export interface PerDevice {
  /** Sent and received from the first write on, until all are verified equal. */
  readonly traffic: number;
  /** All that its store holds when it is closed. */
  readonly state: number;
}

export const measureMembers = async ({
  members,
  writers,
  writes,
  seed,
}: MembersSizes): Promise<PerDevice> => {
  const world = createWorld(seed);
  const devices: Device[] = [];
  for (let at = 0; at < members; at++) {
    const device = await world.open({ online: false });
    await device.share("notes");
    devices.push(device);
  }
  link(world, devices);
  for (const device of devices) await device.connect();
  const areEqual = (): boolean => devices.every((device) => device.isVerified("notes"));
  await world.until(areEqual, "all are verified before anyone writes");
  const before = world.hub.stats().bytes;
  for (const [at, document] of makeDocuments(writes, seed).entries()) {
    await devices[at % writers]?.insert("notes", [document]);
    await world.pass(betweenWritesMilliseconds);
  }
  const holdAll = (): boolean => devices.every((device) => operationsOf(device) === writes);
  await world.until(() => areEqual() && holdAll(), "all are verified with everything");
  // Each byte is sent by one and received by another
  const traffic = ((world.hub.stats().bytes - before) * 2) / members;
  let state = 0;
  for (const device of devices) {
    expectCount("documents", device.rows("notes").length, writes);
    await device.close();
    state += imageBytes(device.image()) / members;
  }
  return { traffic, state };
};

const operationsOf = (device: Device): number =>
  Object.values(device.sync("notes")?.vector ?? {}).reduce((sum, n) => sum + n, 0);

/** Slower than a burst, which would travel as one segment. */
const betweenWritesMilliseconds = 200;
const wayMilliseconds = 20;

/** To neighbours at distances of powers of two on a ring, so that every way is short. */
const link = ({ hub }: World, devices: readonly Device[]): void => {
  const networks = devices.map(({ network }) => network);
  hub.setFaults({ delayMs: wayMilliseconds });
  hub.partition(
    networks.flatMap((network, at) =>
      distances.flatMap((distance) => {
        const other = networks[(at + distance) % networks.length];
        return other === undefined || other === network ? [] : [[network, other]];
      }),
    ),
  );
};

/** Two neighbours each: eight links a device. */
const distances = [1, 2, 4, 8];

const imageBytes = ({ meta, journal, segments, pages }: StoreImage): number =>
  [...meta.values(), ...journal.values(), ...segments.values(), ...pages.values()].reduce(
    (sum, bytes) => sum + bytes.length,
    0,
  );
