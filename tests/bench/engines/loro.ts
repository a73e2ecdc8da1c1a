/**
 * Loro: a map of maps; a snapshot imported, which is its way to a replica that has nothing; edits
 * go as the updates that the other lacks.
 */
import { LoroDoc, LoroMap } from "loro-crdt";
import type { BenchDocument } from "../support/documents.ts";
import type { Engine } from "./engine.ts";

export const engine: Engine = {
  prepare: async (documents) => {
    const a = new LoroDoc();
    const b = new LoroDoc();
    for (const { id, ...fields } of documents) {
      const note = a.getMap("notes").setContainer(id, new LoroMap());
      for (const [name, value] of Object.entries(fields)) note.set(name, value);
    }
    a.commit();
    const noteOf = (side: LoroDoc, id: string): LoroMap => {
      const note: unknown = side.getMap("notes").get(id);
      if (!isMap(note)) throw new Error(`${id} is missing`);
      return note;
    };
    const held = (side: LoroDoc, ids: readonly string[]): readonly BenchDocument[] =>
      ids.map((id) => {
        // Its fields are those that were set above.
        const fields = noteOf(side, id).toJSON() as Omit<BenchDocument, "id">;
        return { id, ...fields };
      });
    const pass = (from: LoroDoc, to: LoroDoc): number => {
      const bytes = from.export({ mode: "update", from: to.version() });
      to.import(bytes);
      return bytes.length;
    };
    return {
      transfer: async () => {
        const bytes = a.export({ mode: "snapshot" });
        b.import(bytes);
        return bytes.length;
      },
      received: async () => held(b, b.getMap("notes").keys()),
      merge: {
        edit: async (edits) => {
          for (const [side, doc] of [["a", a] as const, ["b", b] as const]) {
            for (const edit of edits) noteOf(doc, edit.id).set(edit.field, edit[side]);
            doc.commit();
          }
        },
        join: async () => pass(a, b) + pass(b, a),
        both: async (ids) => [held(a, ids), held(b, ids)],
      },
      close: async () => {
        a.free();
        b.free();
      },
    };
  },
};

const isMap = (value: unknown): value is LoroMap => value instanceof LoroMap;
