/**
 * What this device wrote and nobody accepts: what it was about, writing it again, letting it go.
 */
import type { DistributedDatabase } from "../client/api.ts";
import type { ClosedNetwork } from "../client/networkTypes.ts";
import type { Fields } from "../core/base/types.ts";
import { closedMessages } from "./sharingMessages.ts";
import { problemOf } from "./text/problem.ts";
import { summaryOf } from "./text/summary.ts";

/** So many documents of a collection are named. */
export const namedMax = 20;

export interface NamedDocuments {
  readonly collection: string;
  readonly operations: number;
  /** Titles where the document is still here, else ids. */
  readonly documents: readonly string[];
  /** How many more there are. */
  readonly more: number;
}

export class NotAccepted {
  named = $state.raw<readonly NamedDocuments[]>([]);
  isBusy = $state(false);
  problem = $state("");
  readonly #database: DistributedDatabase;
  readonly #networkId: string;

  constructor(database: DistributedDatabase, networkId: string) {
    this.#database = database;
    this.#networkId = networkId;
  }

  /** Finds titles for ids; until then, and where that fails, ids are shown. */
  async name(found: ClosedNetwork["notAccepted"]): Promise<void> {
    this.named = found.map((each) => named(each, each.documents.slice(0, namedMax)));
    try {
      this.named = await Promise.all(
        found.map(async (each) => named(each, await this.#titlesOf(each))),
      );
    } catch (error) {
      this.problem = problemOf(error).message;
    }
  }

  async reissue(): Promise<void> {
    if (this.isBusy) return;
    this.isBusy = true;
    this.problem = "";
    try {
      await this.#database.reissueNotAccepted(this.#networkId);
    } catch (error) {
      this.problem = problemOf(error).message;
    } finally {
      this.isBusy = false;
    }
  }

  /** For good. Rejects with what is said beside the question. */
  async discard(): Promise<void> {
    await this.#database.discardNotAccepted(this.#networkId);
  }

  async #titlesOf({
    collection,
    documents,
  }: ClosedNetwork["notAccepted"][number]): Promise<readonly string[]> {
    const ids = documents.slice(0, namedMax);
    const found = await this.#database.collection<Fields>(collection).getMany(ids);
    return ids.map((id) => {
      const document = found.find((each) => each.id === id);
      return document === undefined ? closedMessages.documentOf(id) : summaryOf(document).title;
    });
  }
}

const named = (
  { collection, operations, documents: all }: ClosedNetwork["notAccepted"][number],
  documents: readonly string[],
): NamedDocuments => ({ collection, operations, documents, more: all.length - documents.length });
