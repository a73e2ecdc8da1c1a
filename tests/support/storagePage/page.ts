/**
 * A page with the database and nothing else, through its public API. Tests drive it through
 * `window.storagePage`: it writes until it is killed, checks what is there, and can take from its
 * database's worker what some browsers lack.
 */
import { createDistributedDb, NebulusError, type DistributedDatabase } from "../../../src/index.ts";
import holderUrl from "./holder.worker.ts?worker&url";
import { checkLane, runCommand } from "./lanes.ts";
import { createRandom } from "../random.ts";
import type { LaneExpected, Note, StoragePage, Told, WorkerKind } from "./protocol.ts";
import smallUrl from "./small.worker.ts?worker&url";
import { tabOf } from "./tab.ts";
import { tamper } from "./tamper.ts";
import withoutFolderUrl from "./withoutFolder.worker.ts?worker&url";
import withoutHandlesUrl from "./withoutHandles.worker.ts?worker&url";
import withoutTablesUrl from "./withoutTables.worker.ts?worker&url";
import type { Lane } from "./workload.ts";

const urls: Readonly<Record<WorkerKind, string | null>> = {
  product: null,
  small: smallUrl,
  "without-tables": withoutTablesUrl,
  "without-handles": withoutHandlesUrl,
  "without-folder": withoutFolderUrl,
};
let workerUrl: string | null = null;
const workers = new Set<Worker>();

const PlainWorker = Worker;

/** The product makes its worker by itself, so that only here it can be exchanged and ended. */
class ExchangedWorker extends PlainWorker {
  constructor(url: string | URL, options?: WorkerOptions) {
    super(workerUrl ?? url, options);
    workers.add(this);
  }
}
window.Worker = ExchangedWorker;

let lanesDatabase: DistributedDatabase | null = null;
let isClosing = false;
let lanes = new Map<number, Lane>();
const waiting = new Map<number, () => void>();

const tell = (told: Told): void => {
  window.tellHarness?.(JSON.stringify(told));
};

const fail = (error: unknown): void => {
  tell({ kind: "failed", error: error instanceof Error ? error.message : String(error) });
};

const opened = (): DistributedDatabase => {
  if (lanesDatabase === null) throw new Error("the lanes' database is not open");
  return lanesDatabase;
};

const openLanes: StoragePage["openLanes"] = async (expected) => {
  tell({ kind: "opening" });
  const database = createDistributedDb({ name: "lanes" });
  lanesDatabase = database;
  await database.ready;
  lanes = new Map();
  const checked = [];
  for (const one of expected) checked.push(await checkOne(database, one));
  const counts = ["notes", "others"].map((name) => database.collection(name).count());
  const [notes = 0, others = 0] = await Promise.all(counts);
  return { lanes: checked, documents: notes + others, health: await database.health() };
};

const checkOne = async (
  database: DistributedDatabase,
  expected: LaneExpected,
): Promise<Awaited<ReturnType<typeof checkLane>>["checked"]> => {
  const { lane, checked } = await checkLane(database, expected);
  lanes.set(expected.lane, lane);
  return checked;
};

const runLane = async (number: number, lane: Lane): Promise<void> => {
  for (;;) {
    await runCommand(opened(), lane.next());
    lane.advance();
    const mayGoOn = new Promise<void>((resolve) => {
      waiting.set(number, resolve);
    });
    tell({ kind: "acknowledged", lane: number, done: lane.done() });
    await mayGoOn;
  }
};

const hold: StoragePage["hold"] = async (path) => {
  const worker = new PlainWorker(holderUrl, { type: "module" });
  const answer = new Promise<unknown>((resolve) => {
    worker.onmessage = ({ data }) => {
      resolve(data);
    };
  });
  worker.postMessage(path);
  // What holder.worker.ts answers
  const { isHeld, error } = (await answer) as { isHeld: boolean; error?: string };
  if (!isHeld) throw new Error(`${path.join("/")} can not be held: ${error ?? ""}`);
  return () => {
    worker.terminate();
  };
};

const databases = new Map<string, DistributedDatabase<{ notes: Note }>>();

const databaseOf: StoragePage["database"] = (name) => {
  const database = databases.get(name) ?? createDistributedDb<{ notes: Note }>({ name });
  databases.set(name, database);
  return database;
};

/** 300 bytes of no pattern, so that nothing of them is deflated away. */
const noteAt = (n: number): Note => ({
  ...{ id: `n${String(n).padStart(6, "0")}`, n },
  body: Array.from(createRandom(n).bytes(150), (byte) => byte.toString(16)).join(""),
});

window.storagePage = {
  tamper,
  database: databaseOf,
  insert: async (name, from, to, how) => {
    const notes = databaseOf(name).collection("notes");
    const made = Array.from({ length: to - from }, (_, at) => noteAt(from + at));
    if (how === "batch") await notes.insertBatch(made);
    else for (const note of made) await notes.insert(note);
  },
  find: async (name) => {
    const database = databaseOf(name);
    const notes = await database.collection("notes").find();
    const wrong = notes.find((note) => note.body !== noteAt(note.n).body);
    if (wrong !== undefined) throw new Error(`${wrong.id} reads ${JSON.stringify(wrong)}`);
    return { notes, health: await database.health() };
  },
  close: async (name) => {
    await databaseOf(name).shutdown();
    databases.delete(name);
  },
  useWorker: (kind) => {
    workerUrl = urls[kind];
  },
  killWorkers: async (name) => {
    for (const worker of workers) worker.terminate();
    workers.clear();
    databases.delete(name);
    // The browser takes a moment until what they held is free
    await navigator.locks.request(`nebulusdb ${name}`, () => undefined);
  },
  hold,
  refusal: async (promise) => {
    try {
      await promise;
    } catch (error) {
      if (error instanceof NebulusError) return error.toValue();
      throw error;
    }
    throw new Error("it did not reject");
  },
  openLanes,
  startLanes: (numbers) => {
    for (const number of numbers) {
      const lane = lanes.get(number);
      if (lane === undefined) throw new Error(`lane ${number} was not opened`);
      runLane(number, lane).catch((error: unknown) => {
        // What comes after the closing began is refused
        if (!(isClosing && error instanceof NebulusError && error.code === "Closed")) fail(error);
      });
    }
  },
  goOn: (lane) => {
    waiting.get(lane)?.();
  },
  ...tabOf(() => databaseOf("tabs")),
  freeze: (frozenUntil) => {
    for (const worker of workers) worker.postMessage({ frozenUntil });
  },
  closeLanes: async () => {
    isClosing = true;
    await opened().shutdown();
  },
};
addEventListener("unhandledrejection", ({ reason }) => {
  fail(reason);
});
addEventListener("error", ({ message }) => {
  fail(message);
});
tell({ kind: "loaded" });
