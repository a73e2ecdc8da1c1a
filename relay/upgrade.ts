/**
 * Carries a WebSocket of the public port to libp2p's own WebSocket server on a loopback port, byte
 * by byte. libp2p insists on a server of its own; this is what lets page and relay share one port
 * all the same.
 */
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import { pipeline, Transform, type Duplex } from "node:stream";
import { limits } from "./limits.ts";
import { createMessageGuard } from "./webSocketGuard.ts";

export interface CarriedUpgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What had been read of the socket beyond the request. */
  readonly head: Buffer;
  readonly internalPort: number;
  /** Whether libp2p has it as a peer by now. */
  readonly isAdmitted: () => boolean;
  /** With the port from which it reaches libp2p. */
  readonly onConnected: (port: number) => void;
  /** It said more than it may. */
  readonly onOversize: () => void;
  /** libp2p never answered. */
  readonly onFailed: () => void;
}

/**
 * Sends the upgrade request on as it came, then joins the two sockets. Each direction ends by
 * itself (a side that has said all may still listen); an error in one ends both.
 */
export const carryUpgrade = (upgrade: CarriedUpgrade): void => {
  const { request, socket, head, internalPort, onConnected, onFailed } = upgrade;
  const inner = connect({ host: "127.0.0.1", port: internalPort, allowHalfOpen: true });
  inner.setNoDelay(true);
  inner.once("connect", () => {
    onConnected(inner.localPort ?? 0);
  });
  inner.write(requestText(request));
  const guarded = createGuarded(upgrade);
  guarded.write(head);
  let directions = 2;
  const onEnd = (error: Error | null): void => {
    directions -= 1;
    if (error !== null && inner.bytesRead === 0) onFailed();
    if (error === null && directions > 0) return;
    inner.destroy();
    socket.destroy();
  };
  pipeline(socket, guarded, inner, onEnd);
  pipeline(inner, socket, onEnd);
};

/** Hands on what a browser says, as long as it says no more than it may. */
const createGuarded = ({ isAdmitted, onOversize }: CarriedUpgrade): Transform => {
  const isSound = createMessageGuard(limits.messageBytesMax);
  let guestBytes = 0;
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      if (guestBytes <= limits.guestBytesMax && !isAdmitted()) guestBytes += chunk.length;
      if (isSound(chunk) && (guestBytes <= limits.guestBytesMax || isAdmitted())) {
        done(null, chunk);
        return;
      }
      onOversize();
      done(new Error("it says more than it may"));
    },
  });
};

/** Answers an upgrade that is not carried on, and closes. */
export const refuseUpgrade = (socket: Duplex, status: "404 Not Found" | "503 Busy"): void => {
  socket.on("error", () => {
    socket.destroy();
  });
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
};

const requestText = ({ method = "GET", url = "/", rawHeaders }: IncomingMessage): string => {
  const lines = [`${method} ${url} HTTP/1.1`];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    lines.push(`${rawHeaders[at] ?? ""}: ${rawHeaders[at + 1] ?? ""}`);
  }
  return `${lines.join("\r\n")}\r\n\r\n`;
};
