/**
 * Puts the relay together: identity, public server, libp2p. Apart from `main.ts`, which is the
 * process around it, so that tests start relays of their own.
 */
import { networkInterfaces } from "node:os";
import { announcedAddresses, pageUrl } from "./addresses.ts";
import type { Flags } from "./flags.ts";
import { loadIdentity } from "./identity.ts";
import type { Log } from "./log.ts";
import { startRelay } from "./relay.ts";
import { createPublicServer } from "./server.ts";
import { createStaticFiles } from "./static.ts";

export interface RunningRelay {
  readonly peerId: string;
  readonly port: number;
  /** Of the page. */
  readonly url: string;
  /** Multiaddresses with peer id. */
  readonly addresses: readonly string[];
  stop(): Promise<void>;
}

/** Rejects with an Error whose message says which flag to change. */
export const startRelayServer = async (flags: Flags, log: Log): Promise<RunningRelay> => {
  const privateKey = await loadIdentity(flags.data);
  const server = createPublicServer({ files: createStaticFiles(flags.static), log });
  const port = await server.listen(flags.port, flags.host).catch((error: unknown) => {
    throw explained(error, flags);
  });
  const interfaces = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const announce = announcedAddresses(flags.host, port, interfaces);
  const relay = await startRelay({ privateKey, announce, log });
  const addresses = announce.map((address) => `${address}/p2p/${relay.peerId}`);
  server.setBehind({
    internalPort: relay.internalPort,
    description: { peerId: relay.peerId, addresses },
    counts: relay.counts,
  });
  log("ready", { port });
  return {
    peerId: relay.peerId,
    port,
    url: pageUrl(flags.host, port),
    addresses,
    stop: async () => {
      log("stopping", relay.counts());
      await Promise.all([relay.stop(), server.close()]);
      log("stopped");
    },
  };
};

const explained = (error: unknown, { port, host }: Flags): Error => {
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
