/**
 * A page with a database that has a network, and nothing else, through the public API: its relay is
 * the one that serves it. Tests drive it through `window.sharePage`.
 */
import { createDistributedDb, NebulusError } from "../../../src/index.ts";
import type { SharePage, WriteRequest } from "./protocol.ts";

declare global {
  interface Window {
    sharePage: SharePage;
  }
}

const database = createDistributedDb({ name: "shared", distributed: { enabled: true } });

/** Looks now and after whatever the networks or their sync told, until it is so. */
const once = (isSo: () => boolean): Promise<void> =>
  new Promise((resolve) => {
    const look = (): void => {
      if (!isSo()) return;
      for (const stop of stops) stop();
      resolve();
    };
    const stops = [database.on("networks", look), database.on("sync", look)];
    look();
  });

/** With what only the error's own fields tell. */
const telling = async <R>(promise: Promise<R>): Promise<R> => {
  try {
    return await promise;
  } catch (error) {
    throw error instanceof NebulusError ? new Error(JSON.stringify(error.toValue())) : error;
  }
};

const write = async ({ collection, ...writes }: WriteRequest): Promise<readonly string[]> => {
  const documents = database.collection(collection);
  const { inserts = [], updates = [], deletes = [], visibility } = writes;
  if (visibility !== undefined) {
    for (const each of inserts) await documents.insert(each, { visibility });
  } else if (inserts.length > 0) await documents.insertBatch(inserts);
  const updated: string[] = [];
  for (const { id, set } of updates) {
    if ((await documents.update(id, { $set: set })) === 1) updated.push(id);
  }
  if (deletes.length > 0) await documents.deleteBatch(deletes);
  return updated;
};

const sha256 = async (text: string): Promise<string> => {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
};

window.sharePage = {
  database,
  ready: () => telling(database.ready),
  write: (request) => telling(write(request)),
  once,
  settled: (networkId, others) =>
    once(() => {
      const peers = database.getNetworkManager().getConnectedPeers(networkId);
      const states = [database.syncStatus(networkId), ...peers.map(({ status }) => status)];
      const isVerified = states.every(
        (status) => status.kind === "synced" && status.verified && status.unread === 0,
      );
      return peers.length === others && isVerified;
    }),
  digest: async (collection) => {
    const documents = await database.collection(collection).find({}, { sort: { id: 1 } });
    const text = documents.map((each) =>
      JSON.stringify(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1))),
    );
    return { count: text.length, sha256: await sha256(text.join("\n")) };
  },
};
