/**
 * What the SQL databases share: a table of typed columns, a worker that runs the database, and one
 * message each way a call, with everything in it as one JSON string (cloning objects takes longer).
 */
import type { BenchDocument } from "../../../support/documents.ts";
import type { Durability } from "../../participants.ts";
import { parseJson } from "../../../support/json.ts";
import type { Score, Store } from "../store.ts";

export type SqlCall =
  | "open"
  | "insertMany"
  | "insert"
  | "get"
  | "getMany"
  | "setScores"
  | "findRare"
  | "count"
  | "wasmBytes"
  | "close";

export interface SqlOpening {
  readonly name: string;
  readonly durability: Durability;
}

/** In the order of the table's columns. */
export type SqlRow = readonly [
  id: string,
  title: string,
  body: string,
  tags: readonly string[],
  source: string,
  time: number,
  score: number,
  language: string,
  country: string,
];

export const columns = "id, title, body, tags, source, time, score, language, country";

/** Each takes JSON and gives JSON. */
export type SqlService = {
  readonly [C in SqlCall]: (text: string) => string | Promise<string>;
};

interface Question {
  readonly number: number;
  readonly call: SqlCall;
  readonly text: string;
}

interface Reply {
  readonly number: number;
  readonly text: string;
  readonly failed: boolean;
}

/** In the worker. */
export const serveSql = (service: SqlService): void => {
  self.onmessage = ({ data: { number, call, text } }: MessageEvent<Question>) => {
    const answer = (reply: string, failed: boolean): void => {
      const message: Reply = { number, text: reply, failed };
      self.postMessage(message);
    };
    const fail = (error: unknown): void => {
      answer(error instanceof Error ? error.message : String(error), true);
    };
    try {
      const reply = service[call](text);
      if (typeof reply === "string") answer(reply, false);
      else
        reply.then((later) => {
          answer(later, false);
        }, fail);
    } catch (error) {
      fail(error);
    }
  };
};

/** In the page. */
export const openSqlStore = async (worker: Worker, opening: SqlOpening): Promise<Store> => {
  const ask = createAsking(worker);
  await ask("open", opening);
  const rows = async (call: SqlCall, question: unknown): Promise<readonly BenchDocument[]> =>
    parseJson<readonly SqlRow[]>(await ask(call, question)).map(fromRow);
  return {
    insertMany: async (documents) => {
      await ask("insertMany", documents.map(toRow));
    },
    insert: async (document) => {
      await ask("insert", toRow(document));
    },
    get: async (id) => (await rows("get", id))[0] ?? null,
    getMany: (ids) => rows("getMany", ids),
    setScores: async (scores: readonly Score[]) => {
      await ask("setScores", scores);
    },
    findRare: () => rows("findRare", null),
    count: async () => parseJson<number>(await ask("count", null)),
    wasmBytes: async () => parseJson<number>(await ask("wasmBytes", null)),
    close: async () => {
      await ask("close", null);
      worker.terminate();
    },
  };
};

interface Waiting {
  readonly resolve: (text: string) => void;
  readonly reject: (error: Error) => void;
}

type Ask = (call: SqlCall, question: unknown) => Promise<string>;

const createAsking = (worker: Worker): Ask => {
  const waiting = new Map<number, Waiting>();
  let asked = 0;
  worker.onmessage = ({ data: { number, text, failed } }: MessageEvent<Reply>) => {
    const asker = waiting.get(number);
    waiting.delete(number);
    if (failed) asker?.reject(new Error(text));
    else asker?.resolve(text);
  };
  worker.onerror = ({ message }) => {
    for (const { reject } of waiting.values()) reject(new Error(`the worker failed: ${message}`));
  };
  return (call, question) => {
    asked += 1;
    const message: Question = { number: asked, call, text: JSON.stringify(question) };
    return new Promise((resolve, reject) => {
      waiting.set(message.number, { resolve, reject });
      worker.postMessage(message);
    });
  };
};

const toRow = (document: BenchDocument): SqlRow => {
  const { id, title, body, tags, source, time, score, meta } = document;
  return [id, title, body, tags, source, time, score, meta.language, meta.country];
};

const fromRow = (row: SqlRow): BenchDocument => {
  const [id, title, body, tags, source, time, score, language, country] = row;
  return { id, title, body, tags, source, time, score, meta: { language, country } };
};
