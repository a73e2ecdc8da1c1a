/**
 * Automerge: a map of maps; the whole document saved in its compressed form and loaded, which for
 * a replica that has nothing is its shortest way; edits go as the changes that the other lacks.
 */
import * as Automerge from "@automerge/automerge/slim";
import type { BenchDocument } from "../support/documents.ts";
import type { Edit, Engine } from "./engine.ts";

// A type and no interface: Automerge's documents are records of unknown.
type Notes = { notes: Record<string, BenchDocument> };

type Doc = Automerge.Doc<Notes>;

/** `initialize` loads its WebAssembly, which a page and Node find in ways of their own. */
export const createAutomergeEngine = (initialize: () => Promise<unknown>): Engine => ({
  prepare: async (documents) => {
    await initialize();
    const notes = Object.fromEntries(documents.map((document) => [document.id, document]));
    let a: Doc = Automerge.from<Notes>({ notes });
    let b: Doc = Automerge.init<Notes>();
    return {
      transfer: async () => {
        const bytes = Automerge.save(a);
        b = Automerge.load<Notes>(bytes);
        return bytes.length;
      },
      received: async () => Object.values(b.notes),
      merge: {
        edit: async (edits) => {
          a = change(a, edits, "a");
          b = change(b, edits, "b");
        },
        join: async () => {
          const [fromA, fromB] = [Automerge.getChanges(b, a), Automerge.getChanges(a, b)];
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
      Reflect.set(note, edit.field, edit[side]);
    }
  });

const held = ({ notes }: Doc, ids: readonly string[]): readonly BenchDocument[] =>
  ids.map((id) => notes[id]).filter((note) => note !== undefined);
