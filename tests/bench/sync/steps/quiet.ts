/**
 * Two devices that hold the same meet again: what they say until both know it, and how long it
 * takes. Round trips are counted on a link that makes everything else short beside them.
 */
import { messageTypes } from "../../../../src/core/sync/frames.ts";
import { createMemoryHub, type MemoryHub } from "../../../../src/net/memory.ts";
import { InMemoryAdapter } from "../../../../src/storage/memory.ts";
import { noteFrames } from "../../../support/noteFrames.ts";
import {
  insertAll,
  openDevice,
  parted,
  verified,
  type CreateDatabase,
  type Device,
} from "../../engines/devices.ts";
import { makeDocuments } from "../../support/documents.ts";
import { promptTimers } from "../../support/promptTimers.ts";

export interface Quiet {
  /** Of both sides, after the greeting. */
  readonly bytes: number;
  readonly messages: number;
  /** Milliseconds from the link until both are verified; the greeting is in it. */
  readonly time: number;
  /** From the first message after the greeting until both are verified. */
  readonly roundTrips: number;
}

export const measureQuiet = async (
  createDatabase: CreateDatabase,
  { documents, seed }: { readonly documents: number; readonly seed: number },
): Promise<Quiet> => {
  const pair = await openPair(createDatabase);
  await insertAll(pair.devices[0], makeDocuments(documents, seed));
  await pair.devices[0].notes.forceSync();
  await pair.meet();
  await pair.part();
  const { said, time } = await pair.meet();
  await pair.part();
  pair.hub.setFaults({ delayMs: wayMilliseconds });
  const { sessionTime } = await pair.meet();
  await pair.close();
  const roundTrips = sessionTime / (2 * wayMilliseconds);
  return { bytes: said.bytes, messages: said.messages, time, roundTrips };
};

/** So long that what both sides compute is nothing beside it. */
const wayMilliseconds = 100;

interface Pair {
  readonly hub: MemoryHub;
  readonly devices: readonly [Device, Device];
  /** Links them, until both are verified and have fallen silent. */
  readonly meet: () => Promise<Meeting>;
  readonly part: () => Promise<void>;
  readonly close: () => Promise<void>;
}

interface Meeting {
  /** Without the greeting. */
  readonly said: { readonly bytes: number; readonly messages: number };
  readonly time: number;
  /** Of it, from the first message after the greeting on. */
  readonly sessionTime: number;
}

const openPair = async (createDatabase: CreateDatabase): Promise<Pair> => {
  const hub = createMemoryHub({ timers: promptTimers });
  const networks = [hub.network(), hub.network()] as const;
  let said = { bytes: 0, messages: 0, since: 0 };
  const noted = noteFrames(([type, ...body]) => {
    if (type === messageTypes.greeting) return;
    const since = said.messages === 0 ? performance.now() : said.since;
    said = { bytes: said.bytes + 1 + body.length, messages: said.messages + 1, since };
  });
  const separate = (): void => {
    hub.partition(networks.map((network) => [network]));
  };
  separate();
  const open = (name: string, at: 0 | 1): Promise<Device> =>
    openDevice(createDatabase, {
      ...{ name, network: noted(networks[at]), adapter: new InMemoryAdapter() },
    });
  const devices = [await open("quiet-a", 0), await open("quiet-b", 1)] as const;
  return {
    ...{ hub, devices },
    meet: async () => {
      said = { bytes: 0, messages: 0, since: 0 };
      const started = performance.now();
      hub.heal();
      await Promise.all(devices.map(verified));
      const ended = performance.now();
      await silence(hub);
      return { said, time: ended - started, sessionTime: ended - said.since };
    },
    part: async () => {
      separate();
      await Promise.all(devices.map(parted));
    },
    close: async () => {
      await Promise.all(devices.map(({ database }) => database.shutdown()));
    },
  };
};

/** Until nobody has said anything for longer than an answer takes. */
const silence = async (hub: MemoryHub): Promise<void> => {
  for (let before = -1; before !== hub.stats().frames;) {
    before = hub.stats().frames;
    await new Promise<void>((resolve) => promptTimers.after(silenceMilliseconds, resolve));
  }
};

const silenceMilliseconds = 250;
