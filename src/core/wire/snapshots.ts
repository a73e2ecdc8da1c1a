/**
 * What the API answers synchronously comes from these snapshots, which the engine keeps fresh in
 * each page.
 */

export interface NetworkSnapshot {
  readonly networkId: string;
  readonly name: string;
  /** Open networks are joined by name and secret; nobody can be removed from one. */
  readonly kind: "open";
  /** False where the secret follows from the name: anyone who knows the name can read. */
  readonly secret: boolean;
  readonly collections: readonly string[];
  readonly peers: readonly PeerSnapshot[];
  readonly operationsSent: number;
  readonly operationsReceived: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

export interface PeerSnapshot {
  readonly peerId: string;
  /** The peer's device in this network, as hexadecimal of its signing key's hash. */
  readonly device: string;
  readonly path: "direct" | "relayed";
  /** Milliseconds since 1970 of the last frame. */
  readonly lastSeen: number;
}

/** With regard to all connected peers at once: the least that holds for each. */
export type SyncStatus =
  | { readonly kind: "disconnected" }
  /** Comparing, or a transfer is under way; so many ops are known to be missing here. */
  | { readonly kind: "syncing"; readonly ops: number }
  /** So many ops are known to be missing here, and nobody is sending them at the moment. */
  | { readonly kind: "behind"; readonly ops: number }
  /** Equal heads; `verified`: and equal digests. `unread` segments wait for others. */
  | { readonly kind: "synced"; readonly verified: boolean; readonly unread: number }
  /** Equal heads, all read, and another state: one of the programs is wrong. */
  | { readonly kind: "mismatch" };

export interface SyncSnapshot {
  readonly collection: string;
  readonly networkId: string;
  readonly status: SyncStatus;
  /** Operations of this device that no connected peer is known to hold. */
  readonly pendingOperations: number;
  /** Milliseconds since 1970 of the last verified equality, null before the first. */
  readonly lastSync: number | null;
  /** Highest n read, by writer. */
  readonly vector: { readonly [writer: string]: number };
}
