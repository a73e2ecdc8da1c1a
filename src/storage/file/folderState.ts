/**
 * The files of one database as a whole: which of them count, what an opening makes of them, and how
 * the tables move to a new file. Below the store, which knows neither names nor numbers of files.
 */
import type { DamageList } from "../damage.ts";
import type { OpeningReport } from "../store.ts";
import { copyTables, isWasteful, type CopyDeps } from "./copyTables.ts";
import type { GuardedFolder } from "./guardedFolder.ts";
import { commitManifest, prepareManifest, type Manifest } from "./manifest.ts";
import type { RecordLog } from "./recordLog.ts";
import { makeTables, tablesName, type Tables } from "./tables.ts";

export interface FolderState {
  readonly epoch: number;
  readonly opening: OpeningReport;
  readonly provesContinuity: boolean;
  readonly journal: RecordLog;
  readonly tables: () => Tables;
  /** Brings a move of the tables that failed half-way to its end; nothing may be written before. */
  readonly finishSwitch: () => Promise<void>;
  /** Gives back room where it pays. Never fails: what could not be done is tried again. */
  readonly tidy: () => Promise<void>;
  /** So that whatever is found broken later is known to be damage. */
  readonly seal: () => void;
  readonly close: () => void;
}

export interface FolderBounds extends Omit<CopyDeps, "pause"> {
  readonly wasteBytesMin: number;
  readonly logFileBytesMax: number;
  readonly logIdleBytesMax: number;
}

export interface FolderParts {
  readonly folder: GuardedFolder;
  readonly manifest: Manifest;
  readonly tables: Tables;
  readonly journal: RecordLog;
  readonly opening: OpeningReport;
  readonly damage: DamageList;
  readonly bounds: FolderBounds;
  readonly pause: () => Promise<void>;
}

export const createFolderState = (parts: FolderParts): FolderState => {
  const { folder, manifest, journal, opening, bounds } = parts;
  let { tables } = parts;
  /** A whole copy of `tables` that the manifest names, or does not: its renaming failed. */
  let next: Tables | null = null;
  /** A copy that failed is not tried again before the waste has doubled. */
  let wasteBytesMin = bounds.wasteBytesMin;

  const switchTo = async (copy: Tables): Promise<void> => {
    next = copy;
    await commitManifest(folder);
    const old = tables;
    tables = copy;
    next = null;
    ({ wasteBytesMin } = bounds);
    old.close();
    await folder.remove(tablesName(old.number));
  };
  const finishSwitch = async (): Promise<void> => {
    if (next === null) return;
    await prepareManifest(folder, { ...manifest, tables: next.number });
    await switchTo(next);
  };
  const move = async (): Promise<void> => {
    const number = tables.number + 1;
    const copy = await makeTables(folder, { ...manifest, number, isCopy: true });
    try {
      await copyTables(tables, copy, { ...bounds, pause: parts.pause });
      await prepareManifest(folder, { ...manifest, tables: number });
    } catch (cause) {
      copy.close();
      await folder.remove(tablesName(number));
      throw cause;
    }
    await switchTo(copy);
  };
  const tidy = async (): Promise<void> => {
    try {
      await journal.drop(tables.solidAbsorbed());
      if (isWasteful(tables, wasteBytesMin)) await move();
    } catch {
      // The batch before it is committed, and this costs room only: it is tried again later
      wasteBytesMin = Math.max(wasteBytesMin, 2 * (tables.bytes() - tables.directory.liveBytes()));
    }
  };
  return {
    ...{ epoch: manifest.epoch, opening, journal, finishSwitch, tidy },
    provesContinuity: opening.rolledBack === null && parts.damage.all().length === 0,
    tables: () => tables,
    seal: () => {
      journal.flush();
      if (next === null) tables.seal();
    },
    close: () => {
      folder.closeAll();
    },
  };
};
