/**
 * Carries a WebSocket of the public port to libp2p's own WebSocket server on a loopback port, byte
 * by byte. libp2p insists on a server of its own; this is what lets page and relay share one port
 * all the same.
 */
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import { pipeline, type Duplex } from "node:stream";

/**
 * Sends the upgrade request on as it came, then joins the two sockets. Each direction ends by
 * itself (a side that has said all may still listen); an error in one ends both. `head` is what had
 * been read of the socket beyond the request.
 */
export const carryUpgrade = (
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  internalPort: number,
  onFailed: () => void,
): void => {
  const inner = connect({ host: "127.0.0.1", port: internalPort, allowHalfOpen: true });
  inner.setNoDelay(true);
  inner.write(requestText(request));
  inner.write(head);
  let directions = 2;
  const onEnd = (error: Error | null): void => {
    directions -= 1;
    if (error !== null && inner.bytesRead === 0) onFailed();
    if (error === null && directions > 0) return;
    inner.destroy();
    socket.destroy();
  };
  pipeline(socket, inner, onEnd);
  pipeline(inner, socket, onEnd);
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
