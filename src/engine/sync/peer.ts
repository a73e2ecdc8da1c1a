/**
 * One peer in one network: drives the pure session over a channel. Frames go out in order; segments are read from the
 * store for the peer and given to `ingest` from it; everything that the session asks for is answered to it.
 */
import { unreachable } from "../../core/base/result.ts";
import type { HeaderHash, ScopeId } from "../../core/base/types.ts";
import type { PeerChannel } from "../../core/net/carrier.ts";
import { encodeMessage, type Message } from "../../core/sync/frames.ts";
import { splitMessage } from "../../core/sync/pieces.ts";
import { createReceiver } from "../../core/sync/receive.ts";
import { createSession, stepSession } from "../../core/sync/session.ts";
import type {
  LoadedSegment,
  SessionIdentity,
  SessionInput,
  SessionOutput,
  SessionState,
  SessionView,
  SyncStatus,
} from "../../core/sync/sessionState.ts";
import type { Home } from "../home.ts";

export interface Peer {
  readonly channel: PeerChannel;
  /** The peer's device in this network. */
  readonly device: string;
  readonly traffic: Traffic;
  step(input: SessionInput): void;
  session(): SessionState;
  /** null: the scope is not attached here, or nothing is known yet. */
  status(scope: ScopeId): SyncStatus | null;
}

export interface Traffic {
  bytesSent: number;
  bytesReceived: number;
  operationsSent: number;
  operationsReceived: number;
  /** Milliseconds since 1970. */
  lastSeen: number;
}

export interface PeerDeps {
  readonly channel: PeerChannel;
  readonly device: string;
  readonly identity: SessionIdentity;
  readonly view: SessionView;
  /** The channel's frames once the greeting is over. */
  readonly takeFrames: (handler: (frame: Uint8Array) => void) => void;
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
  /** The peer shows a header that this device signed and does not hold: its log goes on elsewhere. */
  readonly ownHead: (home: Home, header: Uint8Array, signature: Uint8Array | null) => Promise<void>;
  /** How many ops the segments hold that this device gave to the session. */
  readonly opsIn: (segments: readonly Uint8Array[]) => number;
  readonly statusChanged: (scope: ScopeId) => void;
  readonly failed: (error: unknown) => void;
}

export const createPeer = (deps: PeerDeps): Peer => {
  const { channel, view, opsIn } = deps;
  const traffic: Traffic = {
    ...{ bytesSent: 0, bytesReceived: 0, operationsSent: 0, operationsReceived: 0 },
    lastSeen: deps.now(),
  };
  const statuses = new Map<ScopeId, SyncStatus>();
  const receiver = createReceiver();
  let state = createSession(deps.identity, deps.now());
  let sending: Promise<void> = Promise.resolve();
  let messages = 0;

  const step = (input: SessionInput): void => {
    const { state: next, outputs } = stepSession(state, input, view);
    state = next;
    for (const output of outputs) carryOut(output);
  };

  const carryOut = (output: SessionOutput): void => {
    switch (output.kind) {
      case "send":
        sendMessage(output.message);
        return;
      case "load":
        void load(output).catch(deps.failed);
        return;
      case "deliver":
        void deliver(output).catch(deps.failed);
        return;
      case "fork": {
        const home = deps.homeOf(output.scope);
        if (home !== null)
          void deps.ownHead(home, output.header, output.signature).catch(deps.failed);
        return;
      }
      case "status":
        statuses.set(output.scope, output.status);
        deps.statusChanged(output.scope);
        return;
      case "close":
        void sending.then(() => {
          channel.close();
        });
        return;
      default:
        unreachable(output);
    }
  };

  /** In the order of the calls; a channel that closes meanwhile tells so by itself. */
  const sendMessage = (message: Message): void => {
    const bytes = encodeMessage(message);
    messages += 1;
    traffic.bytesSent += bytes.length;
    if (message.kind === "operation") traffic.operationsSent += opsIn(message.segments);
    for (const frame of splitMessage(bytes, messages)) {
      sending = sending.then(() => channel.send(frame)).catch(() => undefined);
    }
  };

  const load = async (output: SessionOutput & { readonly kind: "load" }): Promise<void> => {
    const home = deps.homeOf(output.scope);
    const loaded =
      home === null ? { segments: [], end: true } : await deps.load(home, output, output.bytesMax);
    // Nothing else holds this side back: what was sent before must have left.
    await sending;
    step({ kind: "loaded", request: output.request, ...loaded });
  };

  const deliver = async (output: SessionOutput & { readonly kind: "deliver" }): Promise<void> => {
    const home = deps.homeOf(output.scope);
    const { request, bytes, segments } = output;
    if (home !== null) {
      traffic.operationsReceived += await deps.take(home, segments, request !== null);
    }
    step({ kind: "delivered", request, bytes });
  };

  deps.takeFrames((frame) => {
    traffic.bytesReceived += frame.length;
    traffic.lastSeen = deps.now();
    const taken = receiver.take(frame);
    if (!taken.ok) step({ kind: "malformed", fault: taken.error });
    else if (taken.value !== null) step({ kind: "message", ...taken.value });
  });

  return {
    channel,
    device: deps.device,
    traffic,
    step,
    session: () => state,
    status: (scope) => statuses.get(scope) ?? null,
  };
};
