/**
 * Opening a database from its log: the hidden collection first, since it tells which others there
 * are, then each home.
 */
import type { Time, WriterId } from "../core/base/types.ts";
import { writerIdOf } from "../core/base/ids.ts";
import { compareTimes } from "../core/clock/hybrid.ts";
import type { Commit } from "../core/journal/record.ts";
import type { Store } from "../storage/store.ts";
import { writerKey } from "./cut.ts";
import { retireWriter, type Home } from "./home.ts";
import { resumeWriter } from "./incarnation.ts";
import type { Ingest } from "./ingest.ts";
import type { Registry } from "./registry.ts";
import { loadSegments, readCommits, readPending, restoreWriters } from "./replay.ts";

export interface OpenedLog {
  readonly commits: readonly Commit[];
  readonly meta: ReadonlyMap<string, Uint8Array>;
  readonly lastSequence: number;
  /** Of the latest own commit in the journal. */
  readonly lastTime: Time | null;
}

export interface OpenLogDeps {
  readonly store: Store;
  readonly registry: Registry;
  readonly ingest: Pick<Ingest, "readAll">;
}

export const openLog = async (deps: OpenLogDeps): Promise<OpenedLog> => {
  const { store, registry } = deps;
  const commits = await readCommits(store);
  const meta = await store.meta();
  const open = async (home: Home): Promise<void> => {
    await loadSegments(home, store, deps.ingest);
    const parts = commits.flatMap((each) => each.parts.filter((part) => part.scope === home.scope));
    const present = presentWriter(home, parts.at(-1)?.writer, meta.get(writerKey(home.scope)));
    const writers = restoreWriters(home, parts);
    const writer =
      present === null ? null : (writers.get(present) ?? resumeWriter(home, present, null));
    const goesOn = home.membership.kind === "local" || store.journalProvesContinuity;
    home.writer = writer;
    home.retired = [...writers.values()].filter((each) => each !== writer);
    if (!goesOn) retireWriter(home);
    readPending(home);
  };
  await open(registry.system);
  registry.restore();
  for (const home of registry.homes()) if (home !== registry.system) await open(home);
  return {
    commits,
    meta,
    lastSequence: commits.at(-1)?.sequence ?? store.absorbedSequence,
    lastTime: commits.reduce<Time | null>(
      (latest, { time }) => (latest === null || compareTimes(time, latest) > 0 ? time : latest),
      null,
    ),
  };
};

/**
 * The incarnation that wrote last: the journal knows, or what was noted when the journal was let
 * go.
 */
const presentWriter = (
  home: Home,
  inJournal: WriterId | undefined,
  noted: Uint8Array | undefined,
): WriterId | null => {
  if (inJournal !== undefined) return inJournal;
  const id = noted === undefined ? null : writerIdOf(noted);
  return id !== null && home.tree.headsOf(id).length === 1 ? id : null;
};
