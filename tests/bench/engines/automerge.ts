/**
 * Automerge: a map of maps, texts as ImmutableString, its cheaper form where nobody types in one at
 * once; the whole document saved in its compressed form and loaded, which for a replica that has
 * nothing is its shortest way; edits go as the changes since the heads that both had.
 */
import * as Automerge from "@automerge/automerge/slim";
import type { BenchDocument } from "../support/documents.ts";
import { parseJson } from "../support/json.ts";
import type { Edit, Engine } from "./engine.ts";

// A type and no interface: Automerge's documents are records of unknown.
type Notes = { notes: Record<string, Record<string, unknown>> };

type Doc = Automerge.Doc<Notes>;

/** `initialize` loads its WebAssembly, which a page and Node find in ways of their own. */
export const createAutomergeEngine = (initialize: () => Promise<unknown>): Engine => ({
  prepare: async (documents) => {
    await initialize();
    const notes = Object.fromEntries(
      documents.map((document) => [document.id, frozenFields(document)]),
    );
    let a: Doc = Automerge.from<Notes>({ notes });
    let b: Doc = Automerge.init<Notes>();
    let common: Automerge.Heads = [];
    return {
      transfer: async () => {
        const bytes = Automerge.save(a);
        b = Automerge.load<Notes>(bytes);
        return bytes.length;
      },
      received: async () => Object.values(b.notes).map(thawed),
      merge: {
        edit: async (edits) => {
          common = Automerge.getHeads(a);
          a = change(a, edits, "a");
          b = change(b, edits, "b");
        },
        join: async () => {
          const fromA = Automerge.getChangesSince(a, common);
          const fromB = Automerge.getChangesSince(b, common);
          [a] = Automerge.applyChanges(a, fromB);
          [b] = Automerge.applyChanges(b, fromA);
          return [...fromA, ...fromB].reduce((sum, bytes) => sum + bytes.length, 0);
        },
        both: async (ids) => [held(a, ids), held(b, ids)],
      },
      close: async () => {
        Automerge.free(a);
        Automerge.free(b);
      },
    };
  },
});

const change = (doc: Doc, edits: readonly Edit[], side: "a" | "b"): Doc =>
  Automerge.change(doc, ({ notes }) => {
    for (const edit of edits) {
      const note = notes[edit.id];
      if (note === undefined) throw new Error(`${edit.id} is missing`);
      Reflect.set(note, edit.field, frozen(edit[side]));
    }
  });

const held = ({ notes }: Doc, ids: readonly string[]): readonly BenchDocument[] =>
  ids
    .map((id) => notes[id])
    .filter((note) => note !== undefined)
    .map(thawed);

const frozen = (value: unknown): unknown => {
  if (typeof value === "string") return new Automerge.ImmutableString(value);
  if (Array.isArray(value)) return value.map(frozen);
  return typeof value === "object" && value !== null ? frozenFields(value) : value;
};

const frozenFields = (value: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value).map(([name, each]) => [name, frozen(each)]));

/** ImmutableString becomes text again. */
const thawed = (note: Record<string, unknown>): BenchDocument =>
  parseJson<BenchDocument>(JSON.stringify(note));
