/**
 * Deleting with a way back: what was deleted here stays at hand until somebody dismisses it, and is
 * inserted again under its own id.
 */
import type { DocumentFields } from "../core/base/types.ts";
import type { DistributedDatabase } from "../client/api.ts";
import type { Visibility } from "../client/types.ts";
import { messages } from "./messages.ts";
import type { Notices } from "./notices.svelte.ts";
import { summaryOf } from "./text/summary.ts";

export interface Deleted {
  readonly collection: string;
  readonly document: DocumentFields;
  readonly title: string;
  /** What was private comes back private. */
  readonly visibility: Visibility;
}

export class Undo {
  /** The latest last. */
  deleted = $state.raw<readonly Deleted[]>([]);
  readonly latest = $derived(this.deleted.at(-1));
  readonly #database: DistributedDatabase;
  readonly #notices: Notices;

  constructor(database: DistributedDatabase, notices: Notices) {
    this.#database = database;
    this.#notices = notices;
  }

  /** Whether it was deleted here; else somebody else was faster, or it failed. */
  async remove(collection: string, document: DocumentFields): Promise<boolean> {
    try {
      const documents = this.#database.collection(collection);
      const stored = await documents.get(document.id, { meta: true });
      const gone = stored === null ? 0 : await documents.delete(document.id);
      if (stored === null || gone === 0) {
        this.#notices.announce(messages.documents.gone);
        return false;
      }
      const { title } = summaryOf(document);
      this.deleted = [
        ...this.deleted,
        { collection, document, title, visibility: stored._visibility },
      ];
      this.#notices.announce(messages.undo.deleted(title));
      return true;
    } catch (error) {
      this.#notices.problem(error);
      return false;
    }
  }

  async undo(): Promise<void> {
    const { latest } = this;
    if (latest === undefined) return;
    this.deleted = this.deleted.slice(0, -1);
    try {
      const { document, visibility } = latest;
      await this.#database.collection(latest.collection).insert(document, { visibility });
      this.#notices.announce(messages.undo.restored(latest.title));
    } catch (error) {
      this.deleted = [...this.deleted, latest];
      this.#notices.problem(error);
    }
  }

  dismiss(): void {
    this.deleted = [];
  }
}
