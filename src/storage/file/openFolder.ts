/**
 * Opening the files of one database: which count, what is missing or damaged among them, and a new
 * epoch before anything is written. The file `holder` is held for as long as the store is open, so
 * that one process at a time works on the folder.
 */
import { NebulusError } from "../../core/base/errors.ts";
import type { DamageList } from "../damage.ts";
import type { OpeningReport } from "../store.ts";
import { createFolderState, type FolderBounds, type FolderState } from "./folderState.ts";
import { holderName, type GuardedFolder } from "./guardedFolder.ts";
import {
  manifestName,
  markerBytes,
  readManifest,
  writeManifest,
  type Manifest,
} from "./manifest.ts";
import { openRecordLog, type LogDeps, type OpenedLog } from "./recordLog.ts";
import { makeTables, markerOfTables, openTables, tablesName, tablesNumber } from "./tables.ts";
import type { Tables } from "./tables.ts";

export interface FolderDeps {
  readonly folder: GuardedFolder;
  /** Of the database, for the messages. */
  readonly name: string;
  readonly damage: DamageList;
  readonly bounds: FolderBounds;
  readonly now: () => number;
  readonly randomBytes: (length: number) => Uint8Array;
  readonly pause: () => Promise<void>;
}

export const openFolder = async (deps: FolderDeps): Promise<FolderState> => {
  const { folder } = deps;
  await folder.open(holderName);
  const names = (await folder.list()).map(({ name }) => name);
  const found = await findManifest(deps, names);
  return found.isEmpty ? makeFolder(deps, found, names) : openStanding(deps, found, names);
};

/** All files go; what a crash leaves of it is no database. */
export const emptyFolder = async (deps: FolderDeps): Promise<void> => {
  const { folder, randomBytes } = deps;
  const names = (await folder.list()).map(({ name }) => name);
  if (names.length === 0) return;
  const holder = await folder.open(holderName);
  const marker = randomBytes(markerBytes);
  await writeManifest(folder, { epoch: 0, isEmpty: true, tables: 1, marker });
  for (const name of names) {
    if (name !== manifestName && name !== holderName) await folder.remove(name);
  }
  holder.close();
  await folder.remove(holderName);
  await folder.remove(manifestName);
};

/** What the manifest says, or what can be known without it. */
const findManifest = async (deps: FolderDeps, names: readonly string[]): Promise<Manifest> => {
  const { folder, damage, name } = deps;
  const read = await readManifest(folder);
  if (read.ok) return read.value;
  if (read.error === "newer") throw newerError(name);
  const others = names.filter((one) => one !== holderName && !one.startsWith(manifestName));
  if (read.error === "missing" && others.length === 0) {
    return { epoch: 0, isEmpty: true, tables: 1, marker: deps.randomBytes(markerBytes) };
  }
  damage.add("meta", manifestName, read.error);
  const numbers = others.flatMap((one) => tablesNumber(one) ?? []);
  for (const number of numbers.sort((a, b) => b - a)) {
    const marker = await markerOfTables(folder, number);
    // A clock is ahead of any count of openings, so no older store can hold the same epoch
    if (marker !== null) return { epoch: deps.now(), isEmpty: false, tables: number, marker };
  }
  throw lostError(name, "what says which of its files count is damaged, and so are its tables");
};

const makeFolder = async (
  deps: FolderDeps,
  found: Manifest,
  names: readonly string[],
): Promise<FolderState> => {
  const { folder } = deps;
  const manifest = { ...found, epoch: found.epoch + 1, isEmpty: false, tables: 1 };
  await writeManifest(folder, { ...manifest, isEmpty: true });
  for (const name of names) {
    if (name !== holderName && !name.startsWith(manifestName)) await folder.remove(name);
  }
  const tables = await makeTables(folder, { ...manifest, number: 1, isCopy: false });
  const { log } = await openRecordLog(logDeps(deps, manifest), 0);
  await writeManifest(folder, manifest);
  const opening = { rolledBack: null, tornBytes: 0 };
  return createFolderState({ ...deps, manifest, tables, journal: log, opening });
};

const openStanding = async (
  deps: FolderDeps,
  found: Manifest,
  names: readonly string[],
): Promise<FolderState> => {
  const { folder } = deps;
  const { tables, isWhole } = await openTablesOf(deps, found, names);
  const absorbed = tables.absorbed();
  const opened = await openRecordLog(logDeps(deps, found), absorbed);
  const manifest = { ...found, epoch: found.epoch + 1, tables: tables.number };
  await writeManifest(folder, manifest);
  for (const name of names) {
    const number = tablesNumber(name);
    if (number !== null && number !== tables.number) await folder.remove(name);
  }
  const opening: OpeningReport = {
    rolledBack: isWhole ? rolledBack(opened, absorbed) : "tables",
    tornBytes: opened.tornBytes,
  };
  return createFolderState({ ...deps, manifest, tables, journal: opened.log, opening });
};

/** Not whole: batches are missing, and nobody knows which. */
const openTablesOf = async (
  { folder, damage, name: database }: FolderDeps,
  { tables: number, marker }: Manifest,
  names: readonly string[],
): Promise<{ readonly tables: Tables; readonly isWhole: boolean }> => {
  const name = tablesName(number);
  if (!names.includes(name)) throw lostError(database, `its tables (${name}) are gone`);
  const { tables, faults } = await openTables(folder, { number, marker });
  for (const [index, fault] of faults.entries()) damage.add("meta", `${name} ${index + 1}`, fault);
  return { tables, isWhole: faults.length === 0 };
};

const rolledBack = (
  { log, isBehind }: OpenedLog,
  absorbed: number,
): OpeningReport["rolledBack"] => {
  if (isBehind) return "journal";
  return log.first() > absorbed + 1 ? "tables" : null;
};

const logDeps = ({ folder, damage, bounds }: FolderDeps, { marker }: Manifest): LogDeps => ({
  ...{ folder, marker },
  fileBytesMax: bounds.logFileBytesMax,
  idleBytesMax: bounds.logIdleBytesMax,
  onFault: (key, reason) => {
    damage.add("journal", key, reason);
  },
});

const newerError = (name: string): NebulusError =>
  new NebulusError({
    code: "NewerFormat",
    message:
      `The database "${name}" was written by a newer version of the program. Use that version ` +
      "to open it.",
    retryable: false,
  });

/** Not to be taken for a new beginning: whatever is left shows that there was a database. */
const lostError = (name: string, what: string): NebulusError =>
  new NebulusError({
    code: "StorageLost",
    message:
      `The database "${name}" is lost: ${what}. Nothing was changed. Put back a backup of its ` +
      "folder, or destroy the database to start anew.",
    retryable: false,
  });
