/**
 * What an application asks of connected peers: messages to them, connecting by address, and
 * disconnecting. Loaded when it is first asked for.
 */
import { NebulusError, invalid, type ErrorValue } from "../../core/base/errors.ts";
import {
  applicationBacklogBytesMax,
  applicationMessageBytesMax,
  connectMillisecondsMax,
} from "../../core/base/limits.ts";
import { unreachable } from "../../core/base/result.ts";
import { encodeApplicationMessage, isMessageType } from "../../core/sync/applicationMessage.ts";
import type { PeerOutcome, PeersRequest } from "../../core/wire/peers.ts";
import { askFrameLog } from "./frameLog.ts";
import type { Peer } from "./peer.ts";
import { servedIn, type SyncState } from "./state.ts";
import { schedule } from "./tell.ts";
import { watchFor } from "./watch.ts";

/** Throws what concerns the request as a whole. */
export const askPeers = async (
  state: SyncState,
  request: PeersRequest,
): Promise<readonly PeerOutcome[]> => {
  switch (request.kind) {
    case "message":
      return sendMessage(state, request);
    case "connect":
      return [{ device: await connectTo(state, request.address), error: null }];
    case "disconnect":
      disconnect(state, request.device);
      return [];
    case "frames":
      return [{ device: "", error: null, frames: askFrameLog(state, request.isOn) }];
    default:
      return unreachable(request);
  }
};

// -------------------------------------------------------------------------------- messages

type MessageRequest = PeersRequest & { readonly kind: "message" };

const sendMessage = (
  state: SyncState,
  { networkId, to, type, payload }: MessageRequest,
): readonly PeerOutcome[] => {
  const membership = state.engine.registry.networks.named(networkId);
  if (!isMessageType(type)) {
    throw invalid("InvalidArgument", "type: a message has a type of 1 to 256 bytes", "type");
  }
  const timestamp = state.engine.deps.timers.now();
  const body = encodeApplicationMessage({ type, timestamp, payload });
  if (body.length > applicationMessageBytesMax) throw messageTooLarge(body.length);
  const members = servedIn(state, membership).map(({ peer }) => peer);
  // Statistics change
  schedule(state);
  if (to === null) return members.map((peer) => outcomeOf(peer, body, timestamp));
  const peer = members.find(({ device }) => device === to);
  return [
    peer === undefined
      ? { device: to, error: notConnected(to, networkId) }
      : outcomeOf(peer, body, timestamp),
  ];
};

/** Nobody waits for a slow peer: it is given no more than it takes. */
const outcomeOf = (peer: Peer, body: Uint8Array, now: number): PeerOutcome => {
  const { device } = peer;
  if (peer.backlogBytes > applicationBacklogBytesMax) {
    return { device, error: tooMuch(device, "it has not taken yet what was sent before") };
  }
  if (!peer.messageTurns.take(now)) {
    return { device, error: tooMuch(device, "more messages than it may be sent") };
  }
  peer.tell(body);
  return { device, error: null };
};

// ------------------------------------------------------------------------------ connecting

/** The device that is there. */
const connectTo = async (state: SyncState, address: string): Promise<string> => {
  const transportId = transportIdIn(address);
  const { carrier, refused } = state;
  if (transportId === null || carrier === null) {
    throw transportId === null ? notAnAddress(address) : unreachablePeer(address);
  }
  const wasRefused = refused.delete(transportId);
  const find = (): string | null => {
    const found = [...state.connected.values()].find(
      ({ peer }) => peer.channel.remotePeer === transportId,
    );
    return found?.peer.device ?? null;
  };
  if (wasRefused) carrier.setRefused([...refused]);
  const present = find();
  if (present !== null) return present;
  if (carrier.connect !== undefined) await carrier.connect(address);
  // It is found again by itself, as it was before
  else if (!wasRefused) throw notDialled(address);
  const device = await watchFor(state, connectMillisecondsMax, find);
  if (device === null) throw unreachablePeer(address);
  return device;
};

/** In all networks, and for as long as this database is open. */
const disconnect = (state: SyncState, device: string): void => {
  const transportIds = new Set(
    [...state.connected.values()]
      .filter(({ peer }) => peer.device === device)
      .map(({ peer }) => peer.channel.remotePeer),
  );
  for (const transportId of transportIds) state.refused.add(transportId);
  for (const channel of [...state.connected.keys()]) {
    if (transportIds.has(channel.remotePeer)) channel.close();
  }
  state.carrier?.setRefused([...state.refused]);
  schedule(state);
};

/** What stands behind the last `/p2p/` or `/memory/`. */
const transportIdIn = (address: string): string | null =>
  /\/(?:p2p|memory)\/([0-9A-Za-z]+)$/.exec(address)?.[1] ?? null;

// ---------------------------------------------------------------------------------- errors

const messageTooLarge = (length: number): NebulusError =>
  invalid(
    "TooLarge",
    `a message takes at most ${applicationMessageBytesMax} bytes, this one ${length}: ` +
      "send less, or write a document and send its id",
    "payload",
  );

const notConnected = (device: string, networkId: string): ErrorValue => ({
  code: "PeerUnreachable",
  message: `no member ${device} of "${networkId}" is connected`,
  retryable: true,
  path: device,
});

const tooMuch = (device: string, why: string): ErrorValue => ({
  code: "RateExceeded",
  message: `${device} is sent no message now: ${why}. Send less, or later.`,
  retryable: true,
  path: device,
});

const notAnAddress = (address: string): NebulusError =>
  invalid(
    "UnsupportedAddress",
    `"${address}" names no peer: an address ends with /p2p/ or /memory/ and the peer's id`,
    "address",
  );

const notDialled = (address: string): NebulusError =>
  invalid(
    "UnsupportedAddress",
    `this network finds peers through its relays and cannot dial ${address}: share a network`,
    "address",
  );

const unreachablePeer = (address: string): NebulusError =>
  new NebulusError({
    code: "PeerUnreachable",
    message: `nobody at ${address} with whom this device shares a network`,
    retryable: true,
    path: "address",
  });
