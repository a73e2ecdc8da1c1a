/**
 * One peer in one network: drives the pure session over a channel. Frames go out in order; segments
 * are read from the store for the peer and given to `ingest` from it; everything that the session
 * asks for is answered to it.
 */
import { applicationMessagesBurst, applicationMessagesPerSecond } from "../../core/base/limits.ts";
import { unreachable } from "../../core/base/result.ts";
import type { HeaderHash, ScopeId, WriterId } from "../../core/base/types.ts";
import type { PeerChannel } from "../../core/net/carrier.ts";
import { createBucket, type Bucket } from "../../core/sync/bucket.ts";
import { encodeMessage, type Message } from "../../core/sync/frames.ts";
import { createHeartbeat, type Heartbeat } from "../../core/sync/heartbeat.ts";
import { namesHeldOnly } from "../../core/sync/push.ts";
import { splitMessage } from "../../core/sync/pieces.ts";
import { counted, type SyncCounters, type SyncReason } from "../../core/sync/reasons.ts";
import { createReceiver } from "../../core/sync/receive.ts";
import { createSession, stepSession } from "../../core/sync/session.ts";
import type {
  LoadedSegment,
  LocalSummary,
  SessionIdentity,
  SessionInput,
  SessionOutput,
  SessionState,
  SessionView,
  SyncStatus as SessionStatus,
} from "../../core/sync/sessionState.ts";
import type { SyncProgress, SyncStatus } from "../../core/wire/snapshots.ts";
import { advance, noProgress } from "../../core/wire/syncStatus.ts";
import type { Home } from "../home.ts";
import { noTraffic, type Traffic } from "./traffic.ts";

export interface PeerDeps {
  readonly channel: PeerChannel;
  readonly device: string;
  readonly identity: SessionIdentity;
  readonly view: SessionView;
  readonly now: () => number;
  /** null: not attached, or not of this network. */
  readonly homeOf: (scope: ScopeId) => Home | null;
  /** Segments from a peer's tip down to what it has, oldest first. */
  readonly load: (
    home: Home,
    range: { readonly tip: HeaderHash; readonly have: readonly HeaderHash[] },
    bytesMax: number,
  ) => Promise<{ readonly segments: readonly LoadedSegment[]; readonly end: boolean }>;
  readonly take: (
    home: Home,
    segments: readonly Uint8Array[],
    isRequested: boolean,
  ) => Promise<number>;
  /**
   * The peer shows a header that this device signed and does not hold: its log goes on elsewhere.
   */
  readonly ownHead: (home: Home, header: Uint8Array, signature: Uint8Array | null) => Promise<void>;
  /** What a segment holds that this device gave to the session; null: it gave none such. */
  readonly opsIn: (segment: Uint8Array) => SentOps | null;
  readonly statusChanged: (scope: ScopeId) => void;
  /** The peer said what it holds of it. */
  readonly heard: (scope: ScopeId) => void;
  /** What the peer says of the network's control chain. */
  readonly control: (body: Uint8Array) => Promise<void>;
  /** What it says of who holds what. */
  readonly acknowledge: (body: Uint8Array) => Promise<void>;
  /** What the peer asks or answers where documents differ though heads are equal. */
  readonly ranges: (body: Uint8Array) => void;
  /** It broke the rules, and the session ends for it. */
  readonly offended: () => void;
  /** A message of the application; false: no sender of ours makes such a one. */
  readonly message: (body: Uint8Array) => boolean;
  /** Something else is known of the peer than before. */
  readonly changed: () => void;
  readonly failed: (error: unknown) => void;
}

/** Of a segment: the ops of a writer up to n. */
export interface SentOps {
  readonly writer: WriterId;
  readonly n: number;
  readonly ops: number;
}

/** A class: it lives as long as its channel, and every frame passes through it. */
export class Peer {
  readonly channel: PeerChannel;
  /** The peer's device in this network. */
  readonly device: string;
  readonly traffic: Traffic = { ...noTraffic };
  /** Milliseconds since 1970 of the last frame. */
  lastSeen: number;
  /** When a message of the application may be sent. */
  readonly messageTurns: Bucket;
  /** Handed to the channel, which has not taken it yet. */
  backlogBytes = 0;
  /** How often it answered that it lives: what was sent before the question has come by then. */
  answers = 0;
  private readonly deps: PeerDeps;
  private readonly receiver = createReceiver();
  private readonly heartbeat: Heartbeat;
  private readonly statuses = new Map<ScopeId, SyncStatus>();
  private readonly sentUpTo = new Map<WriterId, number>();
  private state: SessionState;
  private sending: Promise<void> = Promise.resolve();
  private messages = 0;

  constructor(deps: PeerDeps) {
    this.deps = deps;
    this.channel = deps.channel;
    this.device = deps.device;
    this.lastSeen = deps.now();
    this.heartbeat = createHeartbeat(this.lastSeen);
    this.messageTurns = createBucket(
      applicationMessagesBurst,
      applicationMessagesPerSecond,
      this.lastSeen,
    );
    this.state = createSession(deps.identity, deps.now());
  }

  session(): SessionState {
    return this.state;
  }

  /** What did not go smoothly, by reason. */
  counters(): SyncCounters {
    return Object.entries(this.receiver.counters()).reduce<SyncCounters>(
      // The names of a record of reasons are reasons
      (all, [reason, by]) => counted(all, reason as SyncReason, by),
      this.state.counters,
    );
  }

  /** null: the scope is not attached here, or nothing is known yet. */
  status(scope: ScopeId): SyncStatus | null {
    return this.statuses.get(scope) ?? null;
  }

  /** Moving average; null before the first answer. */
  get roundTripMs(): number | null {
    return this.heartbeat.roundTripMs();
  }

  /** It has named the heads of this log, and none that is not here. */
  namesHeldOnly(scope: ScopeId, writer: WriterId): boolean {
    const found = this.state.scopes.get(scope);
    return found !== undefined && namesHeldOnly(found, writer, this.deps.view);
  }

  /** The session begins with these scopes. */
  start(scopes: readonly LocalSummary[]): void {
    this.step({ kind: "start", scopes });
    this.askForLife();
  }

  /** About once a second. */
  tick(): void {
    const now = this.deps.now();
    const due = this.heartbeat.tick(now);
    if (due === "silent") {
      this.channel.close();
      return;
    }
    this.step({ kind: "tick", now });
    if (due === "ask") this.askForLife();
  }

  /** The peer spoke of the scope, so it has it attached too. */
  shares(scope: ScopeId): boolean {
    const found = this.state.scopes.get(scope);
    return found !== undefined && (found.peer !== null || found.peerTips !== null);
  }

  /** The peer said that it does not share the scope. */
  isWithout(scope: ScopeId): boolean {
    return this.state.scopes.get(scope)?.isAbsent === true;
  }

  step(input: SessionInput): void {
    const { state, outputs } = stepSession(this.state, input, this.deps.view);
    this.state = state;
    for (const output of outputs) this.carryOut(output);
    if (input.kind === "message") {
      for (const scope of scopesIn(input.message)) this.deps.heard(scope);
    }
  }

  /** Beside the session: none of its affairs. */
  say(message: Message): void {
    this.sendMessage(message);
  }

  /** A message of the application. */
  tell(body: Uint8Array): void {
    this.traffic.messagesSent += 1;
    this.sendMessage({ kind: "message", body });
  }

  /** Ends the channel behind what was said. */
  finish(): void {
    void this.sending.then(() => {
      this.channel.close();
    });
  }

  /** The next one from the channel. */
  takeFrame(frame: Uint8Array): void {
    this.traffic.bytesReceived += frame.length;
    this.lastSeen = this.deps.now();
    this.heartbeat.heard();
    const taken = this.receiver.take(frame);
    if (!taken.ok) this.step({ kind: "malformed", fault: taken.error });
    else if (taken.value !== null) this.step({ kind: "message", ...taken.value });
  }

  private carryOut(output: SessionOutput): void {
    switch (output.kind) {
      case "send":
        this.sendMessage(output.message);
        return;
      case "load":
        void this.load(output).catch(this.deps.failed);
        return;
      case "deliver":
        void this.deliver(output).catch(this.deps.failed);
        return;
      case "ranges":
        this.deps.ranges(output.body);
        return;
      case "control":
        void this.deps.control(output.body).catch(this.deps.failed);
        return;
      case "acknowledge":
        void this.deps.acknowledge(output.body).catch(this.deps.failed);
        return;
      case "message":
        this.takeMessage(output.body);
        return;
      case "heartbeat":
        this.takeHeartbeat(output);
        return;
      case "fork":
        void this.checkOwnHead(output).catch(this.deps.failed);
        return;
      case "status":
        this.noteStatus(output.scope, output.status);
        this.deps.statusChanged(output.scope);
        return;
      case "close":
        if (output.code === "malformed" || output.code === "rate") this.deps.offended();
        void this.sending.then(() => {
          this.channel.close();
        });
        return;
      default:
        unreachable(output);
    }
  }

  askForLife(): void {
    const number = this.heartbeat.ask(this.deps.now());
    this.sendMessage({ kind: "heartbeat", number, isAnswer: false });
  }

  private takeHeartbeat({
    number,
    isAnswer,
  }: SessionOutput & { readonly kind: "heartbeat" }): void {
    if (!isAnswer) this.sendMessage({ kind: "heartbeat", number, isAnswer: true });
    else if (this.heartbeat.answered(number, this.deps.now())) {
      this.answers += 1;
      this.deps.changed();
    }
  }

  private takeMessage(body: Uint8Array): void {
    if (this.deps.message(body)) this.traffic.messagesReceived += 1;
    else this.step({ kind: "malformed", fault: "frame-malformed" });
  }

  private noteStatus(scope: ScopeId, status: SessionStatus): void {
    const before = this.statuses.get(scope);
    const progress = before !== undefined && "progress" in before ? before.progress : noProgress;
    const detailed = this.statusWithDetail(status, progress);
    if (detailed === null) this.statuses.delete(scope);
    else this.statuses.set(scope, detailed);
  }

  private statusWithDetail(status: SessionStatus, progress: SyncProgress): SyncStatus | null {
    switch (status.kind) {
      case "absent":
        return null;
      case "syncing":
      case "behind":
        return { ...status, progress: advance(progress, status.ops) };
      case "synced":
        return { ...status, with: [this.device] };
      case "mismatch":
        return status;
      default:
        return unreachable(status);
    }
  }

  /** In the order of the calls. A channel that closes meanwhile tells so by itself. */
  private sendMessage(message: Message): void {
    const bytes = encodeMessage(message);
    this.messages += 1;
    this.traffic.bytesSent += bytes.length;
    if (message.kind === "operation") {
      for (const segment of message.segments) this.countSent(segment);
    }
    for (const frame of splitMessage(bytes, this.messages)) {
      this.backlogBytes += frame.length;
      this.sending = this.sending
        .then(() => this.channel.send(frame))
        .catch(() => undefined)
        .then(() => {
          this.backlogBytes -= frame.length;
        });
    }
  }

  /** Once in a session, although what was pushed in vain is sent again when it is asked for. */
  private countSent(segment: Uint8Array): void {
    const sent = this.deps.opsIn(segment);
    if (sent === null) return;
    const { writer, n, ops } = sent;
    const before = this.sentUpTo.get(writer) ?? 0;
    this.traffic.operationsSent += Math.min(ops, Math.max(0, n - before));
    this.sentUpTo.set(writer, Math.max(before, n));
  }

  private async load(output: SessionOutput & { readonly kind: "load" }): Promise<void> {
    const { request, scope, bytesMax } = output;
    const home = this.deps.homeOf(scope);
    const loaded =
      home === null ? { segments: [], end: true } : await this.deps.load(home, output, bytesMax);
    // Nothing else holds this side back: what was sent before must have left.
    await this.sending;
    this.step({ kind: "loaded", request, ...loaded });
  }

  private async deliver(output: SessionOutput & { readonly kind: "deliver" }): Promise<void> {
    const { request, bytes, scope, segments } = output;
    const home = this.deps.homeOf(scope);
    try {
      if (home !== null) {
        // Not in one line: what another delivery counted meanwhile would be lost
        const taken = await this.deps.take(home, segments, request !== null);
        this.traffic.operationsReceived += taken;
      }
    } finally {
      // Also where the store failed: what is not held by then is asked for again, ever later
      this.step({ kind: "delivered", request, bytes });
    }
  }

  private async checkOwnHead(output: SessionOutput & { readonly kind: "fork" }): Promise<void> {
    const home = this.deps.homeOf(output.scope);
    if (home !== null) await this.deps.ownHead(home, output.header, output.signature);
  }
}

const scopesIn = (message: (SessionInput & { readonly kind: "message" })["message"]) => {
  if (message.kind === "sync-response") return [message.scope];
  return message.kind === "sync-request" ? message.summaries.map(({ scope }) => scope) : [];
};
