/**
 * The parts of an engine that change what there is: commits, the way from the journal to segments
 * and pages, moves between homes, and reading a home anew.
 */
import type { StorageBounds } from "./bounds.ts";
import { loadPart } from "../core/base/parts.ts";
import { commandsKey, type Commands } from "./commands.ts";
import { createCommits, type Commits } from "./commit.ts";
import { createCutter, type Cutter } from "./cut.ts";
import type { EndableStore } from "./endableStore.ts";
import type { EngineDeps } from "./engineDeps.ts";
import { createExclusive, type Exclusive } from "./exclusive.ts";
import { createHomes, type Homes, type HomesDeps } from "./homes.ts";
import { createIdle } from "./idle.ts";
import { ownWriterOf } from "./incarnation.ts";
import type { Journal } from "./journal.ts";
import { checkpointHome } from "./pages/checkpoint.ts";
import { createCheckpointer, type Checkpointer } from "./pages/checkpointer.ts";
import type { ReadingParts } from "./readingParts.ts";
import { createRebuild, type Rebuild } from "./rebuild.ts";
import { createTrimmer, type Trimmer } from "./trimmer.ts";

export interface WritingParts {
  readonly journal: Journal;
  readonly commands: Commands;
  readonly cutter: Cutter;
  readonly exclusive: Exclusive;
  readonly homes: Homes;
  readonly commits: Commits;
  readonly checkpointer: Checkpointer;
  readonly trimmer: Trimmer;
  readonly rebuild: Rebuild;
  /**
   * From here on what is written is cut and goes into pages. Not before: a log that is not what it
   * was must end first.
   */
  readonly mended: () => void;
}

export interface WritingDeps {
  readonly store: EndableStore;
  readonly deps: EngineDeps;
  readonly bounds: StorageBounds;
  readonly reading: ReadingParts;
  readonly journal: Journal;
  readonly commands: Commands;
}

export const createWritingParts = (around: WritingDeps): WritingParts => {
  const { store, deps, bounds, journal, commands } = around;
  const { registry, repair, turn, changes, unflushed, tell, clock, ingest } = around.reading;
  const { crypto, timers } = deps;
  let isMended = false;
  const wake = (): void => {
    if (!isMended) return;
    cutter.wake();
    checkpointer.wake();
    idle();
  };
  const cutter = createCutter({
    ...{ store, crypto, journal, failed: tell.failed },
    ...{ homes: registry.homes, system: registry.system },
    heldBytesMax: bounds.journalHeldBytes,
    absorbed: () => {
      checkpointer.request();
    },
    notes: () => [[commandsKey, commands.encode()]],
    cut: (home, segments) => {
      deps.onSegments(home, segments, null);
    },
  });
  const idle = createIdle(timers, () => {
    checkpointer.request();
    trimmer.request();
  });
  const exclusive = createExclusive(repair);
  const commit: HomesDeps["commit"] = (fill) => exclusive.shared(() => commits.commit(fill));
  const homes = createHomes({
    ...{ registry, now: timers.now, reading: turn },
    ...{ commit, changed: tell.collection },
  });
  const commits = createCommits({
    ...{ clock, journal, commands, unflushed, holds: changes.holds },
    ...{ now: timers.now, readable: registry.readable, collection: registry.make },
    isPrivateIn: ({ membership }) => registry.networks.isPrivate(membership),
    writerOf: (home) => ownWriterOf(home, crypto),
    applyCollectionWrite: homes.applyCollectionWrite,
    applied: tell.changed,
    undone: tell.applied,
    durable: (batch) => {
      tell.shown(batch);
      wake();
    },
  });
  const checkpointer = createCheckpointer({
    ...{ homes: registry.homes, now: timers.now, failed: tell.failed },
    changedMax: bounds.dirtyDocuments,
    checkpoint: (home) =>
      checkpointHome(home, {
        ...{ store, lastTime: clock.last },
        ...{ pageBytes: bounds.pageBytes, deflatesPages: bounds.deflatesPages },
        ...{ ingest, exclusive, journal, repair },
      }),
  });
  const rebuild = createRebuild({
    ...{ store, crypto, ingest, cutter, journal, commits, exclusive, reread: tell.home },
    ...{ now: timers.now, failed: tell.failed },
  });
  const trimmer = trimmerOf(around, { cutter, checkpointer, commit });
  const mended = (): void => {
    isMended = true;
    wake();
  };
  return {
    ...{ journal, commands, cutter, exclusive, homes, commits },
    ...{ checkpointer, trimmer, rebuild, mended },
  };
};

const trimmerOf = (
  { store, bounds, deps: { timers }, reading: { registry, tell } }: WritingDeps,
  {
    cutter,
    checkpointer,
    commit,
  }: Pick<WritingParts, "cutter" | "checkpointer"> & Pick<HomesDeps, "commit">,
): Trimmer =>
  createTrimmer({
    ...{ homes: registry.homes, failed: tell.failed },
    trim: async (home, isEnding) => {
      const { trimHome } = await loadPart(() => import("./trim.ts"));
      return trimHome(home, {
        ...{ store, bounds, now: timers.now, commit, isEnding },
        settle: async () => {
          await cutter.absorb();
          await checkpointer.run();
        },
      });
    },
  });
