/**
 * Reservations at relays that are named while the node runs. libp2p counts them when it is made:
 * one for each `/p2p-circuit` that it listens on, and nothing that is public adds another.
 */
import { multiaddr, type Multiaddr } from "@multiformats/multiaddr";

/** A service of a libp2p node. */
export interface Circuits {
  /** Room for one more relay that peers reach this node through; it stays. */
  add(): Promise<void>;
}

/** Of libp2p's own parts, the one that listens. */
interface CircuitsComponents {
  readonly transportManager: { listen(addresses: Multiaddr[]): Promise<void> };
}

/** For the `services` of `createLibp2p`. */
export const createCircuits = ({ transportManager }: CircuitsComponents): Circuits => ({
  add: () => transportManager.listen([multiaddr("/p2p-circuit")]),
});
