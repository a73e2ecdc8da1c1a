/**
 * The blob contract's bench over any folder of files.
 */
import { createFileBlobStore } from "../../src/storage/blob/fileBlobs.ts";
import { headBytes } from "../../src/storage/blob/record.ts";
import type { BlobStore } from "../../src/storage/blobs.ts";
import type { FileFolder } from "../../src/storage/files.ts";
import type { BlobBench } from "./blobs.ts";

export const createFolderBench = (folder: FileFolder): BlobBench => {
  const open = (): BlobStore =>
    createFileBlobStore(folder, { name: "bench", now: () => Date.now(), crypto });
  return {
    store: open(),
    reopen: async () => open(),
    damage: async (hash, offset) => {
      const handle = await folder.open(`blob-${hash}`);
      const at = headBytes + offset;
      handle.write(Uint8Array.of((handle.read(at, 1)[0] ?? 0) ^ 1), at);
      handle.close();
    },
    drafts: async () =>
      (await folder.list()).filter(({ name }) => name.startsWith("draft-")).length,
    leaveDraft: async () => {
      const handle = await folder.open("draft-left");
      handle.write(new Uint8Array(1_000), headBytes);
      handle.close();
    },
  };
};
