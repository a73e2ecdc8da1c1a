/**
 * Lanes run and checked against the database of the page: a lane's documents must be those after as
 * many of its commands as were acknowledged, or after one more, whose answer nobody heard.
 */
import type { DistributedDatabase } from "../../../src/index.ts";
import type { LaneChecked, LaneExpected } from "./protocol.ts";
import { collectionOf, createLane } from "./workload.ts";
import type { Lane, LaneCommand, LaneDocument } from "./workload.ts";

export interface CheckedLane {
  readonly lane: Lane;
  readonly checked: LaneChecked;
}

/** Stands the lane where the database is, if that is a place where it may be. */
export const checkLane = async (
  database: DistributedDatabase,
  { acknowledged, ...options }: LaneExpected,
): Promise<CheckedLane> => {
  const lane = createLane(options);
  while (lane.done() < acknowledged) lane.advance();
  const found = await laneDocuments(database, options.lane);
  const differences = differencesOf(lane.documents, found);
  if (differences.length > 0) lane.advance();
  const isOneMore = differences.length > 0 && differencesOf(lane.documents, found).length === 0;
  const problems = isOneMore ? [] : differences.slice(0, differencesTold);
  return {
    lane,
    checked: { lane: options.lane, done: lane.done(), documents: found.size, problems },
  };
};

export const runCommand = async (
  database: DistributedDatabase,
  command: LaneCommand,
): Promise<void> => {
  const notes = database.collection("notes");
  switch (command.kind) {
    case "insert":
      await notes.insert(command.document);
      return;
    case "bulk":
      await notes.insertBatch(command.documents);
      return;
    case "make-pair":
      await database.transaction(async (transaction) => {
        for (const document of command.documents) {
          await transaction.collection(collectionOf(document)).insert(document);
        }
      });
      return;
    case "count":
      await notes.update(command.id, { $inc: { count: 1 } });
      return;
    case "count-pair":
      await database.transaction(async (transaction) => {
        for (const [at, id] of command.ids.entries()) {
          const collection = transaction.collection(at === 0 ? "notes" : "others");
          await collection.update(id, { $inc: { count: 1 } });
        }
      });
      return;
    case "mark":
      await notes.updateBatch(
        command.ids.map((where) => ({ where, update: { mark: command.mark } })),
      );
      return;
    case "delete":
      await notes.delete(command.id);
      return;
  }
};

const differencesTold = 5;

const laneDocuments = async (
  database: DistributedDatabase,
  lane: number,
): Promise<ReadonlyMap<string, unknown>> => {
  const found = new Map<string, unknown>();
  for (const name of ["notes", "others"]) {
    for (const document of await database.collection(name).find({ lane })) {
      found.set(document.id, document);
    }
  }
  return found;
};

const differencesOf = (
  expected: ReadonlyMap<string, LaneDocument>,
  found: ReadonlyMap<string, unknown>,
): readonly string[] => {
  const differences: string[] = [];
  for (const [id, document] of expected) {
    const other = found.get(id);
    if (other === undefined) differences.push(`${id} is missing`);
    else if (textOf(other) !== textOf(document)) {
      differences.push(`${id} is ${textOf(other)} instead of ${textOf(document)}`);
    }
  }
  for (const id of found.keys()) if (!expected.has(id)) differences.push(`${id} should not be`);
  return differences;
};

/** Whatever the order of its fields. */
const textOf = (value: unknown): string => JSON.stringify(value, sorted);

const sorted = (_: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;
