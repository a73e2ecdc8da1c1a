/**
 * The DHT through which pages can be found besides the rendezvous: Kademlia as libp2p speaks it,
 * under a name of our own, so that neither a page nor a relay ever becomes part of the public DHT.
 * Relays are its servers; whoever asks them is a client.
 */
export const dhtProtocol = "/nebulusdb/kad/1.0.0";
