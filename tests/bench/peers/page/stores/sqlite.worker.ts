/**
 * The worker that runs SQLite: write-ahead log, exclusive locking (without it that VFS has no such
 * log), prepared statements, one transaction a call. Many rows come and go as one JSON text, which
 * SQLite takes apart itself: a binding a value costs more. `synchronous` FULL flushes each commit,
 * NORMAL does not.
 */
import sqlite3InitModule, { type PreparedStatement } from "@sqlite.org/sqlite-wasm";
import { parseJson } from "../../../support/json.ts";
import { columns, serveSql, type SqlOpening, type SqlRow, type SqlService } from "./sql.ts";

const row = "json_array(id, title, body, json(tags), source, time, score, language, country)";
const schema = `CREATE TABLE IF NOT EXISTS notes (
  id TEXT PRIMARY KEY, title TEXT, body TEXT, tags TEXT, source TEXT,
  time INTEGER, score REAL, language TEXT, country TEXT
)`;

type Calls = Omit<SqlService, "open">;

const openCalls = async ({ name, durability }: SqlOpening): Promise<Calls> => {
  const sqlite = await sqlite3InitModule();
  const pool = await sqlite.installOpfsSAHPoolVfs({ name, directory: `/sqlite-${name}` });
  const database = new pool.OpfsSAHPoolDb("/notes.db");
  database.exec(`PRAGMA locking_mode = exclusive; PRAGMA journal_mode = wal;
    PRAGMA synchronous = ${durability === "strict" ? "full" : "normal"};
    PRAGMA cache_size = -65536; PRAGMA temp_store = memory; ${schema}`);
  const insert = database.prepare(
    `INSERT INTO notes (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const get = database.prepare(`SELECT json_array(${row}) FROM notes WHERE id = ?`);
  const getMany = database.prepare(
    `SELECT json_group_array(${row}) FROM notes WHERE id IN (SELECT value FROM json_each(?))`,
  );
  const insertMany = database.prepare(
    `INSERT INTO notes (${columns}) SELECT value->>0, value->>1, value->>2, value->3, value->>4,
      value->>5, value->>6, value->>7, value->>8 FROM json_each(?)`,
  );
  const update = database.prepare(
    `UPDATE notes SET score = changed.value->>1 FROM json_each(?) AS changed
      WHERE notes.id = changed.value->>0`,
  );
  const findRare = database.prepare(
    `SELECT json_group_array(${row}) FROM notes WHERE score > 900 AND language = 'de'`,
  );
  const count = database.prepare("SELECT json(count(*)) FROM notes");
  return {
    insertMany: (text) => {
      insertMany.bind([text]).stepReset();
      return "";
    },
    insert: (text) => {
      const [id, title, body, tags, ...rest] = parseJson<SqlRow>(text);
      insert.bind([id, title, body, JSON.stringify(tags), ...rest]).stepReset();
      return "";
    },
    get: (text) => firstOf(get.bind([parseJson<string>(text)])) ?? "[]",
    getMany: (text) => firstOf(getMany.bind([text])) ?? "[]",
    setScores: (text) => {
      update.bind([text]).stepReset();
      return "";
    },
    findRare: () => firstOf(findRare) ?? "[]",
    count: () => firstOf(count) ?? "0",
    wasmBytes: () => String(sqlite.wasm.heap8u().byteLength),
    close: () => {
      for (const each of [insert, insertMany, get, getMany, update, findRare, count])
        each.finalize();
      database.close();
      return "";
    },
  };
};

/** The first column of the first row, as text; the statement can be used again. */
const firstOf = (statement: PreparedStatement): string | null => {
  const text = statement.step() ? (statement.getString(0) ?? null) : null;
  statement.reset();
  return text;
};

let calls: Calls | undefined;
const opened = (): Calls => {
  if (calls === undefined) throw new Error("SQLite is not open");
  return calls;
};

serveSql({
  open: async (text) => {
    calls = await openCalls(parseJson<SqlOpening>(text));
    return "";
  },
  insertMany: (text) => opened().insertMany(text),
  insert: (text) => opened().insert(text),
  get: (text) => opened().get(text),
  getMany: (text) => opened().getMany(text),
  setScores: (text) => opened().setScores(text),
  findRare: (text) => opened().findRare(text),
  count: (text) => opened().count(text),
  wasmBytes: (text) => opened().wasmBytes(text),
  close: (text) => opened().close(text),
});
