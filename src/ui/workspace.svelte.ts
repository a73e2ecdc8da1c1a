/**
 * What the open database tells the whole screen, kept fresh by its events: collections, networks,
 * peers, sync; and which collection is looked at, which stands in the address (`#/name`). An invite
 * that comes with the address (`#join=…`) is kept here and leaves the address at once.
 */
import { untrack } from "svelte";
import type { CollectionInfo } from "../core/wire/requests.ts";
import type { DistributedDatabase, Health } from "../client/api.ts";
import type { NetworkConfig, PeerInfo, SyncState } from "../client/networkTypes.ts";
import type { Notices } from "./notices.svelte.ts";
import { atMoment } from "./messages.ts";
import { attentionInWords, countDevices, overviewInWords } from "./text/sync.ts";
import { createWaits } from "./text/waits.ts";

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
  /** `#join=…` of the address, until somebody answers it; empty: there is none. */
  invite = $state("");
  #wanted = $state(wantedName());
  #pause: ReturnType<typeof setTimeout> | null = null;
  #isStale = false;
  readonly #waits = createWaits(() => Date.now());

  /** The collection that is shown: the one in the address, else the first. */
  readonly selected = $derived(
    this.collections?.find(({ name }) => name === this.#wanted) ?? this.collections?.[0],
  );
  readonly devices = $derived(countDevices(this.peers));
  readonly sync = $derived(
    attentionInWords(this.networks, this.states.length > 0) ??
      overviewInWords(this.states, this.networks.length, this.devices),
  );

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
      if (window.location.hash.startsWith("#join=")) this.#takeInvite();
      else this.#wanted = wantedName();
    };
    window.addEventListener("hashchange", look);
    untrack(look);
    this.refreshCollections();
    return () => {
      for (const off of offs) off();
      if (this.#pause !== null) clearTimeout(this.#pause);
      this.#pause = null;
      window.removeEventListener("hashchange", look);
    };
  }

  /** `device`: as members name it. */
  isConnected(networkId: string, device: string): boolean {
    return this.peers.some((peer) => peer.networkId === networkId && peer.peerId === device);
  }

  /** When a decision about the network began to wait; null: before this page was opened. */
  waitingSince(networkId: string): string | null {
    const since = this.#waits.since(networkId);
    return since === null ? null : atMoment(since);
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

  /** Whoever has it can ask to come in: neither the address nor the history keeps it. */
  #takeInvite(): void {
    const { location, history } = window;
    this.invite = location.hash;
    const place = this.#wanted === "" ? "" : placeOf(this.#wanted);
    history.replaceState(history.state, "", location.pathname + location.search + place);
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
    const networks = manager.getNetworks();
    this.#waits.note(networks);
    this.networks = networks;
    this.peers = manager.getConnectedPeers();
    // nothing of a network that removed this device waits for anything
    const present = this.networks.filter(({ closed }) => closed?.standing !== "removed");
    this.states = present.flatMap(({ collections }) =>
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
