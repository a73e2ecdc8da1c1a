/**
 * The DHT of relays as a service of a libp2p node, asked only by who finds no rendezvous: it is
 * loaded and begins at the first question.
 */
import type { Identify } from "@libp2p/identify";
import type { Connection } from "@libp2p/interface";
import type { KadDHTComponents } from "@libp2p/kad-dht";
import type { DhtClient } from "./dhtClient.ts";
import { dhtProtocol, type Dht } from "./dhtProtocol.ts";

export interface DhtService extends Dht {
  /** libp2p ends only what it began: there is nothing to begin. */
  start(): void;
  stop(): Promise<void>;
}

export type DhtComponents = KadDHTComponents & { readonly identify: Identify };

/** For the `services` of `createLibp2p`. */
export const createDhtService = (components: DhtComponents): DhtService => {
  let client: Promise<DhtClient> | null = null;
  const load = async (): Promise<DhtClient> => {
    const { startDhtClient } = await import("./dhtClient.ts");
    const started = await startDhtClient(components);
    const standing = components.connectionManager.getConnections();
    await Promise.all(standing.map((connection) => identifyServer(components, connection)));
    return started;
  };
  const loaded = (): Promise<DhtClient> => {
    client ??= load().catch((error: unknown) => {
      client = null;
      throw error;
    });
    return client;
  };
  return {
    announce: async (tag, signal) => (await loaded()).announce(tag, signal),
    forget: async (tag) => (await client)?.forget(tag),
    find: async (tag, signal) => (await loaded()).find(tag, signal),
    start: () => undefined,
    stop: async () => {
      const ending = client;
      client = null;
      await (await ending)?.stop();
    },
  };
};

/**
 * kad-dht hears of its servers as they are identified; those that were before it began are
 * identified once more. Who is not yet identified, or gone, tells by itself.
 */
const identifyServer = async (
  { peerStore, identify }: DhtComponents,
  connection: Connection,
): Promise<void> => {
  try {
    const { protocols } = await peerStore.get(connection.remotePeer);
    if (protocols.includes(dhtProtocol)) await identify.identify(connection);
  } catch {
    return;
  }
};
