/**
 * The blob contract on files, in memory and on Node's file system.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { createMemoryFiles } from "../../src/storage/memoryFiles.ts";
import { createNodeFiles } from "../../src/storage/nodeFiles.ts";
import { createFolderBench } from "./blobFolder.ts";
import { blobsContract } from "./blobs.ts";

const directory = mkdtempSync(join(tmpdir(), "nebulus-blobs-"));
afterAll(() => {
  rmSync(directory, { recursive: true });
});

let folders = 0;
blobsContract("files in memory", async () =>
  createFolderBench(createMemoryFiles({ now: () => Date.now() })),
);
blobsContract("files of Node", async () =>
  createFolderBench(createNodeFiles(join(directory, String(folders++)))),
);
