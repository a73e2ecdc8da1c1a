/**
 * Several devices, each connected with each, that all write at once: until every one of them holds
 * everything and is verified equal with every other.
 */
import { createMemoryHub } from "../../../../src/net/memory.ts";
import { InMemoryAdapter } from "../../../../src/storage/memory.ts";
import {
  holding,
  openDevice,
  verified,
  type CreateDatabase,
  type Device,
} from "../../engines/devices.ts";
import { expectDocuments } from "../../support/checks.ts";
import { makeDocuments } from "../../support/documents.ts";
import { promptTimers } from "../../support/promptTimers.ts";

export interface Crowd {
  /** Milliseconds from the first write on. */
  readonly time: number;
  /** On all links together. */
  readonly bytes: number;
}

export interface CrowdSizes {
  readonly devices: number;
  /** Of each device. */
  readonly writes: number;
  readonly seed: number;
}

export const measureCrowd = async (
  createDatabase: CreateDatabase,
  { devices: count, writes, seed }: CrowdSizes,
): Promise<Crowd> => {
  const hub = createMemoryHub({ timers: promptTimers });
  const devices: Device[] = [];
  for (let at = 0; at < count; at++) {
    const place = { name: `crowd-${at}`, network: hub.network(), adapter: new InMemoryAdapter() };
    devices.push(await openDevice(createDatabase, place));
  }
  await Promise.all(devices.map(verified));
  const documents = makeDocuments(count * writes, seed);
  const before = hub.stats().bytes;
  const started = performance.now();
  const written = devices.map(({ notes }, at) =>
    documents.slice(at * writes, (at + 1) * writes).map((document) => notes.insert(document)),
  );
  await Promise.all(written.flat());
  await Promise.all(devices.map((device) => holding(device, documents.length)));
  const time = performance.now() - started;
  const bytes = hub.stats().bytes - before;
  for (const { notes } of devices) expectDocuments(await notes.find({}), documents);
  await Promise.all(devices.map(({ database }) => database.shutdown()));
  return { time, bytes };
};
