/**
 * libp2p's WebSockets, with two faults of @libp2p/websockets 10.1.21 mended, apart so that it can
 * go when the library does it right. In a page a failed WebSocket rejects with a DOM Event, where
 * libp2p reads an Error's name and message. And a connection that is dropped closes its WebSocket
 * with code 1006, which no WebSocket takes: the socket stays open, so that the relay goes on
 * naming this peer, and carrying for others what nobody reads.
 */
import { webSockets } from "@libp2p/websockets";
import type { Libp2pOptions } from "libp2p";

export type TransportFactory = NonNullable<Libp2pOptions["transports"]>[number];

type Transport = ReturnType<TransportFactory>;

/** What the transport opens its sockets by; not of its public type. */
interface Opening {
  _connect: (...args: readonly unknown[]) => Promise<WebSocket>;
}

/** As `webSockets()`: for the `transports` of `createLibp2p`. */
export const createWebSockets: TransportFactory = (components) => {
  const transport = webSockets()(components);
  if (!isOpening(transport)) throw new Error("this version of @libp2p/websockets is not known");
  const connect = transport._connect.bind(transport);
  transport._connect = async (...args) => closableWhenDropped(await connect(...args));
  const dial = transport.dial.bind(transport);
  transport.dial = (address, options) =>
    dial(address, options).catch((error: unknown) => {
      throw error instanceof Error ? error : new Error("the WebSocket could not be opened");
    });
  return transport;
};

const isOpening = (transport: Transport): transport is Transport & Opening =>
  "_connect" in transport && typeof transport._connect === "function";

const closableWhenDropped = (socket: WebSocket): WebSocket => {
  const close = socket.close.bind(socket);
  socket.close = (code, reason) => {
    if (code === droppedCode) close();
    else close(code, reason);
  };
  return socket;
};

/** "Abnormal closure": never sent, only read of a socket that ended without a word. */
const droppedCode = 1006;
