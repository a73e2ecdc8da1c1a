/**
 * The database of a profile, and how a page waits for what becomes of it: by what it tells, never
 * by time.
 */
import type { DistributedCollection, DistributedDatabase } from "../../../../src/client/api.ts";
import type { NetworkConfig, PeerInfo, SyncState } from "../../../../src/client/networkTypes.ts";
import { createDistributedDb } from "../../../../src/index.ts";
import type { BenchDocument } from "../../support/documents.ts";
import type { Relays, Wanted } from "./protocol.ts";

export const networkId = "bench";

export interface Device {
  readonly open: () => Promise<void>;
  readonly close: () => Promise<void>;
  readonly configure: (settings: Relays) => Promise<void>;
  readonly create: () => Promise<string>;
  readonly join: (invite: string) => Promise<void>;
  readonly connected: (devices: number, path: PeerInfo["path"] | "any") => Promise<void>;
  readonly collection: (name: string) => DistributedCollection<BenchDocument>;
  /** By the device that made the network. */
  readonly share: (name: string) => Promise<void>;
  /** Once the network is known to have it. */
  readonly attach: (name: string) => Promise<void>;
  readonly settled: (name: string, wanted: Wanted) => Promise<number>;
  readonly peers: () => readonly PeerInfo[];
}

export const createDevice = (): Device => {
  let opened: DistributedDatabase | null = null;
  const database = (): DistributedDatabase => {
    if (opened === null) throw new Error("the database is not open");
    return opened;
  };
  const network = (): NetworkConfig | null =>
    database()
      .getNetworkManager()
      .getNetworks()
      .find((each) => each.networkId === networkId) ?? null;
  const peers = (): readonly PeerInfo[] => database().getNetworkManager().getConnectedPeers();
  const once = (isSo: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const stops: (() => void)[] = [];
      const look = (): void => {
        if (!isSo()) return;
        for (const stop of stops) stop();
        resolve();
      };
      stops.push(database().on("networks", look), database().on("sync", look));
      look();
    });
  const collection: Device["collection"] = (name) => database().collection<BenchDocument>(name);
  return {
    async open() {
      opened = createDistributedDb({ name: "bench", distributed: { enabled: true } });
      await opened.ready;
    },
    async close() {
      await opened?.shutdown();
      opened = null;
    },
    configure: (settings) => database().getNetworkManager().configureConnection(settings),
    async create() {
      await database().createNetwork({ networkId, name: "Bench" });
      return (await database().invite(networkId, { role: "editor", uses: 16 })).url;
    },
    async join(invite) {
      await database().joinNetwork(invite);
      await once(() => network()?.closed?.standing === "editor");
    },
    connected: (devices, path) =>
      once(() => peers().length === devices && peers().every((each) => isOver(each, path))),
    collection,
    async share(name) {
      collection(name);
      await database().addCollectionToNetwork(networkId, name);
    },
    async attach(name) {
      await once(() => network()?.closed?.collections.some((each) => each.name === name) === true);
      collection(name);
      await database().addCollectionToNetwork(networkId, name);
    },
    async settled(name, wanted) {
      const notes = collection(name);
      await once(() => isAsWanted(notes.getSyncState(), wanted));
      return wallClock();
    },
    peers,
  };
};

export const wallClock = (): number => performance.timeOrigin + performance.now();

const isOver = ({ path }: PeerInfo, wanted: PeerInfo["path"] | "any"): boolean =>
  wanted === "any" || path === wanted;

const isAsWanted = (state: SyncState | null, { operations, devices }: Wanted): boolean => {
  if (state?.status.kind !== "synced") return false;
  const { verified, unread, with: equal } = state.status;
  return verified && unread === 0 && equal.length === devices && operationsOf(state) >= operations;
};

const operationsOf = ({ localVector }: SyncState): number =>
  Object.values(localVector).reduce((sum, n) => sum + n, 0);
