/**
 * Connections that mean no good: they say nothing, half of something, or nonsense, and stay as long
 * as they are let.
 */
import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { createSignal } from "../support/nodePeers.ts";

const upgradeTo = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";

/** The header of a masked binary message of 90 MiB. */
const hugeMessage = Buffer.from([0x82, 0xff, 0, 0, 0, 0, 5, 0xa0, 0, 0, 0, 0, 0, 0]);

/** By kind, what one says. */
export const badKinds: Readonly<Record<string, () => readonly (string | Buffer)[]>> = {
  silent: () => [],
  "half a request": () => ["GET / HTTP/1.1\r\nHost: x\r\n"],
  garbage: () => [randomBytes(512)],
  "no HTTP": () => ["HELO there\r\n\r\n"],
  "headers without end": () => [`GET / HTTP/1.1\r\nX: ${"a".repeat(32_768)}`],
  "a WebSocket elsewhere": () => [upgradeTo("/elsewhere")],
  "a mute WebSocket": () => [upgradeTo("/")],
  "a WebSocket of garbage": () => [upgradeTo("/"), randomBytes(512)],
  "a message without end": () => [upgradeTo("/"), hugeMessage, randomBytes(30_000)],
};

export interface Flood {
  /** Resolves when all have been opened; the last of them stand. */
  readonly opened: Promise<void>;
  readonly connections: number;
  /** So far. */
  readonly count: () => number;
  readonly end: () => void;
}

/** Opens so many, at most `openMax` at once: the next one comes when the relay ends one. */
export const flood = (port: number, connections: number, openMax: number): Flood => {
  const open = new Set<Socket>();
  const changed = createSignal();
  const kinds = Object.values(badKinds);
  let count = 0;
  const openAll = async (): Promise<void> => {
    for (; count < connections; count += 1) {
      await changed.until(() => open.size < openMax);
      const socket = connect(port, "127.0.0.1");
      open.add(socket);
      // It is the relay's right to end them in any way.
      socket.on("error", () => undefined);
      socket.on("close", () => {
        open.delete(socket);
        changed.raise();
      });
      socket.resume();
      for (const said of kinds[count % kinds.length]?.() ?? []) socket.write(said);
    }
  };
  return {
    connections,
    opened: openAll(),
    count: () => count,
    end: () => {
      for (const socket of open) socket.destroy();
    },
  };
};
