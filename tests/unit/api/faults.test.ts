/**
 * A disk that fails under the API, beside what `storageFaults.test.ts` tries: errors of other kinds
 * and at other moments, and who is not told of what was taken back.
 */
import { afterEach, expect, test } from "vitest";
import { NebulusError } from "../../../src/core/base/errors.ts";
import type { DistributedDatabase } from "../../../src/client/api.ts";
import { createDistributedDb, InMemoryAdapter } from "../../../src/index.node.ts";
import type { StoreOperation } from "../../../src/storage/memory.ts";
import { Told } from "../../contract/api/live.ts";
import { expectRejection, rejection } from "../../contract/api/bench.ts";

type Operation = Pick<StoreOperation, "kind" | "phase">;

/** A disk that fails when it is told to. */
class Disk {
  #failing: { readonly operation: Operation; readonly error: Error; left: number } | null = null;
  readonly adapter = new InMemoryAdapter({
    fault: (operation) => {
      const failing = this.#failing;
      const isMeant =
        failing?.operation.kind === operation.kind && failing.operation.phase === operation.phase;
      if (!isMeant || failing.left === 0) return;
      failing.left -= 1;
      throw failing.error;
    },
  });

  fail(operation: Operation, error: Error, times = 1): void {
    this.#failing = { operation, error, left: times };
  }
}

const opened: DistributedDatabase[] = [];
afterEach(async () => {
  for (const database of opened.splice(0)) await database.shutdown().catch(() => undefined);
});

const open = (disk: Disk): DistributedDatabase => {
  const database = createDistributedDb({ adapter: disk.adapter });
  opened.push(database);
  return database;
};

const stored = async (disk: Disk): Promise<DistributedDatabase> => {
  const database = open(disk);
  await database.collection("users").insert({ id: "a", n: 1 });
  return database;
};

const before: Operation = { kind: "appendJournal", phase: "before" };
const after: Operation = { kind: "appendJournal", phase: "after" };
const quotaExceeded = new NebulusError({
  code: "QuotaExceeded",
  message: "the disk is full",
  retryable: true,
});

test("A-N11 an error that is none of ours (no permission) is StorageFailed", async () => {
  const disk = new Disk();
  const users = (await stored(disk)).collection("users");
  disk.fail(before, new Error("permission denied"));
  const error = await rejection(users.insert({ id: "b" }));
  expect(error).toMatchObject({ code: "StorageFailed", outcome: "not committed" });
  expect(await users.count()).toBe(1);
});

test("a failure after the write took effect is no failure", async () => {
  const disk = new Disk();
  const users = (await stored(disk)).collection("users");
  disk.fail(after, quotaExceeded);
  await users.insert({ id: "b" });
  expect(await users.count()).toBe(2);
});

test("what was taken back is never shown to subscribers", async () => {
  const disk = new Disk();
  const users = (await stored(disk)).collection("users");
  const told = new Told<readonly { id: string }[]>();
  users.subscribe({}, told.note);
  await told.nth(1);
  disk.fail(before, quotaExceeded);
  await rejection(users.insert({ id: "b" }));
  await users.insert({ id: "c" });
  await told.nth(2);
  const shown = told.all.flatMap((rows) => rows.map(({ id }) => id));
  expect(new Set(shown)).toEqual(new Set(["a", "c"]));
});

test("a database that was replaced says so: every write rejects, nothing is lost", async () => {
  const disk = new Disk();
  const first = await stored(disk);
  const second = open(disk);
  await second.ready;
  await expectRejection(first.collection("users").insert({ id: "b" }), "Replaced");
  expect(await second.collection("users").find()).toEqual([{ id: "a", n: 1 }]);
  await second.collection("users").insert({ id: "c" });
  expect(await second.collection("users").count()).toBe(2);
});
