/**
 * Databases that meet over libp2p and a real relay, for the cases that every carrier runs. Those
 * that are to be apart refuse each other, beside whom the database itself refuses.
 */
import type { DistributedDatabase } from "../../src/client/api.ts";
import type { Carrier } from "../../src/core/net/carrier.ts";
import { createDistributedDb, createLibP2PNetwork, InMemoryAdapter } from "../../src/index.node.ts";
import type { StorageAdapter } from "../../src/index.node.ts";
import type { PeerBench } from "../contract/api/peers.ts";

interface Opened {
  readonly adapter: StorageAdapter;
  readonly network: ApartNetwork;
}

/** `relays`: where they are by the time that a database is opened. */
export const createLibP2PPeers = (relays: () => readonly string[]): PeerBench => {
  const opened = new Map<DistributedDatabase, Opened>();
  let groups: readonly (readonly DistributedDatabase[])[] | null = null;
  const keepApart = (): void => {
    for (const [database, { network }] of opened) {
      const group = groups?.find((each) => each.includes(database)) ?? [];
      const others = [...opened].filter(
        ([other]) => groups !== null && other !== database && !group.includes(other),
      );
      network.refuse(others.flatMap(([, each]) => each.network.peerId() ?? []));
    }
  };
  const open = (adapter: StorageAdapter, options: object): DistributedDatabase => {
    const network = apartable(createLibP2PNetwork({ relays: relays() }), keepApart);
    const database = createDistributedDb({
      ...{ ...options, adapter },
      distributed: { enabled: true, network: network.carrier },
    });
    opened.set(database, { adapter, network });
    return database;
  };
  return {
    open: (options = {}) => open(new InMemoryAdapter(), options),
    reopen: (database) =>
      open(opened.get(database)?.adapter ?? new InMemoryAdapter(), { name: database.name }),
    apart(...wanted) {
      groups = wanted;
      keepApart();
    },
    together() {
      groups = null;
      keepApart();
    },
    async clean() {
      groups = null;
      for (const database of opened.keys()) await database.shutdown().catch(() => undefined);
      opened.clear();
    },
  };
};

interface ApartNetwork {
  readonly carrier: Carrier;
  /** Null before it has started. */
  readonly peerId: () => string | null;
  /** Beside those that the database refuses. */
  readonly refuse: (peers: readonly string[]) => void;
}

const apartable = (carrier: Carrier, started: () => void): ApartNetwork => {
  let peerId: string | null = null;
  let [own, apart]: readonly (readonly string[])[] = [[], []];
  const tell = (): void => {
    carrier.setRefused([...(own ?? []), ...(apart ?? [])]);
  };
  return {
    carrier: {
      ...carrier,
      start: async (privateKey) => {
        const identity = await carrier.start(privateKey);
        ({ peerId } = identity);
        started();
        return identity;
      },
      setRefused: (peers) => {
        own = peers;
        tell();
      },
    },
    peerId: () => peerId,
    refuse: (peers) => {
      apart = peers;
      tell();
    },
  };
};
