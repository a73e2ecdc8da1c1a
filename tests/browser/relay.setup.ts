/**
 * The relays of the browser tests, as people run them: `inject` gives their ports. One has no
 * rendezvous: peers are found there by the DHT.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { startRelayProcess, type RelayProcess } from "../support/relayProcess.ts";

declare module "vitest" {
  interface ProvidedContext {
    readonly relayPort: number;
    readonly dhtRelayPort: number;
  }
}

export default async (project: TestProject): Promise<() => Promise<void>> => {
  const [relay, dhtRelay] = await Promise.all([start(), start("--rendezvous", "false")]);
  project.provide("relayPort", relay.port);
  project.provide("dhtRelayPort", dhtRelay.port);
  return async () => {
    await Promise.all([relay.stop(), dhtRelay.stop()]);
  };
};

const start = async (
  ...flags: readonly string[]
): Promise<Pick<RelayProcess, "port"> & { readonly stop: () => Promise<void> }> => {
  const data = await mkdtemp(join(tmpdir(), "nebulus-browser-relay-"));
  const places = ["--port", "0", "--static", data, "--data", data];
  const relay = await startRelayProcess([...places, ...flags]);
  return {
    port: relay.port,
    stop: async () => {
      await relay.stop();
      await rm(data, { recursive: true, force: true });
    },
  };
};
