/**
 * libp2p's WebSockets, without a fault of theirs (@libp2p/websockets 10.1): nobody listens for the
 * errors of those that come in, and an error that nobody listens for ends the process. One frame
 * that breaks the rules, from anybody, was enough.
 */
import { webSockets } from "@libp2p/websockets";
import { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

/** As `webSockets()`: a transport for `createLibp2p`. */
export const createWebSockets = (): ReturnType<typeof webSockets> => (components) => {
  const transport = webSockets()(components);
  const createListener = transport.createListener.bind(transport);
  transport.createListener = (options) => {
    const listener = createListener(options);
    listenForErrors(Reflect.get(listener, "wsServer"));
    return listener;
  };
  return transport;
};

/** What is used of the server in libp2p's listener: it hands each WebSocket to `done`. */
interface UpgradeServer {
  handleUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer, done: Done) => void;
}

type Done = (webSocket: EventEmitter, request: IncomingMessage) => void;

const listenForErrors = (server: unknown): void => {
  if (!isUpgradeServer(server)) {
    throw new Error("libp2p's WebSocket listener is not what it was: its errors are unheard");
  }
  const handleUpgrade = server.handleUpgrade.bind(server);
  server.handleUpgrade = (request, socket, head, done) => {
    handleUpgrade(request, socket, head, (webSocket, upgraded) => {
      // it closes by itself, and libp2p hears of that
      webSocket.on("error", () => undefined);
      done(webSocket, upgraded);
    });
  };
};

const isUpgradeServer = (value: unknown): value is UpgradeServer =>
  value instanceof EventEmitter &&
  "handleUpgrade" in value &&
  typeof value.handleUpgrade === "function";
