/**
 * The worker that runs PGlite itself: its own multi-tab worker sends several messages a query.
 * Statements that take many rows take them as one parameter.
 */
import { PGlite } from "@electric-sql/pglite";
import { parseJson } from "../../../support/json.ts";
import type { Score } from "../store.ts";
import { columns, serveSql, type SqlOpening, type SqlRow } from "./sql.ts";

const row = "json_build_array(id, title, body, tags, source, time, score, language, country)";
const schema = `CREATE TABLE IF NOT EXISTS notes (
  id text PRIMARY KEY, title text, body text, tags json, source text,
  time bigint, score float8, language text, country text
)`;
const insert = `INSERT INTO notes (${columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`;
const insertMany = `INSERT INTO notes (${columns})
  SELECT v->>0, v->>1, v->>2, v->3, v->>4, (v->>5)::bigint, (v->>6)::float8, v->>7, v->>8
  FROM json_array_elements($1::json) AS v`;
const rowsWhere = (condition: string): string =>
  `SELECT coalesce(json_agg(${row}), '[]')::text AS found FROM notes WHERE ${condition}`;
const update = `UPDATE notes SET score = changed.score
  FROM unnest($1::text[], $2::float8[]) AS changed (id, score) WHERE notes.id = changed.id`;

let opened: PGlite | undefined;
const database = (): PGlite => {
  if (opened === undefined) throw new Error("PGlite is not open");
  return opened;
};

const found = async (condition: string, parameters: readonly unknown[]): Promise<string> => {
  const sql = rowsWhere(condition);
  const { rows } = await database().query<{ found: string }>(sql, [...parameters]);
  return rows[0]?.found ?? "[]";
};

serveSql({
  open: async (text) => {
    const { name, durability } = parseJson<SqlOpening>(text);
    const relaxedDurability = durability === "relaxed";
    opened = await PGlite.create({ dataDir: `opfs-ahp://pglite-${name}`, relaxedDurability });
    await opened.exec(schema);
    return "";
  },
  insertMany: async (text) => {
    // Given as text, which is what it already is: as a value it would be made JSON once more.
    await database().query(insertMany, [text], { serializers: { 114: String } });
    return "";
  },
  insert: async (text) => {
    await database().query(insert, [...parseJson<SqlRow>(text)]);
    return "";
  },
  get: (text) => found("id = $1", [parseJson<string>(text)]),
  getMany: (text) => found("id = ANY($1::text[])", [parseJson<readonly string[]>(text)]),
  setScores: async (text) => {
    const scores = parseJson<readonly Score[]>(text);
    await database().query(update, [scores.map(([id]) => id), scores.map(([, score]) => score)]);
    return "";
  },
  findRare: () => found("score > 900 AND language = 'de'", []),
  count: async () => {
    const { rows } = await database().query<{ count: number }>("SELECT count(*)::int FROM notes");
    return String(rows[0]?.count);
  },
  wasmBytes: () => {
    const heap: unknown = database().Module.HEAPU8;
    if (!(heap instanceof Uint8Array)) throw new Error("PGlite does not show its memory");
    return String(heap.byteLength);
  },
  close: async () => {
    await database().close();
    return "";
  },
});
