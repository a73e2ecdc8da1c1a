/**
 * The file `manifest`: which files of a folder count, and who holds them. It is replaced as a
 * whole, by renaming, so that a crash leaves the old one or the new one.
 *
 * An envelope (envelope.ts) around CBOR [1, epoch, isEmpty, tables, marker]. `epoch` rises with
 * every opening. `isEmpty`: the database is being made or deleted, and no other file counts.
 * `tables`: the number of the tables file. `marker`: 8 random bytes, made with the database, that
 * begin every record of a table and go into every checksum of the journal, so that no bytes of a
 * user or peer can pass for a record.
 */
import { fail, ok, type Result } from "../../core/base/result.ts";
import { decodeCbor, encodeCbor } from "../../core/cbor/item.ts";
import { openEnvelope, sealEnvelope } from "../envelope.ts";
import type { FileFolder } from "../files.ts";

export interface Manifest {
  readonly epoch: number;
  readonly isEmpty: boolean;
  readonly tables: number;
  readonly marker: Uint8Array;
}

export type ManifestFault = "missing" | "damaged" | "newer";

export const manifestName = "manifest";
export const markerBytes = 8;

export const readManifest = async (
  folder: FileFolder,
): Promise<Result<Manifest, ManifestFault>> => {
  const sealed = await folder.read(manifestName, 0, manifestBytesMax);
  if (sealed === null) return fail("missing");
  const opened = openEnvelope(sealed);
  return opened.ok ? decode(opened.value) : fail("damaged");
};

/** Puts the new manifest beside the old one; a failure changes nothing. */
export const prepareManifest = async (folder: FileFolder, manifest: Manifest): Promise<void> => {
  const { epoch, isEmpty, tables, marker } = manifest;
  const handle = await folder.open(preparedName);
  try {
    handle.truncate(0);
    handle.write(sealEnvelope(encodeCbor([version, epoch, isEmpty, tables, marker])), 0);
    handle.flush();
  } finally {
    handle.close();
  }
};

/** Lets the prepared one count. After a failure either may: it is to be tried again. */
export const commitManifest = (folder: FileFolder): Promise<void> =>
  folder.rename(preparedName, manifestName);

export const writeManifest = async (folder: FileFolder, manifest: Manifest): Promise<void> => {
  await prepareManifest(folder, manifest);
  await commitManifest(folder);
};

const version = 1;
const preparedName = "manifest.next";
const manifestBytesMax = 4_096;

const decode = (bytes: Uint8Array): Result<Manifest, ManifestFault> => {
  const decoded = decodeCbor(bytes, { bytesMax: manifestBytesMax, depthMax: 2, itemsMax: 64 });
  if (!decoded.ok || !Array.isArray(decoded.value)) return fail("damaged");
  const fields: readonly unknown[] = decoded.value;
  const [found, epoch, isEmpty, tables, marker] = fields;
  if (typeof found === "number" && found > version) return fail("newer");
  const isWhole =
    typeof epoch === "number" &&
    typeof isEmpty === "boolean" &&
    typeof tables === "number" &&
    marker instanceof Uint8Array &&
    marker.length === markerBytes;
  return isWhole ? ok({ epoch, isEmpty, tables, marker }) : fail("damaged");
};
