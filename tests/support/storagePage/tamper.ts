/**
 * What happens to a database's storage behind its back: halves deleted, bits flipped, a newer
 * version. Done as another program of the origin would do it, while the database is closed.
 */
import { bytesToHex } from "../../../src/core/base/bytes.ts";
import { pageKinds } from "../../../src/core/page/homeRecord.ts";
import { textToPageKey } from "../../../src/storage/keys.ts";
import { folderNameOf } from "../../../src/storage/opfs.ts";

export interface Tampering {
  readonly deleteFiles: (name: string) => Promise<void>;
  readonly deleteTables: (name: string) => Promise<void>;
  /** Raises the version of the tables, as a later program does. */
  readonly raiseVersion: (name: string) => Promise<void>;
  /** Journal files with their sizes, in the order of their names. */
  readonly journalFiles: (name: string) => Promise<readonly (readonly [string, number])[]>;
  /** Where a journal file stands, from the root of OPFS. */
  readonly pathOf: (name: string, file: string) => readonly string[];
  readonly flipInFile: (name: string, file: string, at: number) => Promise<void>;
  /** Flips a bit in the middle of each value that is chosen; how many there were. */
  readonly flipInTable: (name: string, choice: TableChoice) => Promise<number>;
}

export type TableChoice =
  | "segments"
  | "document pages"
  | "one document page"
  | "directories"
  | "home records"
  | "header pages"
  | "fresh pages"
  | "identity"
  | "journal note";

export const tamper: Tampering = {
  deleteFiles: async (name) => {
    const all = await databases();
    await all.removeEntry(folderNameOf(name), { recursive: true });
  },
  deleteTables: (name) => settled(indexedDB.deleteDatabase(name)).then(() => undefined),
  raiseVersion: async (name) => {
    const version = (await indexedDB.databases()).find((each) => each.name === name)?.version ?? 0;
    const opening = indexedDB.open(name, version + 1);
    await settled(opening);
    opening.result.close();
  },
  journalFiles: async (name) => {
    const files: (readonly [string, number])[] = [];
    for await (const handle of (await journalFolder(name)).values()) {
      if (handle.kind !== "file" || !handle.name.startsWith("journal-")) continue;
      files.push([handle.name, (await handle.getFile()).size]);
    }
    return files.sort(([a], [b]) => (a < b ? -1 : 1));
  },
  pathOf: (name, file) => ["nebulus", folderNameOf(name), "journal", file],
  flipInFile: async (name, file, at) => {
    const handle = await (await journalFolder(name)).getFileHandle(file);
    const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
    if (at >= bytes.length) throw new Error(`${file} has ${bytes.length} bytes only`);
    bytes.set([(bytes[at] ?? 0) ^ 1], at);
    const writable = await handle.createWritable();
    await writable.write(bytes);
    await writable.close();
  },
  flipInTable,
};

async function flipInTable(name: string, choice: TableChoice): Promise<number> {
  const opening = indexedDB.open(name);
  await settled(opening);
  const database = opening.result;
  const table = tableOf(choice);
  const transaction = database.transaction(table, "readwrite");
  const rows = transaction.objectStore(table);
  let flipped = 0;
  const cursor = rows.openCursor();
  cursor.onsuccess = () => {
    const row = cursor.result;
    if (row === null) return;
    if (isChosen(choice, row.key) && !(choice === "one document page" && flipped > 0)) {
      // Every value of ours is an envelope, one Uint8Array
      const value = new Uint8Array(row.value as Uint8Array<ArrayBuffer>);
      const middle = Math.floor(value.length / 2);
      value.set([(value[middle] ?? 0) ^ 1], middle);
      row.update(value);
      flipped += 1;
    }
    row.continue();
  };
  await new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = reject;
  });
  database.close();
  return flipped;
}

const tableOf = (choice: TableChoice): string => {
  if (choice === "segments") return "segments";
  return choice === "identity" || choice === "journal note" ? "meta" : "pages";
};

const isChosen = (choice: TableChoice, key: IDBValidKey): boolean => {
  if (choice === "segments") return true;
  if (choice === "identity") return key === "identity";
  if (choice === "journal note") return Array.isArray(key) && key[0] === "journal";
  const page = key instanceof ArrayBuffer ? textToPageKey(bytesToHex(new Uint8Array(key))) : null;
  if (page === null) return false;
  switch (choice) {
    case "document pages":
    case "one document page":
      return page.kind === pageKinds.documents;
    case "home records":
      return page.kind === pageKinds.home && page.number === 0;
    case "directories":
      return page.kind === pageKinds.home && page.number === 1;
    case "header pages":
      return page.kind === pageKinds.headers;
    case "fresh pages":
      return page.kind === pageKinds.fresh;
  }
};

const databases = async (): Promise<FileSystemDirectoryHandle> =>
  (await navigator.storage.getDirectory()).getDirectoryHandle("nebulus");

const journalFolder = async (name: string): Promise<FileSystemDirectoryHandle> =>
  (await (await databases()).getDirectoryHandle(folderNameOf(name))).getDirectoryHandle("journal");

const settled = (request: IDBRequest): Promise<unknown> =>
  new Promise((resolve, reject) => {
    request.onsuccess = resolve;
    request.onerror = () => {
      reject(request.error ?? new Error("it failed"));
    };
  });
