/**
 * The store contract on files: over Node's file system, and over memory, there with bounds so small
 * that files are rotated, copied and let go all the time.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, vi } from "vitest";
import { FileAdapter } from "../../src/storage/nodeAdapter.ts";
import { createMemoryFolders, startFileAdapter } from "../support/memoryFolders.ts";
import { storeContract } from "./store.ts";

// A real disk is shared with whatever else runs
vi.setConfig({ testTimeout: 60_000 });

const directory = mkdtempSync(join(tmpdir(), "nebulus-store-"));
afterAll(() => {
  rmSync(directory, { recursive: true });
});

let directories = 0;
storeContract("files of Node", () => new FileAdapter(join(directory, String(directories++))));

storeContract("files in memory", () => startFileAdapter(createMemoryFolders()));

storeContract("files in memory, moved at every chance", () => {
  const bounds = { batchBytes: 64, wasteBytesMin: 32, logFileBytesMax: 64, logIdleBytesMax: 16 };
  return startFileAdapter(createMemoryFolders(), { bounds });
});
