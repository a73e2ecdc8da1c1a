/**
 * Where libp2p keeps what it knows of peers, and its DHT who provides what: in memory, and no more
 * than so much. Its own store in memory grows with every peer that was ever there. What is held of
 * a peer goes as a whole: a provider without its peer makes the DHT fail for all who ask.
 */
import { NotFoundError, type PeerId } from "@libp2p/interface";
import { peerIdFromString } from "@libp2p/peer-id";
import { BaseDatastore } from "datastore-core";
import { Key, type KeyQuery, type Pair, type Query } from "interface-datastore";

export interface RecordBounds {
  /** Peers that are not connected. */
  readonly peersMax: number;
  readonly providersMax: number;
  readonly providersPerPeerMax: number;
  /** Of a tag that more peers provide, the newest are told. */
  readonly providersToldMax: number;
}

const peersPrefix = "/peers/";
const providersPrefix = "/dht/provider/";

/** A class, since libp2p's stores are made by extending its base. */
export class Records extends BaseDatastore {
  readonly #bounds: RecordBounds;
  /** The peer that was written longest ago comes first. */
  readonly #peers = new Map<string, Uint8Array>();
  readonly #connected = new Set<string>();
  /** The same of providers, all of them; then by tag, and by peer. */
  readonly #providers = new Map<string, Uint8Array>();
  readonly #providersByTag = new Map<string, Set<string>>();
  readonly #providersByPeer = new Map<string, Set<string>>();

  constructor(bounds: RecordBounds) {
    super();
    this.#bounds = bounds;
  }

  /** What is known of it stays while it is connected; also said of the relay itself. */
  hold(peer: PeerId): void {
    this.#connected.add(peerKeyOf(peer));
  }

  release(peer: PeerId): void {
    this.#connected.delete(peerKeyOf(peer));
    this.#trimPeers();
  }

  counts(): { readonly peers: number; readonly providers: number } {
    return { peers: this.#peers.size, providers: this.#providers.size };
  }

  override put(key: Key, value: Uint8Array): Key {
    const name = key.toString();
    if (name.startsWith(peersPrefix)) this.#putPeer(name, value);
    else if (name.startsWith(providersPrefix)) this.#putProvider(name, value);
    else throw new Error("a relay keeps peers and providers only");
    return key;
  }

  override get(key: Key): Uint8Array {
    const name = key.toString();
    const value = this.#peers.get(name) ?? this.#providers.get(name);
    if (value === undefined) throw new NotFoundError("there is no such record");
    return value;
  }

  override has(key: Key): boolean {
    const name = key.toString();
    return this.#peers.has(name) || this.#providers.has(name);
  }

  override delete(key: Key): void {
    const name = key.toString();
    if (name.startsWith(peersPrefix)) this.#deletePeer(name);
    else this.#deleteProvider(name);
  }

  override *_all({ prefix = "" }: Query): Generator<Pair> {
    for (const [name, value] of this.#entries(prefix)) yield { key: new Key(name), value };
  }

  override *_allKeys({ prefix = "" }: KeyQuery): Generator<Key> {
    for (const [name] of this.#entries(prefix)) yield new Key(name);
  }

  /** Those that can begin so: of one tag not all are looked through. */
  #entries(prefix: string): readonly (readonly [string, Uint8Array])[] {
    if (prefix.startsWith(peersPrefix)) return [...this.#peers];
    if (!prefix.startsWith(providersPrefix)) return [...this.#peers, ...this.#providers];
    const names = [...(this.#providersByTag.get(tagOf(prefix)) ?? [])];
    return names.slice(-this.#bounds.providersToldMax).flatMap((name) => {
      const value = this.#providers.get(name);
      return value === undefined ? [] : [[name, value] as const];
    });
  }

  #putPeer(name: string, value: Uint8Array): void {
    this.#peers.delete(name);
    this.#peers.set(name, value);
    this.#trimPeers();
  }

  #trimPeers(): void {
    const { peersMax } = this.#bounds;
    for (const name of this.#peers.keys()) {
      if (this.#peers.size - this.#connected.size <= peersMax) return;
      if (!this.#connected.has(name)) this.#deletePeer(name);
    }
  }

  #deletePeer(name: string): void {
    this.#peers.delete(name);
    for (const provider of this.#providersByPeer.get(name) ?? []) this.#deleteProvider(provider);
  }

  #putProvider(name: string, value: Uint8Array): void {
    const { providersMax, providersPerPeerMax } = this.#bounds;
    const peer = peerKeyOfProvider(name);
    if (!this.#peers.has(peer)) return;
    this.#deleteProvider(name);
    this.#providers.set(name, value);
    grown(this.#providersByTag, tagOf(name), name);
    const ofPeer = grown(this.#providersByPeer, peer, name);
    for (const oldest of ofPeer) {
      if (ofPeer.size <= providersPerPeerMax) break;
      this.#deleteProvider(oldest);
    }
    for (const oldest of this.#providers.keys()) {
      if (this.#providers.size <= providersMax) break;
      this.#deleteProvider(oldest);
    }
  }

  #deleteProvider(name: string): void {
    if (!this.#providers.delete(name)) return;
    shrink(this.#providersByTag, tagOf(name), name);
    shrink(this.#providersByPeer, peerKeyOfProvider(name), name);
  }
}

/** As libp2p's peer store names it. */
const peerKeyOf = (peer: PeerId): string => `${peersPrefix}${peer.toCID().toString()}`;

/** `/dht/provider/TAG/PEER`, or the beginning of it. */
const tagOf = (name: string): string => name.slice(providersPrefix.length).split("/")[0] ?? "";

const peerKeyOfProvider = (name: string): string =>
  peerKeyOf(peerIdFromString(name.slice(name.lastIndexOf("/") + 1)));

const grown = (sets: Map<string, Set<string>>, of: string, name: string): Set<string> => {
  const set = sets.get(of) ?? new Set();
  sets.set(of, set);
  return set.add(name);
};

const shrink = (sets: Map<string, Set<string>>, of: string, name: string): void => {
  const set = sets.get(of);
  set?.delete(name);
  if (set?.size === 0) sets.delete(of);
};
