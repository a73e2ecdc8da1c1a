/**
 * Blobs as files of a folder: OPFS in a worker, Node's file system, memory in tests.
 *
 * `draft-<id>` becomes `blob-<hash>` by renaming. A file is [head, bytes, hashes] (record.ts); the
 * head comes last, so a draft that a crash ended has none. `swept`: the notes of sweeps.
 */
import { blobChunkBytes } from "../../core/base/limits.ts";
import type { BlobHash, BlobStore } from "../blobs.ts";
import { guardFolder } from "../file/guardedFolder.ts";
import type { FileFolder } from "../files.ts";
import { createBlobStore, type BlobDeps } from "./blobStore.ts";
import { toBlobHash, type BlobDraft, type BlobDriver } from "./driver.ts";
import { chunkCount, hashBytes, headBytes, sizeInHead } from "./record.ts";

/** The folder is the blobs' alone. */
export const createFileBlobStore = (folder: FileFolder, deps: BlobDeps): BlobStore => {
  const guarded = guardFolder(folder, deps.name);
  return createBlobStore(createDriver(guarded), deps);
};

const createDriver = (folder: FileFolder): BlobDriver => ({
  begin: (id) => beginDraft(folder, draftName(id)),
  blobs: async () =>
    (await folder.list()).flatMap(({ name, modified }) => {
      const hash = name.startsWith(blobPrefix) ? toBlobHash(name.slice(blobPrefix.length)) : null;
      return hash === null ? [] : [{ hash, modified }];
    }),
  drafts: async () =>
    (await folder.list()).flatMap(({ name, modified }) =>
      name.startsWith(draftPrefix) ? [{ id: name.slice(draftPrefix.length), modified }] : [],
    ),
  record: async (hash) => {
    const name = blobName(hash);
    const head = await folder.read(name, 0, headBytes);
    if (head === null) return null;
    const size = sizeInHead(head) ?? 0;
    const length = chunkCount(size) * hashBytes;
    const hashes = await folder.read(name, headBytes + size, length);
    return hashes === null ? null : { head, hashes };
  },
  chunk: (hash, index, length) => folder.read(blobName(hash), placeOf(index), length),
  remove: (hash) => folder.remove(blobName(hash)),
  removeDraft: (id) => folder.remove(draftName(id)),
  notes: () => folder.read(notesName, 0, notesBytesMax),
  keepNotes: async (notes) => {
    const handle = await folder.open(draftName(notesName));
    try {
      handle.truncate(0);
      handle.write(notes, 0);
      handle.flush();
    } finally {
      handle.close();
    }
    await folder.rename(draftName(notesName), notesName);
  },
  close: async () => undefined,
});

const beginDraft = async (folder: FileFolder, name: string): Promise<BlobDraft> => {
  const handle = await folder.open(name);
  let isOpen = true;
  let end = headBytes;
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    handle.close();
  };
  return {
    write: async (index, chunk) => {
      handle.write(chunk, placeOf(index));
      end = placeOf(index) + chunk.length;
    },
    finish: async ({ head, hashes }) => {
      handle.write(hashes, end);
      handle.flush();
      handle.write(head, 0);
      handle.flush();
    },
    read: async (index, length) => handle.read(placeOf(index), length),
    place: async (hash) => {
      close();
      await folder.rename(name, blobName(hash));
    },
    discard: async () => {
      close();
      await folder.remove(name);
    },
  };
};

const placeOf = (index: number): number => headBytes + index * blobChunkBytes;

const blobPrefix = "blob-";
const draftPrefix = "draft-";
const notesName = "swept";
/** More than sweepNotes.ts ever makes. */
const notesBytesMax = 8 * 1_048_576;
const blobName = (hash: BlobHash): string => blobPrefix + hash;
const draftName = (id: string): string => draftPrefix + id;
