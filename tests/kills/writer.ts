/**
 * A process that writes until it is killed: `node tests/kills/writer.ts DIRECTORY SEED`. Each write
 * is said on its standard output once its promise resolved, one JSON line each.
 */
import { createDistributedDb, FileAdapter } from "../../src/index.node.ts";
import { createRandom } from "../support/random.ts";
import { bodyOf, collectionName, databaseName, type Acknowledged, type Note } from "./notes.ts";

const [directory = "", seed = "0"] = process.argv.slice(2);
const random = createRandom(Number(seed));
const database = createDistributedDb<{ notes: Note }>({
  name: databaseName,
  adapter: new FileAdapter(directory),
});
const notes = database.collection(collectionName);

const say = (acknowledged: Acknowledged): void => {
  process.stdout.write(`${JSON.stringify(acknowledged)}\n`);
};

const makeNote = (): { readonly id: string } & Note => {
  const id = crypto.randomUUID();
  const version = 1;
  return { id, version, body: bodyOf(id, version) };
};

const versions = new Map<string, number>();

const insertOne = async (): Promise<void> => {
  const note = makeNote();
  await notes.insert(note);
  versions.set(note.id, note.version);
  say({ notes: [[note.id, 1]] });
};

const insertSome = async (): Promise<void> => {
  const made = Array.from({ length: 1 + random.integer(40) }, makeNote);
  await notes.insertBatch(made);
  for (const { id, version } of made) versions.set(id, version);
  say({ notes: made.map(({ id }) => [id, 1]) });
};

const updateOne = async (): Promise<void> => {
  if (versions.size === 0) return insertOne();
  const [id, before] = random.pick([...versions]);
  const version = before + 1;
  await notes.update({ id }, { $set: { version, body: bodyOf(id, version) } });
  versions.set(id, version);
  say({ notes: [[id, version]] });
};

const writeOnAndOn = async (kinds: readonly (() => Promise<void>)[]): Promise<never> => {
  for (;;) await random.pick(kinds)();
};

await database.ready;
// Updates by one only: of each note at most one version is under way
await Promise.all([
  writeOnAndOn([insertOne, insertOne, updateOne]),
  writeOnAndOn([insertOne]),
  writeOnAndOn([insertOne, insertSome]),
]);
