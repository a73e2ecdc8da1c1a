/**
 * What the API answers synchronously comes from these snapshots, which the engine keeps fresh in
 * each page.
 */

import type { ChannelLayer, ChannelPath } from "../net/carrier.ts";
import type { DeviceWarning } from "./deviceWarning.ts";
import type { MemberRoleName } from "./networks.ts";

export interface NetworkSnapshot {
  readonly networkId: string;
  readonly name: string;
  /** Open networks are joined by name and secret; nobody can be removed from one. */
  /** `joining`: an invite was taken, and its maker was not met yet. */
  readonly kind: "open" | "closed" | "joining";
  /** False where the secret follows from the name: anyone who knows the name can read. */
  readonly secret: boolean;
  /** Of a closed network: how this device stands in it, and who else belongs. */
  readonly closed: ClosedSnapshot | null;
  /**
   * Of one that is being joined: why its maker did not let this device in; null: not met, or in.
   */
  readonly refused: AdmissionRefusal | null;
  readonly collections: readonly string[];
  readonly peers: readonly PeerSnapshot[];
  /** Devices of others that this one knows to be, or to have been, in the network. */
  readonly devicesKnown: number;
  /** Documents of this device are private there unless they are shared one by one. */
  readonly privateByDefault: boolean;
  /** Where its members are looked for beside this device's own relays: multiaddresses. */
  readonly relays: readonly string[];
  /** Of devices that have stored much, or of which two logs stand under one name. */
  readonly warnings: readonly DeviceWarning[];
  /** With everybody, those who left included. */
  readonly traffic: TrafficSnapshot;
}

/** How this device stands in a closed network, and what it knows of it. */
export interface ClosedSnapshot {
  /**
   * `waiting`: the sequencer has yet to admit this device; what it writes stays here until then.
   * `removed`: nothing is shared any more.
   */
  readonly standing: MemberRoleName | "waiting" | "removed";
  /** Why a device that waits will not be admitted; null: it may yet be, or does not wait. */
  readonly refused: AdmissionRefusal | null;
  /** Two decisions contradict each other: none is made before the recovery key opens a new term. */
  readonly isFrozen: boolean;
  readonly members: readonly MemberSnapshot[];
  /** Made by this device, and open. */
  readonly invites: readonly InviteSnapshot[];
  /** What the sequencer has yet to decide, by kind. */
  readonly waiting: readonly string[];
  /** This device has a key that opens a new term, where the sequencer is lost or all is frozen. */
  readonly hasRecoveryKey: boolean;
  readonly recovery: RecoverySnapshot;
  /** What members share, whether or not it is attached here. */
  readonly collections: readonly SharedCollectionSnapshot[];
  /** What this device wrote and nobody accepts, since its right to write ended before. */
  readonly notAccepted: readonly NotAcceptedSnapshot[];
}

/**
 * Of the invite by which it came, or of the network: as many decisions as one may have
 * (`network-full`), or whoever made the invite may not let anybody in any more (`not-allowed`).
 */
export const admissionRefusals = [
  ...(["invite-revoked", "invite-used", "invite-expired", "maker-removed"] as const),
  ...(["network-full", "not-allowed"] as const),
] as const;
/** One of `admissionRefusals`. */
export type AdmissionRefusal = (typeof admissionRefusals)[number];

/** What a new term takes. */
export interface RecoverySnapshot {
  /** How many recovery keys have to agree, of how many that there are. */
  readonly needed: number;
  readonly keys: number;
  /** On this device. */
  readonly held: number;
  /** A term that was asked for, under which device, and by how many keys; null: none, or enough. */
  readonly asked: { readonly device: string; readonly agreed: number } | null;
}

/** A collection that a closed network has. */
export interface SharedCollectionSnapshot {
  /** null: made by a newer program, or sealed under a key that is not here. */
  readonly name: string | null;
  /** How conflicts are read; null: unknown here. */
  readonly strategy: string | null;
  readonly isAttached: boolean;
}

/** Writes of this device that count for nobody else, of one collection. */
export interface NotAcceptedSnapshot {
  readonly collection: string;
  readonly operations: number;
  /** Ids of what they changed, some hundred at most. */
  readonly documents: readonly string[];
}

/** An account in a closed network, with its devices. */
export interface MemberSnapshot {
  /** 32 bytes in hexadecimal. */
  readonly account: string;
  /** What its members call it, a label, never a proof; null: nothing yet. */
  readonly name: string | null;
  readonly role: MemberRoleName;
  readonly isSelf: boolean;
  readonly devices: readonly {
    /** As `_peerId` names it. */
    readonly device: string;
    /** As in `ABCD-EFGH-IJKL-MNOP`: the same on every device that is told of its real keys. */
    readonly code: string;
    /** It puts the network's decisions in order. */
    readonly isSequencer: boolean;
    readonly isThis: boolean;
  }[];
}

/** An invite that this device made, open or yet to be known. */
export interface InviteSnapshot {
  readonly id: string;
  /** `waiting`: the sequencer has yet to know of it. */
  readonly state: "open" | "waiting";
  readonly usesLeft: number;
  /** Milliseconds since 1970. */
  readonly expiry: number | null;
}

export interface PeerSnapshot {
  /** The peer's device in this network, as hexadecimal of its signing key's hash. */
  readonly device: string;
  /** Of the end point, which is the same in all networks in which this peer is met. */
  readonly transportId: string;
  /** Where a carrier finds the end point. */
  readonly addresses: readonly string[];
  readonly path: ChannelPath;
  /** See `ChannelInfo`; none where the carrier does not say. */
  readonly layers: readonly ChannelLayer[];
  /** With regard to all that both share. */
  readonly status: SyncStatus;
  /** Collections of this device that the peer shares with it. */
  readonly collections: readonly string[];
  /** Moving average, in milliseconds; null before the first answer. */
  readonly roundTripMs: number | null;
  /** Milliseconds since 1970 of the last frame. */
  readonly lastSeen: number;
  readonly traffic: TrafficSnapshot;
  /** Handed to the transport, which has not taken it yet. */
  readonly backlogBytes: number;
}

/** Counted since the database was opened. */
export interface TrafficSnapshot {
  readonly operationsSent: number;
  readonly operationsReceived: number;
  /** Of the application. */
  readonly messagesSent: number;
  readonly messagesReceived: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

/**
 * Of a collection: with regard to all connected peers that share it at once, the least that holds
 * for each.
 */
export type SyncStatus =
  /** Nobody who shares it is connected. */
  | { readonly kind: "disconnected" }
  /** Synchronised by hand, and nobody asked: nothing is sent, taken or compared. */
  | { readonly kind: "paused" }
  /** Comparing, or a transfer is under way; so many ops are known to be missing here. */
  | { readonly kind: "syncing"; readonly ops: number; readonly progress: SyncProgress }
  /** So many ops are known to be missing here, and nobody is sending them at the moment. */
  | { readonly kind: "behind"; readonly ops: number; readonly progress: SyncProgress }
  /**
   * Equal heads; `verified`: and equal digests. `unread` segments wait for others. `with`: the
   * devices that were compared, all that are connected and share it.
   */
  | {
      readonly kind: "synced";
      readonly verified: boolean;
      readonly unread: number;
      readonly with: readonly string[];
    }
  /** Equal heads, all read, and another state: one of the programs is wrong. */
  | { readonly kind: "mismatch" };

/**
 * How much of what was missing has come, in ops, since something was missing; `total` grows when
 * more turns up meanwhile.
 */
export interface SyncProgress {
  readonly done: number;
  readonly total: number;
}

/** When a collection's changes travel: at once, gathered for seconds, or by `forceSync` alone. */
export const syncModes = ["eager", "lazy", "manual"] as const;
/** `eager`: at once; `lazy`: gathered for up to ten seconds; `manual`: by `forceSync` alone. */
export type SyncMode = (typeof syncModes)[number];

export interface SyncSnapshot {
  readonly collection: string;
  readonly networkId: string;
  readonly mode: SyncMode;
  readonly status: SyncStatus;
  /** Operations of this device that no other device is known to hold. */
  readonly pendingOperations: number;
  /** Milliseconds since 1970 of the last verified equality, null before the first. */
  readonly lastSync: number | null;
  /** Highest n read, by writer. */
  readonly vector: { readonly [writer: string]: number };
}
