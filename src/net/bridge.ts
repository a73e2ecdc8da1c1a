/**
 * The page's end of the carrier: hands the frames of libp2p's channels to the worker over a
 * MessagePort, and the worker's to libp2p. The messages stand in `core/net/carrier.ts`, the
 * worker's end in `worker/carrier.ts`.
 */
import { NebulusError, type ErrorValue } from "../core/base/errors.ts";
import type { CarrierEvent, CarrierRequest, PeerChannel } from "../core/net/carrier.ts";
import { carrierStopped } from "../core/net/frameErrors.ts";
import type { RelayedNode } from "./relayedNode.ts";

/**
 * Makes the page's node; called when the worker starts the carrier, so that libp2p is loaded only
 * then.
 */
export type OpenPageNode = (privateKey: Uint8Array | null) => Promise<RelayedNode>;

export interface Bridge {
  /** Stops the node, if it runs, and tells the worker no more. */
  stop(): Promise<void>;
}

export const createBridge = (port: MessagePort, openNode: OpenPageNode): Bridge => {
  const state: State = {
    ...{ port, node: null, tags: { tags: [], named: [] }, refused: [] },
    ...{ channels: new Map(), isStopped: false },
  };
  const stop = async (): Promise<void> => {
    state.isStopped = true;
    port.close();
    await state.node?.stop();
  };
  const onRequest = (request: CarrierRequest): void => {
    switch (request.kind) {
      case "start":
        void start(state, openNode, request.privateKey);
        return;
      case "tags":
        state.tags = request;
        state.node?.setTags(request.tags, request.named);
        return;
      case "refuse":
        state.refused = request.peers;
        state.node?.setRefused(request.peers);
        return;
      case "frame":
        void send(state, request.channel, request.bytes);
        return;
      case "close":
        state.channels.get(request.channel)?.close();
        return;
      case "another":
        state.channels.get(request.channel)?.another();
        return;
      case "connect":
        void connect(state, request.request, request.address);
        return;
      case "stop":
        void stop();
    }
  };
  port.onmessage = ({ data }: MessageEvent<CarrierRequest>) => {
    onRequest(data);
  };
  return { stop };
};

interface State {
  readonly port: MessagePort;
  node: RelayedNode | null;
  tags: Pick<CarrierRequest & { readonly kind: "tags" }, "tags" | "named">;
  refused: readonly string[];
  /** By the number that the worker knows it by. */
  readonly channels: Map<number, PeerChannel>;
  isStopped: boolean;
}

const start = async (
  state: State,
  openNode: OpenPageNode,
  privateKey: Uint8Array | null,
): Promise<void> => {
  try {
    const node = await openNode(privateKey);
    if (state.isStopped) {
      await node.stop();
      return;
    }
    state.node = node;
    node.onChannel(createAnnouncer(state));
    node.onStatus((status) => {
      post(state, { kind: "status", status });
    });
    post(state, {
      kind: "started",
      identity: { peerId: node.peerId, privateKey: node.privateKey },
    });
    node.setRefused(state.refused);
    node.setTags(state.tags.tags, state.tags.named);
  } catch (error) {
    post(state, { kind: "failed", error: errorValue(error, notStarted) });
  }
};

/** Numbers each new channel and passes on what happens to it. */
const createAnnouncer = (state: State): ((channel: PeerChannel) => void) => {
  let last = 0;
  return (channel) => {
    last += 1;
    const number = last;
    const { remotePeer, localPeer, remotePeerBytes, localPeerBytes } = channel;
    const { initiator, isBeside, path, layers = [] } = channel;
    const peers = { remotePeer, localPeer, remotePeerBytes, localPeerBytes };
    const info = { ...peers, initiator, isBeside, path, layers };
    state.channels.set(number, channel);
    post(state, { kind: "open", channel: number, info });
    channel.onFrame((bytes) => {
      post(state, { kind: "frame", channel: number, bytes }, bytes);
    });
    channel.onClose(() => {
      state.channels.delete(number);
      post(state, { kind: "closed", channel: number });
    });
  };
};

/** The worker hears when the transport took the frame: that is what holds it back. */
const send = async (
  { channels, port }: State,
  number: number,
  bytes: Uint8Array,
): Promise<void> => {
  try {
    await channels.get(number)?.send(bytes);
    port.postMessage({ kind: "accepted", channel: number } satisfies CarrierEvent);
  } catch {
    // The channel is closed, of which the worker is told.
  }
};

const connect = async (state: State, request: number, address: string): Promise<void> => {
  try {
    if (state.node === null) throw carrierStopped();
    await state.node.connect(address);
    post(state, { kind: "reached", request, error: null });
  } catch (error) {
    post(state, { kind: "reached", request, error: errorValue(error, notReached) });
  }
};

/** Frames have bytes of their own, so they are moved, not copied. */
const post = ({ port }: State, event: CarrierEvent, moved?: Uint8Array): void => {
  port.postMessage(event, moved === undefined ? [] : [moved.buffer]);
};

const notStarted: ErrorValue = {
  code: "NotSupported",
  message: "the network could not be started in this browser",
  retryable: false,
};

const notReached: ErrorValue = {
  code: "PeerUnreachable",
  message: "the page could not reach this address",
  retryable: true,
  path: "address",
};

/** `otherwise`: what an error of libp2p's own means to who asked. */
const errorValue = (error: unknown, otherwise: ErrorValue): ErrorValue =>
  error instanceof NebulusError
    ? error.toValue()
    : {
        ...otherwise,
        cause: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
      };
