/**
 * The life of this page's database: opening, open, deleted by another tab, lost, failed; and
 * deleting it.
 */
import { NebulusError } from "../core/base/errors.ts";
import type { DistributedDatabase, Health } from "../client/api.ts";
import type { Notices } from "./notices.svelte.ts";
import type { OpenDatabase } from "./open.ts";
import { problemOf, type Problem } from "./text/problem.ts";

export type Phase =
  | { readonly kind: "opening" }
  | { readonly kind: "open"; readonly database: DistributedDatabase; readonly health: Health }
  /** `attempts`: how often somebody asked again, so that the answer can be told anew. */
  | { readonly kind: "already-open"; readonly attempts: number }
  /** Deleted in another tab, or taken on by a newer version there. */
  | { readonly kind: "replaced"; readonly problem: Problem }
  /** A part of it is gone: nothing starts by itself. */
  | { readonly kind: "lost"; readonly problem: Problem; readonly attempts: number }
  | { readonly kind: "newer" }
  /** No space to open it. */
  | { readonly kind: "full"; readonly attempts: number }
  | { readonly kind: "failed"; readonly problem: Problem; readonly wasMemory: boolean };

export class PageDatabase {
  phase = $state.raw<Phase>({ kind: "opening" });
  isTrying = $state(false);
  readonly #open: OpenDatabase;
  readonly #notices: Notices;
  /** Called when another tab runs a newer version. */
  onOutdated: () => void = () => undefined;
  #attempts = 0;
  #current: DistributedDatabase | null = null;

  constructor(open: OpenDatabase, notices: Notices) {
    this.#open = open;
    this.#notices = notices;
  }

  /** Opens, or tries again. Never rejects: what went wrong is the phase. */
  async start(): Promise<void> {
    if (this.isTrying) return;
    this.isTrying = true;
    try {
      const database = this.#open();
      this.#current = database;
      this.#listen(database);
      await database.ready;
      const health = await database.health();
      this.phase = { kind: "open", database, health };
      this.#notices.damage(health.recovery.damage);
    } catch (error) {
      await this.stop();
      this.#fail(error, false);
    } finally {
      this.isTrying = false;
    }
  }

  /** Deletes what is left of a database that was lost, and opens a new one. */
  async startAnew(): Promise<void> {
    if (this.isTrying) return;
    this.isTrying = true;
    try {
      await deleteLost(this.#open());
    } catch (error) {
      this.#fail(error, false);
      return;
    } finally {
      this.isTrying = false;
    }
    await this.start();
  }

  /** Deletes everything on this device, and opens a new one. */
  async destroy(): Promise<void> {
    const database = this.#current;
    if (database === null) return;
    this.#current = null;
    this.phase = { kind: "opening" };
    try {
      await database.destroy();
    } catch (error) {
      this.#notices.problem(error);
    }
    await this.start();
  }

  /** Closes the database and lets go of it. */
  async stop(): Promise<void> {
    const database = this.#current;
    this.#current = null;
    try {
      await database?.shutdown();
    } catch (error) {
      this.#notices.problem(error);
    }
  }

  #listen(database: DistributedDatabase): void {
    database.on("error", (error) => this.#notices.problem(error));
    database.on("damage", (damage) => this.#notices.damage(damage));
    database.on("warning", (text) => this.#notices.warning(text));
    database.on("outdated", () => {
      this.onOutdated();
    });
    database.on("failed", (error) => {
      if (this.#current !== database || this.phase.kind !== "open") return;
      const wasMemory = this.phase.health.storageMode === "memory";
      this.#fail(error, wasMemory);
      void this.stop();
    });
  }

  #fail(error: unknown, wasMemory: boolean): void {
    const attempts = this.#attempts++;
    const problem = problemOf(error);
    this.phase = phaseOf(problem, attempts) ?? { kind: "failed", problem, wasMemory };
  }
}

/** null: there is no screen for it alone. */
const phaseOf = (problem: Problem, attempts: number): Phase | null => {
  const { code } = problem;
  if (code === "AlreadyOpen") return { kind: "already-open", attempts };
  if (code === "Replaced") return { kind: "replaced", problem };
  if (code === "StorageLost") return { kind: "lost", problem, attempts };
  if (code === "NewerFormat") return { kind: "newer" };
  return code === "QuotaExceeded" ? { kind: "full", attempts } : null;
};

/** One that can be opened after all is left as it is. */
const deleteLost = async (database: DistributedDatabase): Promise<void> => {
  try {
    await database.ready;
  } catch (error) {
    if (error instanceof NebulusError && error.code === "StorageLost") {
      await database.destroy();
      return;
    }
    await database.shutdown();
    throw error;
  }
  await database.shutdown();
};
