/**
 * Commands of this device: each is decided and applied in one turn, goes to the journal, and
 * answers when it is durable. A command has an id made by the page, and a repeat answers with the
 * first result: a page that heard no answer simply asks again.
 */
import { NebulusError } from "../core/base/errors.ts";
import { unreachable } from "../core/base/result.ts";
import type { HybridClock } from "../core/clock/hybrid.ts";
import type { JournalPart } from "../core/journal/record.ts";
import type { ReadMark, Write, WriteRequest, WriteResult } from "../core/wire/requests.ts";
import { undoBatch, type Batch } from "./append.ts";
import type { Commands } from "./commands.ts";
import { beginDraft, type Draft } from "./draft.ts";
import type { Home } from "./home.ts";
import type { Journal } from "./journal.ts";
import { mustWrite } from "./permission.ts";
import type { Unflushed } from "./unflushed.ts";
import type { OwnWriter, Placing } from "./writer.ts";
import { applyWrite, needNamed, type WriteDeps } from "./writes.ts";

/** Writes that concern a collection as a whole; `homes.ts` does them. */
export type CollectionWrite = Exclude<
  Write,
  { readonly kind: "insert" | "upsert" | "replace" | "update" | "delete" | "batch" }
>;

/** Both decide in the turn of the call, and throw there; what they promise is the flush. */
export interface Commits {
  /** Rejects with a typed error; unless it is `OutcomeUnknown`, nothing of it took effect. */
  run(request: WriteRequest): Promise<WriteResult>;
  /** A commit of the engine's own, such as moving documents between homes. */
  commit(fill: (draft: Draft) => void): Promise<void>;
  /** The same, and nothing where a commit of that id was durable before, in whatever opening. */
  commitOnce(commandId: string, fill: (draft: Draft) => void): Promise<void>;
}

export interface CommitDeps extends WriteDeps {
  readonly clock: HybridClock;
  readonly journal: Journal;
  readonly commands: Commands;
  readonly unflushed: Unflushed;
  readonly writerOf: (home: Home) => OwnWriter;
  readonly applyCollectionWrite: (draft: Draft, write: CollectionWrite) => number;
  readonly holds: (mark: ReadMark) => boolean;
  /** Documents changed in memory; durable or taken back follows. */
  readonly applied: (batch: Batch) => void;
  readonly durable: (batch: Batch) => void;
  readonly undone: (batch: Batch) => void;
}

interface Filled<T> {
  readonly draft: Draft;
  readonly value: T;
  readonly parts: readonly JournalPart[];
}

export const createCommits = (deps: CommitDeps): Commits => {
  const asked: CommitDeps = {
    ...deps,
    writerOf: (home) => {
      mustWrite(home);
      return deps.writerOf(home);
    },
  };
  return {
    run: (request) => deps.commands.once(request.commandId, () => attempt(asked, request)),
    commit: (fill) => store(deps, fillDraft(deps, "apart", fill), "", []),
    async commitOnce(commandId, fill) {
      await deps.commands.once(commandId, async () => {
        await store(deps, fillDraft(deps, "apart", fill), commandId, []);
        return { counts: [] };
      });
    },
  };
};

/** Decides and applies in one turn, before anything is waited for: throws until then. */
const attempt = (deps: CommitDeps, { commandId, write }: WriteRequest): Promise<WriteResult> => {
  if (write.kind === "batch" && !write.reads.every(deps.holds)) throw conflict();
  const placing = write.kind === "batch" && write.together ? "together" : "apart";
  const filled = fillDraft(deps, placing, (draft) => countsOf(deps, draft, write));
  return store(deps, filled, commandId, filled.value).then(() => ({ counts: filled.value }));
};

const countsOf = (deps: CommitDeps, draft: Draft, write: Write): readonly number[] => {
  switch (write.kind) {
    case "batch":
      needNamed(write.writes, deps.readable);
      return write.writes.map((each) => applyWrite(draft, each, deps));
    case "insert":
    case "upsert":
    case "replace":
    case "update":
    case "delete":
      return [applyWrite(draft, write, deps)];
    case "make-collection":
    case "drop":
    case "attach":
    case "detach":
    case "move":
    case "strategy":
    case "sync-mode":
      return [deps.applyCollectionWrite(draft, write)];
    default:
      return unreachable(write);
  }
};

/** Either the whole draft, ready for the journal, or nothing and the error. */
const fillDraft = <T>(deps: CommitDeps, placing: Placing, fill: (draft: Draft) => T): Filled<T> => {
  const draft = beginDraft(deps);
  try {
    const value = fill(draft);
    return { draft, value, parts: draft.encode(placing) };
  } catch (error) {
    undoBatch(draft.batch);
    draft.rewind();
    throw error;
  }
};

const store = async (
  deps: CommitDeps,
  { draft, parts }: Filled<unknown>,
  commandId: string,
  counts: readonly number[],
): Promise<void> => {
  if (parts.length === 0) {
    await deps.journal.appended();
    deps.commands.answered(commandId, counts);
    return;
  }
  deps.unflushed.written(draft.batch);
  deps.applied(draft.batch);
  await deps.journal.append({
    commit: { commandId, time: deps.clock.last(), result: counts, parts },
    durable: () => {
      deps.unflushed.durable(draft.batch);
      draft.durable();
      deps.commands.answered(commandId, counts);
      deps.durable(draft.batch);
    },
    undo: () => {
      deps.unflushed.undo(draft.batch);
      draft.rewind();
      deps.undone(draft.batch);
    },
  });
};

const conflict = (): NebulusError =>
  new NebulusError({
    code: "TransactionConflict",
    message: "What the transaction read has changed since. Read again.",
    retryable: true,
    outcome: "not committed",
  });
