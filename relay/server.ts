/**
 * The one public port: the app's files, `/relay.json` and `/healthz` over HTTP, and WebSockets for
 * libp2p.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { limits } from "./limits.ts";
import type { Log } from "./log.ts";
import { sendText, setSecurityHeaders, type StaticFiles } from "./static.ts";
import { carryUpgrade, refuseUpgrade } from "./upgrade.ts";

export interface PublicServerDeps {
  readonly files: StaticFiles;
  readonly log: Log;
  /** WebSockets that are carried to libp2p at once. */
  readonly socketsMax: number;
}

/** What the server can tell once libp2p runs. */
export interface Behind {
  readonly internalPort: number;
  /** The answer of `/relay.json`. */
  readonly description: Readonly<Record<string, unknown>>;
  readonly counts: () => Readonly<Record<string, number>>;
}

export interface PublicServer {
  /** Resolves with the port, rejects with the system's error (`EADDRINUSE`, …). */
  listen(port: number, host: string): Promise<number>;
  /** Until then WebSockets are refused as busy. */
  setBehind(behind: Behind): void;
  /** Ends every request and every WebSocket. */
  close(): Promise<void>;
}

export const createPublicServer = ({ files, log, socketsMax }: PublicServerDeps): PublicServer => {
  let behind: Behind | null = null;
  const sockets = new Set<Duplex>();

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    setSecurityHeaders(response);
    if (request.url === "/relay.json" && behind !== null) sendJson(response, behind.description);
    else if (request.url === "/healthz") sendHealth(response, behind);
    else await files(request, response);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => {
      log("request failed");
      response.destroy();
    });
  });
  server.headersTimeout = limits.headersMillisecondsMax;
  server.requestTimeout = limits.requestMillisecondsMax;

  server.on("upgrade", (request, socket, head) => {
    const refusal = request.url !== "/" ? "404 Not Found" : "503 Busy";
    if (behind === null || request.url !== "/" || sockets.size >= socketsMax) {
      log("upgrade refused", { sockets: sockets.size });
      refuseUpgrade(socket, refusal);
      return;
    }
    sockets.add(socket);
    socket.on("close", () => {
      sockets.delete(socket);
    });
    carryUpgrade(request, socket, head, behind.internalPort, () => {
      log("upgrade failed");
    });
  });

  return {
    listen: (port, host) => listen(server, port, host),
    setBehind: (next) => {
      behind = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
        for (const socket of sockets) socket.destroy();
      }),
  };
};

const listen = (server: Server, port: number, host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });

const sendJson = (response: ServerResponse, value: unknown, status = 200): void => {
  sendText(response, status, JSON.stringify(value), {
    "Content-Type": "application/json; charset=utf-8",
  });
};

const sendHealth = (response: ServerResponse, behind: Behind | null): void => {
  if (behind === null) sendJson(response, { status: "starting" }, 503);
  else sendJson(response, { status: "ok", ...behind.counts() });
};
