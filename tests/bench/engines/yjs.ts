/** Yjs: a map of maps; B tells what it has, A encodes the rest in format 2, B applies it. */
import * as Y from "yjs";
import type { BenchDocument } from "../support/documents.ts";
import type { Engine } from "./engine.ts";

type Field = BenchDocument[keyof BenchDocument];
type Note = Y.Map<Field>;

export const engine: Engine = {
  prepare: async (documents) => {
    const a = new Y.Doc();
    const b = new Y.Doc();
    const notesOf = (side: Y.Doc): Y.Map<Note> => side.getMap<Note>("notes");
    a.transact(() => {
      for (const given of documents)
        notesOf(a).set(given.id, new Y.Map<Field>(Object.entries(given)));
    });
    const pass = (from: Y.Doc, to: Y.Doc): number => {
      const update = Y.encodeStateAsUpdateV2(from, Y.encodeStateVector(to));
      Y.applyUpdateV2(to, update);
      return update.length;
    };
    const held = (side: Y.Doc, ids: Iterable<string>): readonly BenchDocument[] =>
      Array.from(ids, (id) => toDocument(notesOf(side).get(id)));
    return {
      transfer: async () => pass(a, b),
      received: async () => held(b, notesOf(b).keys()),
      merge: {
        edit: async (edits) => {
          for (const [side, doc] of [["a", a] as const, ["b", b] as const]) {
            doc.transact(() => {
              for (const edit of edits) notesOf(doc).get(edit.id)?.set(edit.field, edit[side]);
            });
          }
        },
        join: async () => pass(a, b) + pass(b, a),
        both: async (ids) => [held(a, ids), held(b, ids)],
      },
      close: async () => {
        a.destroy();
        b.destroy();
      },
    };
  },
};

const toDocument = (note: Note | undefined): BenchDocument => {
  if (note === undefined) throw new Error("a document is missing");
  // Its fields are those that were set above.
  return note.toJSON() as BenchDocument;
};
