/**
 * What must hold of a database whose disk has failed: it shows what was acknowledged, its log says
 * so too, and no number ever stood for two ops.
 */
import { bytesToHex } from "../../src/core/base/bytes.ts";
import { decodeCommit, type Commit } from "../../src/core/journal/record.ts";
import { isAlive } from "../../src/core/doc/state.ts";
import { rowToDocument } from "../../src/core/wire/rows.ts";
import type { Collection } from "../../src/engine/collections.ts";
import { findRows } from "../../src/engine/query.ts";
import type { JournalRecord } from "../../src/storage/store.ts";
import { isHeld, opName, readEngineLog } from "../sim/engineLog.ts";
import { createOracle } from "../sim/oracle.ts";
import { loadPages } from "../support/loadPages.ts";
import { stableText } from "../support/model.ts";
import { createNodeCrypto } from "../support/nodeCrypto.ts";
import { createRandom } from "../support/random.ts";
import { findOf } from "../unit/engine/world.ts";
import type { Machine, Running } from "./machine.ts";
import { expectedAfter, type Command, type Expected, type ExpectedState } from "./workload.ts";

/** What was told of commits, and which bytes each number stood for. */
export interface Ledger {
  readonly appended: (records: readonly JournalRecord[]) => void;
  readonly note: (name: string, bytes: string) => void;
  /** Commits that the store said it holds. */
  readonly commits: () => readonly Commit[];
  /** Numbers that were used twice for different ops. */
  readonly conflicts: () => readonly string[];
  readonly copy: () => Ledger;
}

export const createLedger = (
  held: readonly Commit[] = [],
  known: ReadonlyMap<string, string> = new Map(),
): Ledger => {
  const commits = [...held];
  const bytesOf = new Map(known);
  const conflicts: string[] = [];
  const note = (name: string, bytes: string): void => {
    const before = bytesOf.get(name);
    if (before !== undefined && before !== bytes) conflicts.push(`${name} was used twice`);
    bytesOf.set(name, bytes);
  };
  return {
    appended(records) {
      for (const commit of commitsIn(records)) {
        commits.push(commit);
        for (const { scope, writer, first, ops } of commit.parts) {
          ops.forEach((bytes, index) => {
            note(opName(scope, writer, first + index), bytesToHex(bytes));
          });
        }
      }
    },
    note,
    commits: () => commits,
    conflicts: () => conflicts,
    copy: () => createLedger(commits, bytesOf),
  };
};

const commitsIn = (records: readonly JournalRecord[]): readonly Commit[] =>
  records.map(({ payload }) => {
    const commit = decodeCommit(payload);
    if (!commit.ok) throw new Error("this device's own commits can be read");
    return commit.value;
  });

/** What a reader sees, as one text. */
export const shownBy = ({ opened: { engine } }: Running): Promise<string> =>
  engine.reading(() =>
    stableText(
      engine.registry
        .infos()
        .map(({ name, networkId, documents }) => [
          name,
          networkId !== null,
          documents,
          findRows(engine.registry.readable(name), findOf(name, {})).map(rowToDocument),
        ])
        .sort(byName),
    ),
  );

export const expectedText = (state: ExpectedState): string =>
  stableText(
    [...state]
      .map(([name, { documents, isAttached }]) => [
        ...[name, isAttached, documents.size],
        [...documents].sort(byName).map(([, document]) => document),
      ])
      .sort(byName),
  );

const byName = ([a]: readonly unknown[], [b]: readonly unknown[]): number =>
  String(a) < String(b) ? -1 : 1;

/** All that is wrong, whatever shows. */
export const faultsOf = async (
  machine: Machine,
  running: Running,
  ledger: Ledger,
): Promise<readonly string[]> => {
  const { engine } = running.opened;
  const crypto = createNodeCrypto(createRandom(1));
  const oracle = createOracle(crypto);
  // What is cut or written to pages meanwhile would be seen twice or not at all
  await machine.settle();
  await loadPages(engine);
  const image = { segments: machine.segments() };
  const damage = [...running.store.damage(), ...engine.damage];
  const problems = damage.map(({ where, key, reason }) => `${where} ${key}: ${reason}`);
  const { rolledBack } = running.store.opening;
  if (rolledBack !== null) problems.push(`the ${rolledBack} are taken for rolled back`);
  for (const home of engine.registry.homes()) {
    const difference = await oracle.compare(home, image, machine.now());
    if (difference !== null) problems.push(`${home.collection}: ${difference}`);
  }
  const log = await readEngineLog(engine, image, { oracle, crypto });
  for (const [name, all] of log.opBytes) for (const bytes of all) ledger.note(name, bytes);
  for (const commit of ledger.commits()) {
    if (!isHeld(log, commit)) problems.push(`ops of "${commit.commandId}" are lost`);
  }
  return [...problems, ...ledger.conflicts()];
};

/** Documents that are where they must not be; every commit's moves are done. */
export const misplaced = (
  { opened: { engine } }: Running,
  commands: readonly Command[],
): Promise<readonly string[]> => {
  const expected = [...expectedAfter(commands)];
  return engine.reading(() =>
    expected.flatMap(([name, documents]) => {
      const collection = engine.registry.find(name);
      return collection === null ? [`${name} is not known`] : misplacedIn(collection, documents);
    }),
  );
};

const misplacedIn = (
  { name, local, shared, attached }: Collection,
  { documents, privateIds }: Expected,
): readonly string[] =>
  [...documents.keys()].flatMap((id) => {
    const isHere = isAlive(local.documents.get(id));
    const isThere = shared !== null && isAlive(shared.documents.get(id));
    if (isHere && isThere) return [`${name}/${id} lives twice`];
    if (isThere && privateIds.has(id)) return [`${name}/${id} is private and was shared`];
    if (isHere && attached && !privateIds.has(id)) return [`${name}/${id} stayed behind`];
    return [];
  });
