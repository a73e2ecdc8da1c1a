/**
 * When checkpoints are made: when much has changed, when the journal is let go, and at close; one
 * after another, scope by scope. Behind a full disk nothing is lost by waiting: what a checkpoint
 * would hold stands in the log.
 */
import type { Home } from "../home.ts";
import { isDiskFull } from "../failure.ts";
import { createTurns } from "../../core/base/turns.ts";

export interface Checkpointer {
  /** Documents changed: with enough of them, a checkpoint is due. */
  wake(): void;
  /** One is due, whatever changed: the journal was let go. */
  request(): void;
  /** Of all scopes, now. */
  run(): Promise<void>;
  /** Milliseconds since 1970; null: none in this life of the database. */
  readonly last: () => number | null;
}

export interface CheckpointerDeps {
  readonly homes: () => readonly Home[];
  readonly changedMax: number;
  readonly now: () => number;
  readonly checkpoint: (home: Home) => Promise<boolean>;
  readonly failed: (error: unknown) => void;
}

export const createCheckpointer = (deps: CheckpointerDeps): Checkpointer => {
  const inTurn = createTurns();
  let isDue = false;
  let last: number | null = null;
  /** After a failure more has to change before it is tried again. */
  let changedMax = deps.changedMax;

  const changed = (): number =>
    deps.homes().reduce((sum, { documents }) => sum + documents.changedCount, 0);

  const run = (): Promise<void> =>
    inTurn(async () => {
      for (const home of deps.homes()) {
        if (await deps.checkpoint(home)) last = deps.now();
      }
      changedMax = deps.changedMax;
    });

  const request = (): void => {
    if (isDue) return;
    isDue = true;
    run()
      .catch((error: unknown) => {
        if (!isDiskFull(error)) throw error;
        changedMax += deps.changedMax;
      })
      .finally(() => {
        isDue = false;
      })
      .catch(deps.failed);
  };

  return {
    wake() {
      if (!isDue && changed() >= changedMax) request();
    },
    request,
    run,
    last: () => last,
  };
};
