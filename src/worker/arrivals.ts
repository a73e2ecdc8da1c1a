/**
 * What peers' ops changed, told to a page whose plugins want to know: documents as they were, and
 * as they are. Apart from live queries, which show answers and not where a change came from.
 */
import type { Fields } from "../core/base/types.ts";
import { readDocument } from "../core/doc/read.ts";
import type { DocumentState } from "../core/doc/state.ts";
import { encodeRows, type Row } from "../core/wire/rows.ts";
import type { Batch } from "../engine/append.ts";
import { systemPrefix } from "../engine/collections.ts";
import type { Engine } from "../engine/engine.ts";
import type { ServiceEvent } from "./api.ts";

export const arrivalsOf = (engine: Engine, batch: Batch): readonly ServiceEvent[] =>
  [...batch].flatMap(([home, documents]): readonly ServiceEvent[] => {
    const { collection } = home;
    const strategy = engine.registry.find(collection)?.strategy;
    if (strategy === undefined || collection.startsWith(systemPrefix)) return [];
    const now = engine.deps.timers.now();
    const rowOf = (state: DocumentState | null): readonly Row[] => {
      const view = readDocument(state, { strategy, now });
      return view === null ? [] : [rowOfFields(view.fields.id, view.fields)];
    };
    const before = [...documents.values()].flatMap(rowOf);
    const after = [...documents.keys()].flatMap((id) => rowOf(home.documents.get(id)));
    return [{ kind: "arrived", collection, before: encodeRows(before), after: encodeRows(after) }];
  });

const rowOfFields = (id: string, fields: Fields): Row => ({
  id,
  leaves: Object.entries(fields).flatMap(([name, value]) =>
    name === "id" ? [] : [{ path: [name], value }],
  ),
  meta: null,
});
