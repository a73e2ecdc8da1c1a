/**
 * The DHT through which pages can be found besides the rendezvous: Kademlia as libp2p speaks it,
 * under a name of our own, so that neither a page nor a relay ever becomes part of the public DHT.
 * Relays are its servers; whoever asks them is a client.
 */
export const dhtProtocol = "/nebulusdb/kad/1.0.0";

/** What a node asks of it. All reject when the signal ends them. */
export interface Dht {
  /** Says that this node is found under the tag; resolves with whether some relay took it. */
  announce(tag: string, signal: AbortSignal): Promise<boolean>;
  /** Is not said again under that tag; relays forget it by themselves. */
  forget(tag: string): Promise<void>;
  /** Ids of others that are found under the tag. */
  find(tag: string, signal: AbortSignal): Promise<readonly string[]>;
}
