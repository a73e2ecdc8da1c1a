/**
 * The worker's end of the carrier: makes channels out of the messages of the page, which holds
 * libp2p. The messages stand in `core/net/carrier.ts`, the page's end in `net/bridge.ts`.
 */
import { NebulusError, type ErrorValue } from "../core/base/errors.ts";
import { frameBytesMax } from "../core/base/limits.ts";
import { unreachable } from "../core/base/result.ts";
import {
  badFrameLength,
  carrierStopped,
  channelClosed,
  isFrameLength,
} from "../core/net/frameErrors.ts";
import type {
  Carrier,
  CarrierEvent,
  CarrierIdentity,
  CarrierRequest,
  CarrierStatus,
  ChannelInfo,
  PeerChannel,
} from "../core/net/carrier.ts";

/** One carrier a port; it lives until `stop`. */
export const createPortCarrier = (port: MessagePort): Carrier => {
  const state: State = {
    port,
    channels: new Map(),
    connecting: new Map(),
    ...{ lastRequest: 0, isStopped: false },
    starting: null,
    channelHandler: null,
    statusHandler: null,
  };
  port.onmessage = ({ data }: MessageEvent<CarrierEvent>) => {
    onEvent(state, data);
  };
  return {
    start: (privateKey) =>
      new Promise((resolve, reject) => {
        state.starting = { resolve, reject };
        post(port, { kind: "start", privateKey });
      }),
    setTags: (tags, named = []) => {
      post(port, { kind: "tags", tags, named });
    },
    setRefused: (peers) => {
      post(port, { kind: "refuse", peers });
    },
    connect: (address) => connect(state, address),
    onChannel: (handler) => {
      state.channelHandler = handler;
    },
    onStatus: (handler) => {
      state.statusHandler = handler;
    },
    stop: () => {
      post(port, { kind: "stop" });
      state.isStopped = true;
      for (const { reject } of state.connecting.values()) reject(carrierStopped());
      state.connecting.clear();
      for (const channel of [...state.channels.values()]) channel.onClosed();
      state.channels.clear();
    },
  };
};

interface State {
  readonly port: MessagePort;
  readonly channels: Map<number, PortChannel>;
  /** By the numbers of their requests. */
  readonly connecting: Map<number, Waiting<void>>;
  lastRequest: number;
  isStopped: boolean;
  starting: Waiting<CarrierIdentity> | null;
  channelHandler: ((channel: PeerChannel) => void) | null;
  statusHandler: ((status: CarrierStatus) => void) | null;
}

interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

/** A channel as the worker uses it, and what the page says of it. */
interface PortChannel {
  readonly channel: PeerChannel;
  readonly onBytes: (bytes: Uint8Array) => void;
  readonly onAccepted: () => void;
  readonly onClosed: () => void;
}

const onEvent = (state: State, event: CarrierEvent): void => {
  switch (event.kind) {
    case "started":
      state.starting?.resolve(event.identity);
      return;
    case "failed":
      state.starting?.reject(new NebulusError(event.error));
      return;
    case "reached":
      onReached(state, event.request, event.error);
      return;
    case "status":
      state.statusHandler?.(event.status);
      return;
    case "open": {
      const opened = createPortChannel(state.port, event.channel, event.info);
      state.channels.set(event.channel, opened);
      if (state.channelHandler === null) opened.channel.close();
      else state.channelHandler(opened.channel);
      return;
    }
    case "frame":
      state.channels.get(event.channel)?.onBytes(event.bytes);
      return;
    case "accepted":
      state.channels.get(event.channel)?.onAccepted();
      return;
    case "closed":
      state.channels.get(event.channel)?.onClosed();
      state.channels.delete(event.channel);
      return;
    default:
      unreachable(event);
  }
};

const connect = (state: State, address: string): Promise<void> => {
  if (state.isStopped) return Promise.reject(carrierStopped());
  state.lastRequest += 1;
  const request = state.lastRequest;
  post(state.port, { kind: "connect", request, address });
  return new Promise((resolve, reject) => {
    state.connecting.set(request, { resolve, reject });
  });
};

const onReached = ({ connecting }: State, request: number, error: ErrorValue | null): void => {
  const waiting = connecting.get(request);
  connecting.delete(request);
  if (error === null) waiting?.resolve();
  else waiting?.reject(new NebulusError(error));
};

const createPortChannel = (port: MessagePort, number: number, info: ChannelInfo): PortChannel => {
  /** Frames that the page has not taken yet, oldest first. */
  const sending: Waiting<void>[] = [];
  const early: Uint8Array[] = [];
  let isOpen = true;
  let frameHandler: ((frame: Uint8Array) => void) | null = null;
  let closeHandler: (() => void) | null = null;

  const onClosed = (): void => {
    if (!isOpen) return;
    isOpen = false;
    for (const { reject } of sending.splice(0)) reject(channelClosed());
    closeHandler?.();
  };
  const channel: PeerChannel = {
    ...info,
    send: (frame) => {
      if (!isFrameLength(frame.length, frameBytesMax)) {
        return Promise.reject(badFrameLength(frame.length, frameBytesMax));
      }
      if (!isOpen) return Promise.reject(channelClosed());
      // A copy, since a moved buffer is gone here, and the caller may send the same to another
      // peer.
      const bytes = frame.slice();
      post(port, { kind: "frame", channel: number, bytes }, bytes);
      return new Promise((resolve, reject) => {
        sending.push({ resolve, reject });
      });
    },
    onFrame: (handler) => {
      frameHandler = handler;
      for (const frame of early.splice(0)) handler(frame);
    },
    onClose: (handler) => {
      closeHandler = handler;
      if (!isOpen) handler();
    },
    close: () => {
      if (!isOpen) return;
      post(port, { kind: "close", channel: number });
      onClosed();
    },
    another: () => {
      if (isOpen) post(port, { kind: "another", channel: number });
    },
  };
  return {
    channel,
    onBytes: (bytes) => {
      if (frameHandler === null) early.push(bytes);
      else if (isOpen) frameHandler(bytes);
    },
    onAccepted: () => {
      sending.shift()?.resolve();
    },
    onClosed,
  };
};

const post = (port: MessagePort, request: CarrierRequest, moved?: Uint8Array): void => {
  port.postMessage(request, moved === undefined ? [] : [moved.buffer]);
};
