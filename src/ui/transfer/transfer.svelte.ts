/**
 * An import or export under way: how far it is, what went wrong, and the way to end it. What was
 * imported when somebody cancels stays, and is counted.
 */
import { NebulusError } from "../../core/base/errors.ts";
import { importBatchDocuments, importProblemsMax } from "../../core/base/limits.ts";
import type { Fields } from "../../core/base/types.ts";
import type { DistributedCollection } from "../../client/api.ts";
import { idsOf } from "../text/keep.ts";
import { problemOf } from "../text/problem.ts";
import { readDocuments, type Format, type Read } from "./read.ts";
import { mediaTypes, writeDocuments } from "./write.ts";

export interface ImportProblem {
  readonly place: number | null;
  readonly message: string;
}

type State = "waiting" | "running" | "done" | "cancelled" | "failed";
type Found = Read & { readonly kind: "document" };

class Running {
  state = $state<State>("waiting");
  /** 0 to 1. */
  progress = $state(0);
  /** Documents that were written or stored. */
  done = $state(0);
  /** What ended it. */
  failure = $state("");
  #isCancelled = false;

  cancel(): void {
    this.#isCancelled = true;
  }

  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  protected async run(work: () => Promise<void>): Promise<void> {
    this.state = "running";
    try {
      await work();
      this.state = this.#isCancelled ? "cancelled" : "done";
    } catch (error) {
      this.failure = problemOf(error).message;
      this.state = "failed";
    }
  }
}

export class Import extends Running {
  /** Documents that were left as they are, since their id is taken. */
  skipped = $state(0);
  refused = $state(0);
  /** The first ones. */
  problems = $state.raw<readonly ImportProblem[]>([]);
  readonly #collection: DistributedCollection<Fields>;

  constructor(collection: DistributedCollection<Fields>) {
    super();
    this.#collection = collection;
  }

  start(file: Blob, format: Format, replaces: boolean): Promise<void> {
    return this.run(async () => {
      let batch: Found[] = [];
      for await (const read of readDocuments(file, format)) {
        if (this.isCancelled) return;
        if (read.kind === "problem") this.#refuse(read.place, read.message);
        else if (read.kind === "progress") this.progress = read.bytes / Math.max(1, file.size);
        else if (batch.push(read) === importBatchDocuments) {
          await this.#store(batch, replaces);
          batch = [];
        }
      }
      if (batch.length > 0) await this.#store(batch, replaces);
    });
  }

  async #store(batch: readonly Found[], replaces: boolean): Promise<void> {
    const left = replaces ? batch : await this.#notTaken(batch);
    try {
      await this.#write(left, replaces);
    } catch (error) {
      if (!isOfDocuments(error)) throw error;
      for (const one of left) await this.#storeOne(one, replaces);
    }
  }

  /** One of a batch that was refused: which one it is shows when each goes alone. */
  async #storeOne(one: Found, replaces: boolean): Promise<void> {
    try {
      await this.#write([one], replaces);
    } catch (error) {
      if (!isOfDocuments(error)) throw error;
      const { message, path } = problemOf(error);
      this.#refuse(one.place, path === null ? message : `${path}: ${message}`);
    }
  }

  async #write(batch: readonly Found[], replaces: boolean): Promise<void> {
    const documents = batch.map(({ fields }) => fields);
    if (documents.length === 0) return;
    // What is no document is refused by the database, with its reason
    if (replaces) await this.#collection.upsertBatch(documents as Fields[]);
    // As above
    else await this.#collection.insertBatch(documents as Fields[]);
    this.done += documents.length;
  }

  async #notTaken(batch: readonly Found[]): Promise<readonly Found[]> {
    const ids = batch.flatMap(({ fields }) =>
      typeof fields["id"] === "string" ? [fields["id"]] : [],
    );
    const taken = idsOf(await this.#collection.getMany(ids));
    const left = batch.filter(({ fields }) => !taken.has(String(fields["id"])));
    this.skipped += batch.length - left.length;
    return left;
  }

  #refuse(place: number | null, message: string): void {
    this.refused += 1;
    if (this.problems.length < importProblemsMax) {
      this.problems = [...this.problems, { place, message }];
    }
  }
}

/** Something about one of the documents, not about storage. */
const isOfDocuments = (error: unknown): boolean =>
  error instanceof NebulusError && documentCodes.includes(error.code);

const documentCodes: readonly string[] = [
  ...["InvalidDocument", "InvalidArgument", "InvalidEntryType", "DuplicateId", "TooLarge"],
  ...["SchemaViolation", "VaultNotSetUp"],
];

export class Export extends Running {
  readonly #collection: DistributedCollection<Fields>;
  readonly #total: number;

  /** `total`: about how many documents there are. */
  constructor(collection: DistributedCollection<Fields>, total: number) {
    super();
    this.#collection = collection;
    this.#total = total;
  }

  start(format: Format, save: (file: Blob) => void): Promise<void> {
    return this.run(async () => {
      const parts: Blob[] = [];
      for await (const { text, documents } of writeDocuments(this.#collection, format)) {
        if (this.isCancelled) return;
        // Blobs go to the disk where they are many; texts would stay in memory
        parts.push(new Blob([text]));
        this.done += documents;
        this.progress = Math.min(1, this.done / Math.max(1, this.#total));
      }
      save(new Blob(parts, { type: mediaTypes[format] }));
    });
  }
}
