/**
 * Puts the relay together: identity, public server, libp2p. Apart from `main.ts`, which is the
 * process around it, so that tests start relays of their own.
 */
import { networkInterfaces } from "node:os";
import { announcedAddresses, pageUrl } from "./addresses.ts";
import { createCounts, gaugesOf, type Counts } from "./counts.ts";
import { loadIdentity } from "./identity.ts";
import type { Log } from "./log.ts";
import type { Metric } from "./metrics.ts";
import { startRelay, type Relay } from "./relay.ts";
import { createPublicServer } from "./server.ts";
import type { Settings } from "./settings.ts";
import { createStaticFiles } from "./static.ts";

/** A relay that serves, until its `stop`. */
export interface RunningRelay {
  readonly peerId: string;
  readonly port: number;
  /** Of the page. */
  readonly url: string;
  /** Multiaddresses with peer id. */
  readonly addresses: readonly string[];
  /** Ends every connection; resolves when the port is free. */
  stop(): Promise<void>;
}

/** Rejects with an Error whose message says which setting to change. */
export const startRelayServer = async (settings: Settings, log: Log): Promise<RunningRelay> => {
  const privateKey = await loadIdentity(settings.data);
  const counts = createCounts();
  const server = createPublicServer({ files: createStaticFiles(settings.static), counts, log });
  const port = await server.listen(settings.port, settings.host).catch((error: unknown) => {
    throw explained(error, settings);
  });
  const announce = announceOf(settings, port);
  const { admission } = server;
  const relay = await startRelay({ settings, privateKey, announce, admission, counts, log });
  const addresses = announce.map((address) => `${address}/p2p/${relay.peerId}`);
  server.setBehind({
    internalPort: relay.internalPort,
    isListening: relay.isListening,
    description: { peerId: relay.peerId, addresses },
    standing: () => ({ ...relay.standing() }),
    metrics: settings.metrics ? metricsOf(counts, relay) : null,
  });
  log("ready", { port });
  return {
    peerId: relay.peerId,
    port,
    url: pageUrl(settings.host, port),
    addresses,
    stop: async () => {
      log("stopping", { ...relay.standing() });
      server.setStopping();
      // libp2p says goodbye over the sockets that the server then ends
      await relay.stop();
      await server.close();
      log("stopped");
    },
  };
};

const metricsOf = (counts: Counts, relay: Relay): readonly Metric[] => {
  const startedSeconds = Math.floor(Date.now() / 1_000 - process.uptime());
  return [...counts.all, ...gaugesOf(relay.standing, startedSeconds)];
};

const announceOf = ({ announce, host }: Settings, port: number): readonly string[] => {
  if (announce.length > 0) return announce;
  const interfaces = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return announcedAddresses(host, port, interfaces);
};

const explained = (error: unknown, { port, host }: Settings): Error => {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE") {
    return new Error(`port ${port} is in use: stop what uses it, or choose another with --port`);
  }
  if (code === "EACCES") return new Error(`port ${port} is not allowed: choose one with --port`);
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND") {
    return new Error(`${host} is no address of this machine: choose one with --host`);
  }
  return new Error(`the relay cannot listen on ${host}:${port}`, { cause: error });
};
