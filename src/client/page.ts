/**
 * A page as a place to run a database: the engine in a worker, libp2p in the page itself (WebRTC
 * exists nowhere else), loaded only when a network is wanted.
 */
import { loadPart } from "../core/base/parts.ts";
import { discoveryOf, type ConnectionSettings, type Discovery } from "../core/wire/connection.ts";
import type { DatabaseService } from "../worker/api.ts";
import { valueOf } from "./answer.ts";
import type { DistributedDatabase, DistributedDbOptions } from "./api.ts";
import { connectWorker } from "./connect.ts";
import type { PagePlatform } from "./connection.ts";
import { createDatabase } from "./database.ts";

/** This page's database on this device: in a worker, over IndexedDB. */
export const createPageDatabase = (options?: DistributedDbOptions): DistributedDatabase =>
  createDatabase(options, { connect: connectWorker, worker: true, page: createPage() });

/** What a page can do, wherever the engine runs. */
export const createPage = (): PagePlatform => ({
  carry,
  persist: () => navigator.storage.persist(),
  persisted: () => navigator.storage.persisted(),
  async usage() {
    const { usage, quota } = await navigator.storage.estimate();
    return { used: usage ?? 0, quota: quota ?? 0 };
  },
  url: () => location.origin + location.pathname,
  webrtc: typeof RTCPeerConnection !== "undefined",
  isOnline: () => navigator.onLine,
  async tryWebrtc(settings) {
    const { tryWebrtc } = await loadPart(() => import("./tryWebrtc.ts"));
    return tryWebrtc(settings);
  },
});

/** No relays: the page's own origin, which serves page and relay on one port. */
const carry = async (
  service: DatabaseService,
  settings: ConnectionSettings,
  asked: Discovery,
): Promise<() => Promise<void>> => {
  // libp2p is by far the largest of them, and the worker asks for it a message later
  const loading = loadPart(() => import("../net/node.ts"));
  loading.catch(() => undefined);
  const [{ createBridge }, { relayOfOrigin }] = await Promise.all([
    loadPart(() => import("../net/bridge.ts")),
    loadPart(() => import("../core/net/relayAddress.ts")),
  ]);
  const { relays, iceServers, relayOnly } = settings;
  const discovery = discoveryOf(asked, settings);
  const used = relays.length === 0 ? [relayOfOrigin(location)] : relays;
  const { port1, port2 } = new MessageChannel();
  const bridge = createBridge(port1, async (privateKey) => {
    // Where it could not be loaded, the worker is told so
    const { createPageNode } = await loading;
    return createPageNode({
      ...{ relays: used, privateKey, iceServers, relayOnly, discovery },
      connectivity: window,
    });
  });
  try {
    valueOf(await service.carry(port2));
  } catch (error) {
    await bridge.stop();
    throw error;
  }
  return () => bridge.stop();
};
