/**
 * The files contract on the folder in memory and on Node's file system.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { createMemoryFiles } from "../../src/storage/memoryFiles.ts";
import { createNodeFiles } from "../../src/storage/nodeFiles.ts";
import { filesContract } from "./files.ts";

const directory = mkdtempSync(join(tmpdir(), "nebulus-files-"));
afterAll(() => {
  rmSync(directory, { recursive: true });
});

let folders = 0;
filesContract("memory", async () => createMemoryFiles());
filesContract("Node", async () => createNodeFiles(join(directory, String(folders++), "deep")));
