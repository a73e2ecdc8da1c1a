/**
 * What a sync session knows, takes in and gives out: types, and the small steps that the parts of
 * the session share. The session itself is session.ts.
 */
import type { HeaderHash, ScopeId, WriterId } from "../base/types.ts";
import type { FrameFault } from "./receive.ts";
import type { ForeignMessage, Message, OtherBody, WantRange } from "./frames.ts";
import type { HeadsHash, Role, Tip } from "./heads.ts";
import { counted, type SyncCounters, type SyncReason } from "./reasons.ts";

/** What this device holds of an attached scope. */
export interface LocalSummary {
  readonly scope: ScopeId;
  /** `headsHashOf(tips)`. */
  readonly headsHash: HeadsHash;
  readonly tips: readonly Tip[];
  /**
   * 32 bytes, of what these heads say; null while something is unread, or it is not computed yet.
   */
  readonly digest: Uint8Array | null;
  readonly unread: number;
  readonly parked: number;
}

/** A new segment of this device, or a peer's that was delivered and may be passed on. */
export interface CutSegment {
  readonly scope: ScopeId;
  readonly writer: WriterId;
  /** n of its last op. */
  readonly n: number;
  readonly previous: HeaderHash | null;
  readonly hash: HeaderHash;
  readonly bytes: Uint8Array;
  /** It came from this session's peer: noted as held there, never sent back. */
  readonly held: boolean;
}

export interface LoadedSegment {
  /** n of its last op. */
  readonly n: number;
  readonly hash: HeaderHash;
  readonly bytes: Uint8Array;
}

export type SessionInput =
  | { readonly kind: "start"; readonly scopes: readonly LocalSummary[] }
  /** `bytes`: how long the message was on the wire, type included. */
  | {
      readonly kind: "message";
      readonly message: Message | ForeignMessage;
      readonly bytes: number;
    }
  /** What the peer sent no sound peer sends: the session ends. */
  | {
      readonly kind: "malformed";
      readonly fault: FrameFault | "segment-forged" | "control-malformed";
    }
  | { readonly kind: "attached"; readonly summary: LocalSummary }
  | { readonly kind: "detached"; readonly scope: ScopeId }
  /** What is held of a scope changed. After the `cut` inputs of the change. */
  | { readonly kind: "local"; readonly summary: LocalSummary }
  /** Asks the peer to say anew what it holds, and so to check `synced` once more. */
  | { readonly kind: "ask"; readonly scope: ScopeId }
  /**
   * Answers `load`: whole segments, oldest first, together at most its `bytesMax`. `end`: the tip
   * is among them, or nothing (more) of the range can be read. To be given once the transport took
   * what was sent before, since nothing else holds this side back.
   */
  | {
      readonly kind: "loaded";
      readonly request: number;
      readonly segments: readonly LoadedSegment[];
      readonly end: boolean;
    }
  /**
   * Segments of a `deliver` were stored or refused, and `hasHeader` knows it. After the `cut` and
   * `local` inputs of what they changed.
   */
  | { readonly kind: "delivered"; readonly request: number | null; readonly bytes: number }
  | { readonly kind: "cut"; readonly segment: CutSegment }
  /** Milliseconds by any clock; if it jumps back, no time passed. About once a second. */
  | { readonly kind: "tick"; readonly now: number }
  | { readonly kind: "closed" };

export type CloseCode = "version" | "malformed" | "rate" | "peer-left";

export type SyncStatus =
  /** Comparing, or a transfer is under way. `ops` are those known to be missing here. */
  | { readonly kind: "syncing"; readonly ops: number }
  /** So many ops are known to be missing here, and nobody is sending them at the moment. */
  | { readonly kind: "behind"; readonly ops: number }
  /** The same heads on both sides; `verified`: and the same state was read from them. */
  | { readonly kind: "synced"; readonly verified: boolean; readonly unread: number }
  /** The same heads, all read, and another state: one of both programs is wrong. */
  | { readonly kind: "mismatch" }
  /** The peer does not share the scope. */
  | { readonly kind: "absent" };

export type SessionOutput =
  | { readonly kind: "send"; readonly message: Message }
  /**
   * Read segments along `previous` from the tip down to any of `have`, and answer with `loaded`.
   * One at a time.
   */
  | {
      readonly kind: "load";
      readonly request: number;
      readonly scope: ScopeId;
      readonly writer: WriterId;
      readonly tip: HeaderHash;
      readonly have: readonly HeaderHash[];
      readonly bytesMax: number;
    }
  /**
   * About the network's control chain, about who holds what, about documents that differ though
   * heads are equal, or the application's own: for whoever keeps that.
   */
  | { readonly kind: OtherBody; readonly body: Uint8Array }
  | { readonly kind: "heartbeat"; readonly number: number; readonly isAnswer: boolean }
  /**
   * Hand to delivery, and answer with `delivered` of as many bytes. `request` null: came unasked.
   */
  | {
      readonly kind: "deliver";
      readonly scope: ScopeId;
      readonly segments: readonly Uint8Array[];
      readonly request: number | null;
      readonly bytes: number;
    }
  /**
   * The peer shows a header of a writer of mine that I do not know. If this device's key signed it,
   * that writer has ended: a new incarnation begins, and the old one is no own writer any more.
   */
  | {
      readonly kind: "fork";
      readonly scope: ScopeId;
      readonly header: Uint8Array;
      readonly signature: Uint8Array | null;
    }
  | { readonly kind: "status"; readonly scope: ScopeId; readonly status: SyncStatus }
  /** The session is over; what was sent before may still go out. */
  | { readonly kind: "close"; readonly code: CloseCode };

/**
 * How soon what a writer wrote is sent and asked for. `last`: it is not pushed, and asked for after
 * all others, one window at a time; `paused`: not for the moment.
 */
export type Pace = "usual" | "last" | "paused";

/** What the session asks about the scopes of this device while it steps. */
export interface SessionView {
  /** Delivered here: the header is in the tree. */
  readonly hasHeader: (scope: ScopeId, hash: HeaderHash) => boolean;
  /** Another session is fetching this tip. */
  readonly isClaimed: (scope: ScopeId, tip: HeaderHash) => boolean;
  /**
   * Writers whose key is this device's, but those known to be forked: these are like any other's.
   */
  readonly ownWriters: (scope: ScopeId) => ReadonlySet<WriterId>;
  /**
   * Where to meet another's chain: the writer's tips here first, then headers below them spaced
   * ever wider, `wantHavesMax` at most. Empty if none is held.
   */
  readonly locator: (scope: ScopeId, writer: WriterId) => readonly HeaderHash[];
  /**
   * The last header of an own writer, to show to a clone of this device. Null if it wrote nothing.
   */
  readonly headProof: (scope: ScopeId, writer: WriterId) => HeadProof | null;
  /** Other than usual for devices beyond their quota, where nothing else waits for it. */
  readonly paceOf: (scope: ScopeId, writer: WriterId) => Pace;
}

export interface HeadProof {
  readonly header: Uint8Array;
  /** Null in suite 0. */
  readonly signature: Uint8Array | null;
}

/** All in milliseconds of ticks' time. */
export interface SessionOptions {
  /**
   * A summary that the peer is not known to have seen is sent again after this, then ever later.
   */
  readonly summaryRepeatMs: number;
  readonly summaryRepeatMsMax: number;
  /**
   * Tips of a changing scope are sent no more often than this, nor summaries while it is filled or
   * while the last one is not answered.
   */
  readonly tipsGapMs: number;
  /** Peers' segments are sent on after this if the peer does not say whether it lacks them. */
  readonly forwardMs: number;
  /** A request or its credit is sent again when nothing came for this long. */
  readonly requestRepeatMs: number;
  readonly requestTimeoutMs: number;
  /** What was pushed counts as held for so long, whatever the peer said of its tips before. */
  readonly pushedMs: number;
  /** A tip that a request did not bring is asked for again after this, then ever later. */
  readonly retryMs: number;
  readonly retryMsMax: number;
}

export const defaultSessionOptions: SessionOptions = {
  summaryRepeatMs: 5_000,
  summaryRepeatMsMax: 60_000,
  tipsGapMs: 1_000,
  forwardMs: 2_000,
  pushedMs: 3_000,
  requestRepeatMs: 5_000,
  requestTimeoutMs: 30_000,
  retryMs: 2_000,
  retryMsMax: 300_000,
};

/** What the greeting agreed on. */
export interface SessionIdentity {
  readonly role: Role;
  /** k and t of FORMATS.md §7. */
  readonly key: Uint8Array;
  readonly transcript: Uint8Array;
}

export interface PeerSummary {
  readonly revision: number;
  readonly headsHash: HeadsHash;
  readonly proof: Uint8Array | null;
}

/** What the peer holds as far as I know: it only selects what to send. */
export interface PeerTips {
  /** Revision of the peer's that these rest on. */
  readonly revision: number;
  readonly byWriter: ReadonlyMap<WriterId, readonly Tip[]>;
}

export interface PushedTip {
  readonly tip: Tip;
  /** What it stands upon; null: the writer begins with it. */
  readonly previous: HeaderHash | null;
  readonly at: number;
}

export interface Retry {
  readonly attempts: number;
  readonly notBefore: number;
}

/** When something absolute was last sent, and how long to wait before sending it again. */
export interface Sent {
  readonly at: number;
  readonly revision: number;
  readonly waitMs: number;
}

export interface SummarySent extends Sent {
  readonly headsHash: HeadsHash;
  readonly seenTips: number;
  /** The peer has said something of the scope since. */
  readonly isAnswered: boolean;
}

export interface ScopeState {
  readonly local: LocalSummary;
  /**
   * Of `local.digest`: what I show, and what the peer shows if it has the same. Null without it.
   */
  readonly proofs: { readonly mine: Uint8Array; readonly theirs: Uint8Array } | null;
  /** Greatest n by writer. */
  readonly localN: ReadonlyMap<WriterId, number>;
  /** Of `local`; rises over all scopes of the session, so that none comes twice. */
  readonly revision: number;
  readonly summarySent: SummarySent | null;
  readonly tipsSent: Sent | null;
  /** Last revisions of mine that the peer says it has seen. */
  readonly peerSaw: number;
  readonly peerSawTips: number;
  readonly isReplyDue: boolean;
  /** The revision with which the peer was asked to say anew what it holds; 0: it was not. */
  readonly askedRevision: number;
  /** What changed here goes to the peer or came from it: it hears at once how it ended. */
  readonly isUrgent: boolean;
  /**
   * The peer has seen what I last said and holds something else, or much is being pushed to it: it
   * needs my tips, to know what it lacks.
   */
  readonly areTipsWanted: boolean;
  /** Segments that were pushed since the last summary. */
  readonly pushedSince: number;
  /** And those that the peer may have on their way to it, oldest first. */
  readonly pushed: readonly PushedTip[];
  /** The peer said that it does not share it. */
  readonly isAbsent: boolean;
  readonly peer: PeerSummary | null;
  readonly peerTips: PeerTips | null;
  /** The peer's tips whose header I lack, and about how many ops lie between. */
  readonly missing: ReadonlyMap<HeaderHash, Tip>;
  readonly missingOps: number;
  readonly retries: ReadonlyMap<HeaderHash, Retry>;
  /** Null until first told. */
  readonly status: SyncStatus | null;
}

/** What I asked for, one at a time. Positions count bytes of segments. */
export interface Request {
  readonly id: number;
  readonly ranges: readonly WantRange[];
  readonly granted: number;
  /** Up to where it came; handed to delivery and not yet taken in. */
  readonly received: number;
  readonly outstanding: number;
  readonly isEnded: boolean;
  /** How long nothing of note came though delivery was idle, and what had come before that. */
  readonly waitedMs: number;
  readonly receivedBefore: number;
  /** When the request or its credit was last sent. */
  readonly sentAt: number;
}

/** What the peer asked for, one at a time. */
export interface Serving {
  readonly request: number;
  readonly ranges: readonly WantRange[];
  /** For the closing message. */
  readonly scope: ScopeId;
  readonly index: number;
  /** What the peer holds of the present range. */
  readonly have: readonly HeaderHash[];
  readonly sent: number;
  readonly allowed: number;
  readonly isLoading: boolean;
  /** The next segment does not fit what is left of the credit. */
  readonly isBlocked: boolean;
  /** Kept, so that its end can be said again. */
  readonly isEnded: boolean;
}

/** Pushes, as positions: mine to the peer, and the peer's to me. */
export interface PushState {
  readonly sent: number;
  readonly allowed: number;
  readonly received: number;
  readonly outstanding: number;
  /** What the peer was last told that it may push up to. */
  readonly told: number;
  /** Peers' segments that go to this peer unless it has them by then. */
  readonly forwards: readonly Forward[];
  /** Own segments that stand upon something that the peer does not hold yet, oldest first. */
  readonly waiting: readonly CutSegment[];
}

export interface Forward {
  readonly segment: CutSegment;
  readonly since: number;
}

/** What was said of scopes that one side does not share; revisions of announcements. */
export interface Announcing {
  readonly isDue: boolean;
  readonly revision: number;
  readonly peerRevision: number;
}

/** What may still come unasked. */
export interface Allowance {
  readonly bytes: number;
  readonly segments: number;
  readonly messages: number;
}

export interface SessionState {
  readonly identity: SessionIdentity;
  readonly options: SessionOptions;
  readonly isOpen: boolean;
  /** Time of the ticks so far, and what the last one said. */
  readonly now: number;
  readonly tickedAt: number;
  readonly scopes: ReadonlyMap<ScopeId, ScopeState>;
  readonly lastRevision: number;
  readonly request: Request | null;
  readonly lastRequest: number;
  /** The last request that gave way to another, and how much of its answer may still come. */
  readonly givenUp: { readonly id: number; readonly bytesLeft: number } | null;
  readonly serving: Serving | null;
  readonly lastServed: number;
  readonly push: PushState;
  readonly announcing: Announcing;
  readonly allowance: Allowance;
  /** How many messages I may send that the peer counts as unasked: fewer than it allows. */
  readonly turns: number;
  readonly counters: SyncCounters;
}

/** A step under way. Its fields and its own map of scopes change; everything below is replaced. */
export type Draft = {
  -readonly [Field in keyof Omit<SessionState, "scopes">]: SessionState[Field];
} & {
  readonly scopes: Map<ScopeId, ScopeState>;
  readonly outputs: SessionOutput[];
};

export const draftOf = (state: SessionState): Draft => ({
  ...state,
  scopes: new Map(state.scopes),
  outputs: [],
});

export const count = (draft: Draft, reason: SyncReason): void => {
  draft.counters = counted(draft.counters, reason);
};

export const send = (draft: Draft, message: Message): void => {
  draft.outputs.push({ kind: "send", message });
};

/** Replaces some of a scope's fields; gives the new state of the scope. */
export const changeScope = (
  draft: Draft,
  scope: ScopeState,
  change: Partial<ScopeState>,
): ScopeState => {
  const changed = { ...scope, ...change };
  draft.scopes.set(scope.local.scope, changed);
  return changed;
};

export const segmentsBytes = (segments: readonly Uint8Array[]): number =>
  segments.reduce((sum, { length }) => sum + length, 0);

/** Says goodbye, unless the peer did, and takes nothing in any more. */
export const endSession = (draft: Draft, code: CloseCode): void => {
  if (code !== "peer-left") send(draft, { kind: "bye", code });
  draft.outputs.push({ kind: "close", code });
  draft.isOpen = false;
};
