/**
 * What the open database tells the whole screen, kept fresh by its events: collections, networks,
 * peers, sync; and which collection is looked at, which stands in the address (`#/name`).
 */
import type { CollectionInfo } from "../core/wire/requests.ts";
import type { DistributedDatabase, Health } from "../client/api.ts";
import type { NetworkConfig, PeerInfo, SyncState } from "../client/networkTypes.ts";
import type { Notices } from "./notices.svelte.ts";
import { countDevices, overviewInWords } from "./text/sync.ts";

const countingPauseMilliseconds = 250;

export class Workspace {
  readonly database: DistributedDatabase;
  readonly notices: Notices;
  /** Undefined until the database has answered. By name. */
  collections = $state.raw<readonly CollectionInfo[]>();
  networks = $state.raw<readonly NetworkConfig[]>([]);
  peers = $state.raw<readonly PeerInfo[]>([]);
  states = $state.raw<readonly SyncState[]>([]);
  health = $state.raw<Health>();
  #wanted = $state(wantedName());
  #pause: ReturnType<typeof setTimeout> | null = null;
  #isStale = false;

  /** The collection that is shown: the one in the address, else the first. */
  readonly selected = $derived(
    this.collections?.find(({ name }) => name === this.#wanted) ?? this.collections?.[0],
  );
  readonly devices = $derived(countDevices(this.peers));
  readonly sync = $derived(overviewInWords(this.states, this.networks.length, this.devices));

  constructor(database: DistributedDatabase, health: Health, notices: Notices) {
    this.database = database;
    this.health = health;
    this.notices = notices;
  }

  /** Listens until the returned function is called. */
  follow(): () => void {
    const offs = [
      this.database.on("collections", () => this.refreshCollections()),
      this.database.on("networks", () => {
        this.#refreshNetworks();
        this.refreshCollections();
      }),
      this.database.on("sync", () => this.#refreshNetworks()),
      this.database.on("damage", () => void this.refreshHealth()),
    ];
    const look = (): void => {
      this.#wanted = wantedName();
    };
    window.addEventListener("hashchange", look);
    this.refreshCollections();
    return () => {
      for (const off of offs) off();
      if (this.#pause !== null) clearTimeout(this.#pause);
      this.#pause = null;
      window.removeEventListener("hashchange", look);
    };
  }

  networkOf(collection: string): NetworkConfig | undefined {
    return this.networks.find(({ collections }) => collections.has(collection));
  }

  devicesOf(networkId: string): number {
    return countDevices(this.peers.filter((peer) => peer.networkId === networkId));
  }

  /** Usage and promise of the browser change without an event: asked when somebody looks. */
  async refreshHealth(): Promise<void> {
    try {
      this.health = await this.database.health();
    } catch (error) {
      this.notices.problem(error);
    }
  }

  /** Counts change with every write, and counting costs: so not at every write. */
  refreshCollections(): void {
    this.#isStale = this.#pause !== null;
    if (this.#isStale) return;
    this.#pause = setTimeout(() => {
      this.#pause = null;
      if (this.#isStale) this.refreshCollections();
    }, countingPauseMilliseconds);
    void this.#askCollections();
  }

  async #askCollections(): Promise<void> {
    try {
      const infos = await this.database.collections();
      this.collections = [...infos].sort((a, b) => a.name.localeCompare(b.name));
      this.#refreshNetworks();
    } catch (error) {
      this.notices.problem(error);
    }
  }

  #refreshNetworks(): void {
    const manager = this.database.getNetworkManager();
    this.networks = manager.getNetworks();
    this.peers = manager.getConnectedPeers();
    this.states = this.networks.flatMap(({ collections }) =>
      [...collections].flatMap((name) => this.database.collection(name).getSyncState() ?? []),
    );
  }
}

/** Where a collection is shown. */
export const placeOf = (collection: string): string => `#/${encodeURIComponent(collection)}`;

const wantedName = (): string => {
  const { hash } = window.location;
  if (!hash.startsWith("#/")) return "";
  try {
    return decodeURIComponent(hash.slice(2));
  } catch {
    // an address that somebody mangled names no collection
    return "";
  }
};
