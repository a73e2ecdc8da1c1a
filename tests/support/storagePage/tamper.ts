/**
 * What happens to a database's storage behind its back: halves deleted, bits flipped, a newer
 * version. Done as another program of the origin would do it, while the database is closed.
 */
import { bytesToHex } from "../../../src/core/base/bytes.ts";
import { homePages, pageKinds } from "../../../src/core/page/homeRecord.ts";
import { textToPageKey } from "../../../src/storage/keys.ts";
import { folderNameOf } from "../../../src/storage/opfs.ts";

export interface Tampering {
  readonly deleteFiles: (name: string) => Promise<void>;
  readonly deleteTables: (name: string) => Promise<void>;
  /** Raises the version of the tables, as a later program does; returns it. */
  readonly raiseVersion: (name: string) => Promise<number>;
  /** Journal files with their sizes, in the order of their names. */
  readonly journalFiles: (name: string) => Promise<readonly (readonly [string, number])[]>;
  /** Where a journal file stands, from the root of OPFS. */
  readonly pathOf: (name: string, file: string) => readonly string[];
  readonly flipInFile: (name: string, file: string, at: number) => Promise<void>;
  /** Flips a bit in the middle of each value that is chosen; how many there were. Again: back. */
  readonly flipInTable: (name: string, choice: TableChoice) => Promise<number>;
}

export type TableChoice =
  | "segments"
  /** The second of the scope that has most. */
  | "one segment"
  | "document pages"
  | "one document page"
  | "directories"
  | "home records"
  | "header pages"
  | "identity"
  | "one of two identities"
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
    return version + 1;
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

/** Chosen first, so that the values are changed in one transaction. */
async function flipInTable(name: string, choice: TableChoice): Promise<number> {
  const opening = indexedDB.open(name);
  await settled(opening);
  const database = opening.result;
  const table = tableOf(choice);
  const transaction = database.transaction(table, "readwrite");
  const rows = transaction.objectStore(table);
  const asked = rows.getAllKeys();
  let flipped = 0;
  asked.onsuccess = () => {
    const chosen = choose(choice, asked.result);
    flipped = chosen.length;
    for (const key of chosen) flipValue(rows, key);
  };
  await new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = reject;
  });
  database.close();
  return flipped;
}

const flipValue = (rows: IDBObjectStore, key: IDBValidKey): void => {
  const read = rows.get(key);
  read.onsuccess = () => {
    // Every value of ours is an envelope, one Uint8Array
    const value = new Uint8Array(read.result as Uint8Array<ArrayBuffer>);
    const middle = Math.floor(value.length / 2);
    value.set([(value[middle] ?? 0) ^ 1], middle);
    rows.put(value, key);
  };
};

const tableOf = (choice: TableChoice): string => {
  if (choice.endsWith("segments") || choice === "one segment") return "segments";
  return metaChoices.has(choice) ? "meta" : "pages";
};

const metaChoices: ReadonlySet<TableChoice> = new Set([
  ...(["identity", "one of two identities", "journal note"] as const),
]);

const choose = (choice: TableChoice, keys: readonly IDBValidKey[]): readonly IDBValidKey[] => {
  switch (choice) {
    case "segments":
      return keys;
    case "one segment":
      return inLargestScope(keys).slice(1, 2);
    case "identity":
      return keys.filter((key) => key === "database" || key === "database/copy");
    case "one of two identities":
      return keys.filter((key) => key === "database");
    case "journal note":
      return keys.filter((key) => Array.isArray(key) && key[0] === "journal");
    case "one document page":
      return pagesOfKind(keys, pageKinds.documents).slice(0, 1);
    case "document pages":
      return pagesOfKind(keys, pageKinds.documents);
    case "home records":
      return pagesOfKind(keys, pageKinds.home, homePages.record);
    case "directories":
      return pagesOfKind(keys, pageKinds.home, homePages.directory);
    case "header pages":
      return pagesOfKind(keys, pageKinds.headers);
  }
};

const pagesOfKind = (
  keys: readonly IDBValidKey[],
  kind: number,
  number?: number,
): readonly IDBValidKey[] =>
  keys.filter((key) => {
    const page = textToPageKey(hexOf(key));
    return page?.kind === kind && (number === undefined || page.number === number);
  });

/** Keys of segments begin with their scope. */
const inLargestScope = (keys: readonly IDBValidKey[]): readonly IDBValidKey[] => {
  const groups = new Map<string, IDBValidKey[]>();
  for (const key of keys) {
    const scope = hexOf(key).slice(0, 32);
    groups.set(scope, [...(groups.get(scope) ?? []), key]);
  }
  return [...groups.values()].reduce((a, b) => (b.length > a.length ? b : a), []);
};

const hexOf = (key: IDBValidKey): string =>
  key instanceof ArrayBuffer ? bytesToHex(new Uint8Array(key)) : "";

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
