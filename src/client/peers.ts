/**
 * Connected peers as an application deals with them: who is there, what they are told, and the
 * events of both.
 */
import { NebulusError } from "../core/base/errors.ts";
import { checkValue } from "../core/cbor/check.ts";
import type { PeerMessage, PeerOutcome, PeersRequest } from "../core/wire/peers.ts";
import { abortable } from "./abort.ts";
import { refusal } from "./answer.ts";
import type { Emitter } from "./emitter.ts";
import type {
  MessageOutcome,
  NetworkEvents,
  NetworkManager,
  NewMessage,
  PeerInfo,
} from "./networkTypes.ts";
import type { Session } from "./session.ts";
import type { CallOptions } from "./types.ts";

export type Peers = Pick<
  NetworkManager,
  "broadcastMessage" | "sendToPeer" | "connectPeer" | "disconnectPeer" | "logFrames"
>;

export const createPeers = (session: Session): Peers => {
  const ask = (
    makeRequest: () => PeersRequest,
    call: CallOptions | undefined,
  ): Promise<readonly PeerOutcome[]> =>
    session.during(() =>
      abortable(call?.signal, async () => {
        const request = makeRequest();
        return session.ask((service) => service.askPeers(request));
      }),
    );
  return {
    async broadcastMessage(networkId, message, call) {
      const outcomes = await ask(() => messageRequest(networkId, null, message), call);
      return outcomes.map(outcomeOf);
    },
    async sendToPeer(peerId, networkId, message, call) {
      const outcomes = await ask(() => messageRequest(networkId, peerId, message), call);
      for (const { error } of outcomes.map(outcomeOf)) if (error !== null) throw error;
    },
    async connectPeer(address, call) {
      const [found] = await ask(() => ({ kind: "connect", address }), call);
      return found?.device ?? "";
    },
    async disconnectPeer(device, call) {
      await ask(() => ({ kind: "disconnect", device }), call);
    },
    async logFrames(isOn, call) {
      const [found] = await ask(() => ({ kind: "frames", isOn: isOn ?? null }), call);
      return found?.frames ?? [];
    },
  };
};

export const toProtocolMessage = ({
  device,
  ...message
}: PeerMessage): NetworkEvents["message:received"] => ({
  ...message,
  senderId: device,
});

/** Compares each snapshot with the one before. */
export const tellOfPeers = (
  session: Session,
  events: Emitter<NetworkEvents>,
  connected: () => readonly PeerInfo[],
): void => {
  const keyOf = ({ networkId, peerId }: PeerInfo): string => JSON.stringify([networkId, peerId]);
  const met = new Set<string>();
  let before = new Map<string, PeerInfo>();
  session.events.on("networks", () => {
    const now = new Map(connected().map((peer) => [keyOf(peer), peer]));
    const gone = before;
    before = now;
    for (const [key, peer] of now) {
      if (!met.has(key)) events.emit("peer:discovered", peer);
      met.add(key);
      if (!gone.has(key)) events.emit("peer:connected", peer);
    }
    for (const [key, peer] of gone) if (!now.has(key)) events.emit("peer:disconnected", peer);
  });
};

/** Whatever else the message says of itself is left out: the network knows better. */
const messageRequest = (
  networkId: string,
  to: string | null,
  { type, payload = null }: NewMessage,
): PeersRequest => {
  if (typeof type !== "string") throw refusal("InvalidArgument", "type: a message has one", "type");
  return { kind: "message", networkId, to, type, payload: checkValue(payload, "payload") };
};

const outcomeOf = ({ device, error }: PeerOutcome): MessageOutcome => ({
  peerId: device,
  error: error === null ? null : new NebulusError(error),
});
