/**
 * The sender of arrival.ts, in a thread of its own: it writes and seals everything, and lets the
 * other side in when it is told to.
 */
import { parentPort, workerData } from "node:worker_threads";
import { createDistributedDb } from "../../../../src/index.node.ts";
import { createBridge } from "../../../../src/net/bridge.ts";
import { createMemoryHub } from "../../../../src/net/memory.ts";
import { InMemoryAdapter } from "../../../../src/storage/memory.ts";
import { insertAll, openDevice } from "../../engines/devices.ts";
import { makeDocuments } from "../../support/documents.ts";
import { promptTimers } from "../../support/promptTimers.ts";
import type { SenderTask } from "./arrival.ts";

// Its starter stands in arrival.ts
const { port, documents, seed } = workerData as SenderTask;
const hub = createMemoryHub({ timers: promptTimers });
const [own, other] = [hub.network(), hub.network()];
hub.partition([[own], [other]]);
createBridge(port, async (given) => {
  const { peerId, privateKey } = await other.start(given);
  return {
    ...{ ...other, peerId, privateKey, status: () => ({ relays: [], peers: [] }) },
    connect: (address) => other.connect?.(address) ?? Promise.resolve(),
    stop: async () => {
      other.stop();
    },
  };
});
const sender = await openDevice(createDistributedDb, {
  ...{ name: "sender", network: own, adapter: new InMemoryAdapter() },
});
await insertAll(sender, makeDocuments(documents, seed));
await sender.notes.forceSync();
parentPort?.once("message", () => {
  hub.heal();
});
parentPort?.postMessage("ready");
