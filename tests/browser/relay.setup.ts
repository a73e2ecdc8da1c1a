/**
 * The relay of the browser tests, as people run it: its port is what `inject("relayPort")` gives
 * them.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { startRelayProcess } from "../support/relayProcess.ts";

declare module "vitest" {
  interface ProvidedContext {
    readonly relayPort: number;
  }
}

export default async (project: TestProject): Promise<() => Promise<void>> => {
  const data = await mkdtemp(join(tmpdir(), "nebulus-browser-relay-"));
  const relay = await startRelayProcess(["--port", "0", "--static", data, "--data", data]);
  project.provide("relayPort", relay.port);
  return async () => {
    await relay.stop();
    await rm(data, { recursive: true, force: true });
  };
};
