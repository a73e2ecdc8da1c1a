/**
 * What sync knows at a moment: the carrier, who is connected, what is to be told. Shared by the
 * parts of sync.
 */
import { isNotLoaded } from "../../core/base/parts.ts";
import type { Turns } from "../../core/base/turns.ts";
import type { ScopeId, WriterId } from "../../core/base/types.ts";
import type { Carrier, CarrierStatus, PeerChannel } from "../../core/net/carrier.ts";
import type { CheckedCertificate } from "../../core/network/certificate.ts";
import type { DeliveredSegment } from "../../core/segment/segment.ts";
import type { GreetingFault } from "../../core/sync/greeting.ts";
import type { Pace } from "../../core/sync/sessionState.ts";
import type { DeviceWarning } from "../../core/wire/deviceWarning.ts";
import type { Connectivity } from "../../core/wire/connection.ts";
import type { PeerMessage } from "../../core/wire/peers.ts";
import type {
  NetworkSnapshot,
  SyncMode,
  SyncSnapshot,
  TrafficSnapshot,
} from "../../core/wire/snapshots.ts";
import type { PeerKnowledge } from "../closed/wire.ts";
import type { Engine } from "../engine.ts";
import { errorValueOf } from "../failure.ts";
import type { Home } from "../home.ts";
import { isMemberOf, type NetworkMembership } from "../identity.ts";
import type { Offences } from "./offences.ts";
import type { Peer, SentOps } from "./peer.ts";
import type { HomeRepair } from "./repairState.ts";

export interface Connected {
  readonly peer: Peer;
  readonly membership: NetworkMembership;
  readonly certificate: CheckedCertificate;
  /** Of the chain of a closed network. */
  readonly known: PeerKnowledge;
}

/** A connection to a peer, as long as it has channels. */
export interface PeerLine {
  /** What each is about, by the key of its target; null: the other side's to say. */
  readonly channels: Map<PeerChannel, TargetKey | null>;
  readonly tries: Map<TargetKey, Try>;
  /** Where the turn begins: a first try that fails may end the connection. */
  readonly turn: number;
  /** Why the last greeting came to nothing; null: it did not. */
  refusal: GreetingFault | null;
  /** A channel was asked for, or is in its greeting, since then; null: none. */
  tryingSince: number | null;
  /** Opens a channel for what is due; to be called whenever something may be. */
  readonly goOn: () => void;
}

export interface Try {
  readonly failures: number;
  /** In ticks; `Infinity`: the peer is not of it, or sees to it by itself. */
  readonly notBefore: number;
}

/** Of a network, of an invite that this device made, or of one that it took. */
export type TargetKey = `${"network" | "invite" | "joining"}/${string}`;

/** Who holds what: taken in, passed on, and said of this device. */
export interface Acknowledging {
  /** Names of other devices that say that they hold all that is stored of a home here. */
  readonly devicesHolding: (home: Home) => readonly string[];
  /** Up to which n other devices say that they hold the log of a writer of this one. */
  readonly heldUpTo: (home: Home, writer: WriterId) => number;
  /** Behind the greeting. */
  readonly met: (connected: Connected) => void;
  readonly take: (connected: Connected, body: Uint8Array) => Promise<void>;
  /** Something of the network is stored that was not. */
  readonly changed: (membership: NetworkMembership) => void;
  /** A peer was verified to hold the same: nothing more is to come for the moment. */
  readonly verified: (membership: NetworkMembership) => void;
  /** Members came or went. */
  readonly membersChanged: (membership: NetworkMembership) => Promise<void>;
  /**
   * This device goes: whoever is connected is told what it holds and did not say yet. Resolves when
   * they have it, or after a second.
   */
  readonly farewell: () => Promise<void>;
  /** Nobody is to be told any more. */
  readonly stop: () => void;
}

/** How much devices have stored, and what follows for those beyond their quota. */
export interface DeviceWatch {
  /** Each second. */
  readonly tick: () => void;
  /** This device's own too: those it does not push in any case. */
  readonly stored: (home: Home, segments: readonly DeliveredSegment[]) => void;
  /** `peer`: the device that has something of a writer that is not known here. */
  readonly paceOf: (home: Home, writer: WriterId, peer: string) => Pace;
  /** What of segments that were pushed is taken in now. */
  readonly withinRate: (home: Home, segments: readonly Uint8Array[]) => readonly Uint8Array[];
  /** As of a second ago, or less. */
  readonly warnings: (membership: NetworkMembership) => readonly DeviceWarning[];
  /** Of all networks, as of now. */
  readonly all: () => readonly DeviceWarning[];
}

/** Of a home that is to be read anew: how often that failed, and when it is tried next. */
export interface Retake {
  readonly failures: number;
  /** In ticks. */
  readonly notBefore: number;
  readonly isRunning: boolean;
}

export interface Gathering {
  /** Within a few ms. */
  readonly isSoon: boolean;
  readonly cancel: () => void;
}

export interface Met {
  /** By their name in that network. */
  readonly devices: Set<string>;
  traffic: TrafficSnapshot;
}

export interface SyncState {
  readonly engine: Engine;
  readonly emitNetworks: (networks: readonly NetworkSnapshot[]) => void;
  readonly emitSync: (sync: readonly SyncSnapshot[]) => void;
  readonly emitMessage: (message: PeerMessage) => void;
  readonly emitConnectivity: (connectivity: Connectivity | null) => void;
  /** Networks and their keys are others by now: peers are to be found under other tags. */
  readonly retag: () => void;
  /** Nothing to do where it is, or where there is no network. */
  readonly loadAcknowledging: () => Promise<void>;
  carrier: Carrier | null;
  /** What the carrier said last, and what was made of it. */
  carried: CarrierStatus | null;
  connectivity: Connectivity | null;
  /** Acknowledgements are taken in and made one after another. */
  readonly inTurn: Turns;
  /** null until it is loaded: with the first network. */
  acknowledging: Acknowledging | null;
  /** The same. */
  devices: DeviceWatch | null;
  readonly connected: Map<PeerChannel, Connected>;
  /** Seconds that a carrier was there: a clock that nobody sets. */
  ticks: number;
  /** By peer: its channels, and what is tried there. */
  readonly lines: Map<string, PeerLine>;
  /** How often something of a peer was refused, dropped or done again, by reason. */
  readonly refusals: Map<string, number>;
  readonly offences: Offences;
  /** Who was met in a network since the opening, and what went between until they left. */
  readonly met: Map<NetworkMembership, Met>;
  /** Ends of connections that are to stay closed. */
  readonly refused: Set<string>;
  /** Homes whose summary is to be told. */
  readonly dirty: Set<Home>;
  /** Homes whose ops gather before they are cut. */
  readonly gathering: Map<Home, Gathering>;
  readonly lastCuts: WeakMap<Home, LastCut>;
  /** Homes whose changes are being hashed while there is time. */
  readonly hashing: Set<Home>;
  /** Homes of collections that are synchronised by hand: how many rounds are under way. */
  readonly rounds: Map<Home, number>;
  isScheduled: boolean;
  stopTicking: () => void;
  /** Does nothing before there is a network. */
  everySecond: (state: SyncState) => void;
  /** Ops in segments that were given to sessions, for statistics. */
  readonly sentOps: WeakMap<Uint8Array, SentOps>;
  /** By scope: when equality with a peer was last verified, milliseconds since 1970. */
  readonly lastSync: Map<ScopeId, number>;
  /** By home: what is being done where peers read another state from the same heads. */
  readonly repairs: WeakMap<Home, HomeRepair>;
  /** Homes that are to be read anew, since the store failed while something was taken in. */
  readonly retakes: Map<Home, Retake>;
  /** Told whenever a session's status changed or a peer came or went. */
  readonly watchers: Set<() => void>;
  /** Networks that are being looked after. */
  readonly tending: Set<NetworkMembership>;
}

/** Of a home: when what was cut was stored, how long that took, and how many ops it held. */
interface LastCut {
  readonly endedAt: number;
  readonly milliseconds: number;
  readonly ops: number;
}

export const attachedHomes = (
  { engine }: SyncState,
  membership: NetworkMembership,
): readonly Home[] =>
  engine.registry
    .collections()
    .flatMap(({ attached, shared }) =>
      attached && shared?.membership === membership ? [shared] : [],
    );

export const attachedHome = (
  state: SyncState,
  membership: NetworkMembership,
  scope: ScopeId,
): Home | null => attachedHomes(state, membership).find((home) => home.scope === scope) ?? null;

/** What is shared with this peer: nothing before it and this device are members. */
export const servedHomes = (state: SyncState, connected: Connected): readonly Home[] =>
  isServed(connected)
    ? attachedHomes(state, connected.membership).filter((home) => !isPaused(state, home))
    : [];

/** Synchronised by hand, and nobody asked. */
export const isPaused = (state: SyncState, home: Home): boolean =>
  modeOf(state, home) === "manual" && !state.rounds.has(home);

export const modeOf = ({ engine }: SyncState, { collection }: Home): SyncMode =>
  engine.registry.find(collection)?.mode ?? "eager";

export const isServed = ({ membership, certificate }: Connected): boolean =>
  isMemberOf(membership, certificate) &&
  !(membership.kind === "closed" && membership.standing() === "removed");

/** Whoever is connected about a network, as of now. */
export const connectedIn = (
  { connected }: SyncState,
  network: Home["membership"],
): readonly Connected[] =>
  [...connected.values()].filter(({ membership }) => membership === network);

/** Those of them with whom something is shared. */
export const servedIn = (state: SyncState, network: NetworkMembership): readonly Connected[] =>
  connectedIn(state, network).filter(isServed);

/** Peers whose sessions know a home, but who was removed and is yet to be told so. */
export const peersOf = (state: SyncState, home: Home): readonly Peer[] =>
  connectedIn(state, home.membership)
    .filter(({ membership, certificate }) => isMemberOf(membership, certificate))
    .map(({ peer }) => peer)
    .filter((peer) => peer.session().scopes.has(home.scope));

/** undefined: it is gone. */
export const connectedOf = ({ connected }: SyncState, peer: Peer): Connected | undefined =>
  [...connected.values()].find((each) => each.peer === peer);

/** Those of them who share it, as far as is known. */
export const partnersOf = (state: SyncState, home: Home): readonly Peer[] =>
  peersOf(state, home).filter((peer) => !peer.isWithout(home.scope));

/** But for a part that is yet to be loaded: with the next channel, or second, it is tried again. */
export const reportFailure = ({ engine }: SyncState, error: unknown): void => {
  if (!isNotLoaded(error)) engine.deps.onFailed(errorValueOf(error));
};
