/**
 * Rounds of: start the writer, kill it after a random number of acknowledged writes, open its
 * database and look whether all that it said is there, whole, and nothing that it never wrote.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { createDistributedDb, FileAdapter } from "../../src/index.node.ts";
import { createRandom } from "../support/random.ts";
import { bodyOf, collectionName, databaseName, type Acknowledged, type Note } from "./notes.ts";

export interface Round {
  readonly directory: string;
  readonly seed: number;
  /** All that was acknowledged in this directory so far; the round adds its own. */
  readonly acknowledged: Map<string, number>;
}

const root = resolve(import.meta.dirname, "../..");

/** Resolves with what is wrong, one line each: nothing. */
export const killRound = async (round: Round): Promise<readonly string[]> => {
  const { directory, seed, acknowledged } = round;
  const errors = await writeAndKill(round);
  if (errors !== "") return [`seed ${String(seed)}: the writer failed: ${errors}`];
  const database = createDistributedDb<{ notes: Note }>({
    name: databaseName,
    adapter: new FileAdapter(directory),
  });
  const wrong: string[] = [];
  const found = new Map<string, number>();
  for await (const { id, version, body } of database.collection(collectionName).iterate()) {
    found.set(id, version);
    if (body !== bodyOf(id, version)) wrong.push(`seed ${String(seed)}: ${id} is torn`);
  }
  for (const [id, version] of acknowledged) {
    const held = found.get(id);
    if (held === undefined) wrong.push(`seed ${String(seed)}: ${id} is lost`);
    // The update that was under way may have taken effect unheard
    else if (held < version || held > version + 1) {
      wrong.push(`seed ${String(seed)}: ${id} stands at ${String(held)}, not ${String(version)}`);
    }
  }
  const { damage } = await database.health();
  wrong.push(...damage.map(({ what }) => `seed ${String(seed)}: damage: ${what}`));
  await database.shutdown();
  // What was in effect unheard stays so
  for (const [id, version] of found) acknowledged.set(id, version);
  return wrong;
};

/** What the writer said on its error output. */
const writeAndKill = async ({ directory, seed, acknowledged }: Round): Promise<string> => {
  const random = createRandom(seed);
  const child = spawn(process.execPath, ["tests/kills/writer.ts", directory, String(seed)], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (text: Buffer) => (errors += text.toString()));
  const closed = once(child, "close");
  let left = 1 + random.integer(60);
  createInterface({ input: child.stdout }).on("line", (line) => {
    // Written by the writer
    for (const [id, version] of (JSON.parse(line) as Acknowledged).notes) {
      acknowledged.set(id, version);
    }
    left -= 1;
    if (left === 0) child.kill("SIGKILL");
  });
  await closed;
  return left > 0 ? errors || "it ended by itself" : errors;
};
