/**
 * The life of this page's database: opening, open, taken by another tab, failed; and letting go of
 * it when the page is put away, so that another tab can have it.
 */
import { NebulusError } from "../core/base/errors.ts";
import type { DistributedDatabase, Health } from "../client/api.ts";
import { messages } from "./messages.ts";
import type { Notices } from "./notices.svelte.ts";
import type { OpenDatabase } from "./open.ts";
import { problemOf, type Problem } from "./text/problem.ts";

export type Phase =
  | { readonly kind: "opening" }
  | { readonly kind: "open"; readonly database: DistributedDatabase; readonly health: Health }
  /** `attempts`: how often somebody asked again, so that the answer can be told anew. */
  | { readonly kind: "already-open"; readonly attempts: number }
  | { readonly kind: "failed"; readonly problem: Problem; readonly wasMemory: boolean };

export class PageDatabase {
  phase = $state.raw<Phase>({ kind: "opening" });
  isTrying = $state(false);
  readonly #open: OpenDatabase;
  readonly #notices: Notices;
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
      const { damage } = health;
      if (damage.length > 0) this.#notices.warning(messages.errors.damage, damage.join("\n"));
    } catch (error) {
      await this.stop();
      this.#fail(error, false);
    } finally {
      this.isTrying = false;
    }
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
    database.on("warning", (text) => this.#notices.warning(text));
    database.on("failed", (error) => {
      if (this.#current !== database || this.phase.kind !== "open") return;
      const wasMemory = this.phase.health.storageMode === "memory";
      this.#fail(error, wasMemory);
      void this.stop();
    });
  }

  #fail(error: unknown, wasMemory: boolean): void {
    const isTaken = error instanceof NebulusError && isElsewhere(error);
    this.phase = isTaken
      ? { kind: "already-open", attempts: this.#attempts++ }
      : { kind: "failed", problem: problemOf(error), wasMemory };
  }
}

const isElsewhere = ({ code }: NebulusError): boolean =>
  code === "AlreadyOpen" || code === "Replaced";
