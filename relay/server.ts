/**
 * The one public port: the app's files and what the relay tells of itself over HTTP, and WebSockets
 * for libp2p.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createAdmission, type Admission } from "./admission.ts";
import { statusToCount, type Counts } from "./counts.ts";
import { limits } from "./limits.ts";
import type { Log } from "./log.ts";
import { metricsContentType, renderMetrics, type Metric } from "./metrics.ts";
import { sendText, setSecurityHeaders, type StaticFiles } from "./static.ts";
import { carryUpgrade, refuseUpgrade } from "./upgrade.ts";

export interface PublicServerDeps {
  readonly files: StaticFiles;
  readonly counts: Counts;
  readonly log: Log;
}

/** What the server can tell once libp2p runs. */
export interface Behind {
  readonly internalPort: number;
  /** Whether libp2p takes connections. */
  readonly isListening: () => boolean;
  /** The answer of `/relay.json`. */
  readonly description: Readonly<Record<string, unknown>>;
  /** For `/healthz`. */
  readonly standing: () => Readonly<Record<string, number>>;
  /** For `/metrics`; null: it is not there. */
  readonly metrics: readonly Metric[] | null;
}

export interface PublicServer {
  /** Of the sockets that it holds. */
  readonly admission: Admission;
  /** Resolves with the port, rejects with the system's error (`EADDRINUSE`, …). */
  listen(port: number, host: string): Promise<number>;
  /** Until then WebSockets are refused as busy, and whoever asks hears that it is not ready. */
  setBehind(behind: Behind): void;
  /** From now on it says that it is not ready, and takes no WebSockets. */
  setStopping(): void;
  /** Ends every request and every WebSocket. */
  close(): Promise<void>;
}

export const createPublicServer = ({ files, counts, log }: PublicServerDeps): PublicServer => {
  let phase: Phase = { name: "starting" };
  const admission = createAdmission({
    guestsMax: limits.guestsMax,
    onEvicted: () => {
      counts.socketsRefused.add("evicted");
    },
    // those accepted in one turn of the event loop are read in the next
    onceRead: (run) => {
      setImmediate(() => setImmediate(run));
    },
    goodbye: (run) => {
      setTimeout(run, limits.goodbyeMilliseconds).unref();
    },
  });

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    admission.touch(request.socket);
    response.once("finish", () => {
      counts.requests.add(statusToCount(response.statusCode));
    });
    setSecurityHeaders(response);
    if (!answerOfItself(request.url, response, phase)) await files(request, response);
  };
  const server = createServer({ connectionsCheckingInterval }, (request, response) => {
    answer(request, response).catch(() => {
      log("request failed");
      response.destroy();
    });
  });
  server.headersTimeout = limits.headersMillisecondsMax;
  server.requestTimeout = limits.requestMillisecondsMax;
  server.on("connection", (socket) => {
    admission.enter(socket);
  });
  takeUpgrades(server, admission, { counts, log }, () => phase);

  return {
    admission,
    listen: (port, host) => listen(server, port, host),
    setBehind: (behind) => {
      phase = { name: "running", behind };
    },
    setStopping: () => {
      phase = { name: "stopping" };
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
        admission.close();
      }),
  };
};

type Phase =
  | { readonly name: "starting" }
  | { readonly name: "running"; readonly behind: Behind }
  | { readonly name: "stopping" };

const takeUpgrades = (
  server: Server,
  admission: Admission,
  { counts, log }: Pick<PublicServerDeps, "counts" | "log">,
  phaseNow: () => Phase,
): void => {
  server.on("upgrade", (request, socket, head) => {
    const phase = phaseNow();
    if (request.url !== "/" || phase.name !== "running") {
      const isElsewhere = request.url !== "/";
      log("upgrade refused");
      counts.socketsRefused.add(isElsewhere ? "path" : "phase");
      refuseUpgrade(socket, isElsewhere ? "404 Not Found" : "503 Busy");
      return;
    }
    admission.touch(socket);
    carryUpgrade({
      request,
      socket,
      head,
      internalPort: phase.behind.internalPort,
      isAdmitted: () => admission.isAdmitted(socket),
      onConnected: (port) => {
        admission.carry(socket, port);
      },
      onOversize: () => {
        counts.socketsRefused.add("oversize");
      },
      onFailed: () => {
        log("upgrade failed");
      },
    });
  });
};

/** How often Node looks for requests that take too long; its own 30 s let them stand for 40. */
const connectionsCheckingInterval = 1_000;

/** False if the path is none of the relay's own. */
const answerOfItself = (url = "/", response: ServerResponse, phase: Phase): boolean => {
  const behind = phase.name === "running" ? phase.behind : null;
  switch (url) {
    case "/relay.json":
      if (behind === null) return false;
      sendJson(response, behind.description);
      return true;
    case "/healthz":
      // that it answers at all is what matters here
      sendJson(response, { status: behind === null ? phase.name : "ok", ...behind?.standing() });
      return true;
    case "/readyz":
      if (behind?.isListening() === true) sendJson(response, { status: "ready" });
      else sendJson(response, { status: behind === null ? phase.name : "not listening" }, 503);
      return true;
    case "/metrics":
      if (!behind?.metrics) return false;
      sendText(response, 200, renderMetrics(behind.metrics), {
        "Content-Type": metricsContentType,
      });
      return true;
    default:
      return false;
  }
};

const listen = (server: Server, port: number, host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host, backlog: limits.backlogMax }, () => {
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
