/**
 * One document being written: as a form of fields or as JSON, with what is wrong said where it is.
 * Saving writes only what was changed here.
 */
import type { DocumentFields, Fields } from "../core/base/types.ts";
import { equalValues } from "../core/cbor/value.ts";
import type { DistributedCollection } from "../client/api.ts";
import { messages } from "./messages.ts";
import { updateBetween } from "./text/changes.ts";
import {
  draftsLike,
  draftsOf,
  emptyDraft,
  fieldsOf,
  type FieldDraft,
  type FieldProblem,
} from "./text/form.ts";
import { formatJson, parseJsonObject, type JsonProblem } from "./text/json.ts";
import { withoutMetadata } from "./text/keep.ts";
import { problemOf } from "./text/problem.ts";

export type EditorMode = "fields" | "json";

export class Editor {
  /** Null: a new one. As it was when the editor opened. */
  readonly document: DocumentFields | null;
  mode = $state<EditorMode>("fields");
  drafts = $state<FieldDraft[]>([]);
  json = $state("");
  formProblems = $state.raw<readonly FieldProblem[]>([]);
  jsonProblem = $state.raw<JsonProblem | null>(null);
  /** What the database refused, where no field is to blame. */
  problem = $state("");
  isSaving = $state(false);
  /** It stays on this device. */
  isPrivate = $state(false);
  /** What happened to the document while it is edited here. */
  elsewhere = $state<"nothing" | "changed" | "gone">("nothing");
  /** Fields that show a value of a device whose clock is fast. */
  ahead = $state.raw<readonly string[]>([]);
  readonly #collection: DistributedCollection<Fields>;
  readonly #start: string;
  readonly wasPrivate: boolean;

  /** `like`: a document whose fields are offered for a new one; `isPrivate`: the document is. */
  constructor(
    collection: DistributedCollection<Fields>,
    document: DocumentFields | null,
    like: DocumentFields | null,
    isPrivate = false,
  ) {
    this.wasPrivate = isPrivate;
    this.isPrivate = isPrivate;
    this.#collection = collection;
    this.document = document;
    if (document !== null) this.drafts = draftsOf(withoutId(document));
    else this.drafts = like === null ? [emptyDraft(0, "title")] : draftsLike(withoutId(like));
    this.#start = this.#content();
  }

  get isDirty(): boolean {
    return this.isPrivate !== this.wasPrivate || this.#content() !== this.#start;
  }

  /** Watches the document until the returned function is called. */
  follow(): () => void {
    const { document } = this;
    if (document === null) return () => undefined;
    return this.#collection.live({ id: document.id }, { meta: true }).subscribe((found) => {
      if (this.isSaving || found === undefined) return;
      const [now] = found;
      const isSame = now !== undefined && equalValues(withoutMetadata(now), document);
      this.elsewhere = now === undefined ? "gone" : isSame ? "nothing" : "changed";
      this.ahead = now?._ahead ?? [];
    });
  }

  /** Takes along what was typed; stays where it is if that is not right yet. */
  switchTo(mode: EditorMode): void {
    if (mode === this.mode) return;
    const fields = this.#read();
    if (fields === null) return;
    if (mode === "json") this.json = formatJson(this.#withId(fields));
    else this.drafts = draftsOf(this.document === null ? fields : withoutId(fields));
    this.mode = mode;
  }

  addField(): void {
    const key = Math.max(-1, ...this.drafts.map((draft) => draft.key)) + 1;
    this.drafts.push(emptyDraft(key));
  }

  replaceField(at: number, draft: FieldDraft): void {
    this.drafts[at] = draft;
  }

  removeField(key: number): void {
    this.drafts = this.drafts.filter((draft) => draft.key !== key);
  }

  /** Whether it was saved; else what is wrong is said in place. */
  async save(): Promise<boolean> {
    if (this.isSaving) return false;
    const fields = this.#read();
    if (fields === null) return false;
    this.isSaving = true;
    try {
      return await this.#write(fields);
    } catch (error) {
      this.#refuse(error);
      return false;
    } finally {
      this.isSaving = false;
    }
  }

  async #write(fields: Fields): Promise<boolean> {
    if (this.document === null) {
      await this.#insert(fields);
      return true;
    }
    const after = { ...fields, id: this.document.id };
    if (this.elsewhere === "gone") {
      await this.#insert(after);
      return true;
    }
    const { id } = this.document;
    const update = updateBetween(this.document, after);
    // first out of the network, so that what is written for nobody else never leaves
    if (this.isPrivate && !this.wasPrivate) await this.#collection.unshare(id);
    const isThere = update === null || (await this.#collection.update(id, update)) > 0;
    if (!isThere) {
      this.elsewhere = "gone";
      return false;
    }
    if (this.wasPrivate && !this.isPrivate) await this.#collection.share(id);
    return true;
  }

  async #insert(fields: Fields): Promise<void> {
    const visibility = this.isPrivate ? "private" : "shared";
    await this.#collection.insert(fields, { visibility });
  }

  /** What was typed as fields; null if it is not right, which is then said. */
  #read(): Fields | null {
    this.problem = "";
    this.jsonProblem = null;
    this.formProblems = [];
    return this.mode === "fields" ? this.#readForm() : this.#readJson();
  }

  #readForm(): Fields | null {
    const fields = fieldsOf(this.drafts);
    const id = this.document && this.drafts.find((draft) => draft.name.trim() === "id");
    if (!fields.ok) {
      this.formProblems = fields.error;
      return null;
    }
    if (id) {
      this.formProblems = [{ key: id.key, part: "name", message: messages.editor.idChanged }];
      return null;
    }
    // the database checks values when it writes them and says what it cannot hold
    return fields.value as Fields;
  }

  #readJson(): Fields | null {
    const fields = parseJsonObject(this.json);
    if (!fields.ok) {
      this.jsonProblem = fields.error;
      return null;
    }
    const { id } = fields.value;
    if (this.document !== null && id !== undefined && id !== this.document.id) {
      this.jsonProblem = { message: messages.editor.idChanged, at: null, place: "" };
      return null;
    }
    // as above
    return fields.value as Fields;
  }

  /** An error of the database, said at the field that it names. */
  #refuse(error: unknown): void {
    const { message, path } = problemOf(error);
    const [name] = (path ?? "").replace(/^\$(un)?set\./, "").split(/[.[]/, 1);
    if (this.mode === "json" && path !== null) {
      this.jsonProblem = { message, at: null, place: "" };
      return;
    }
    const draft = this.drafts.find((each) => each.name.trim() === name);
    if (this.mode === "json" || draft === undefined) {
      this.problem = message;
      return;
    }
    const part: FieldProblem["part"] = path === name && /\bname\b/.test(message) ? "name" : "value";
    this.formProblems = [{ key: draft.key, part, message }];
  }

  #withId(fields: Fields): Fields {
    return this.document === null ? fields : { id: this.document.id, ...fields };
  }

  /** What was typed, the same text for the same document in either mode. */
  #content(): string {
    const fields = this.mode === "json" ? parseJsonObject(this.json) : fieldsOf(this.drafts);
    if (!fields.ok) return this.mode === "json" ? this.json : JSON.stringify(this.drafts);
    // as above
    return formatJson(withoutId(fields.value as Fields));
  }
}

const withoutId = ({ id: _, ...fields }: Fields): Fields => fields;
