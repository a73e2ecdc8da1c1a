/**
 * API cases: transactions. All or nothing, over one consistent state.
 */
import { expect, test } from "vitest";
import type { DistributedDatabase, TransactionCollection } from "../../../src/client/api.ts";
import { expectRejection, rejection, type ApiBench } from "./bench.ts";

interface Account {
  balance: number;
  [field: string]: unknown;
}
interface Accounts {
  accounts: Account;
  log: { text: string };
}

export const transactionCases = (bench: ApiBench): void => {
  const bank = async (): Promise<DistributedDatabase<Accounts>> => {
    const database = bench.open<Accounts>();
    await database.collection("accounts").insertBatch([
      { id: "a", balance: 10 },
      { id: "b", balance: 20 },
    ]);
    return database;
  };
  const balances = async (database: DistributedDatabase<Accounts>): Promise<number[]> =>
    (await database.collection("accounts").find()).map(({ balance }) => balance);

  const move = (database: DistributedDatabase<Accounts>, amount: number): Promise<void> =>
    database.transaction(async (tx) => {
      const accounts = tx.collection("accounts");
      const from = await accounts.get("a");
      if (from === null || from.balance < amount) throw new Error("not enough");
      await accounts.update("a", { $inc: { balance: -amount } });
      await accounts.update("b", { $inc: { balance: amount } });
      await tx.collection("log").insert({ text: `moved ${String(amount)}` });
    });

  test("what a transaction writes is there whole, in every collection", async () => {
    const database = await bank();
    await move(database, 4);
    expect(await balances(database)).toEqual([6, 24]);
    expect(await database.collection("log").count({ text: "moved 4" })).toBe(1);
    expect(await database.transaction(() => "result")).toBe("result");
  });

  test("A-N10 what its function throws ends it, with nothing written", async () => {
    const database = await bank();
    await expect(move(database, 11)).rejects.toThrow("not enough");
    const failing = database.transaction(async (tx) => {
      await tx.collection("accounts").update("a", { $set: { balance: 0 } });
      await tx.collection("accounts").insert({ id: "b", balance: 0 });
    });
    await expectRejection(failing, "DuplicateId", "b");
    expect(await balances(database)).toEqual([10, 20]);
    await move(database, 10);
    expect(await balances(database)).toEqual([0, 30]);
  });

  test("reads see the transaction's own writes, nobody else does", async () => {
    const database = await bank();
    const outside = database.collection("accounts");
    await database.transaction(async (tx) => {
      const accounts = tx.collection("accounts");
      const made = await accounts.insert({ id: "c", balance: 5 });
      expect(await accounts.get("c")).toEqual(made);
      await accounts.update(
        { balance: { $lte: 10 } },
        { $inc: { balance: 100 }, $set: { "x.y": 1 } },
      );
      expect(await accounts.find({ balance: { $gt: 50 } }, { sort: { balance: -1 } })).toEqual([
        { id: "a", balance: 110, x: { y: 1 } },
        { id: "c", balance: 105, x: { y: 1 } },
      ]);
      expect(await accounts.find({}, { sort: { balance: 1 }, offset: 1, limit: 1 })).toMatchObject([
        { id: "c" },
      ]);
      expect(await accounts.delete("b")).toBe(1);
      expect(await accounts.get("b")).toBeNull();
      expect(await accounts.getMany(["a", "b", "c"])).toHaveLength(2);
      expect(await accounts.count()).toBe(2);
      expect(await accounts.findOne({ balance: 20 })).toBeNull();
      await accounts.upsert({ id: "a", balance: 1 });
      expect(await accounts.get("a")).toEqual({ id: "a", balance: 1 });
      expect(await accounts.insert({ id: "b", balance: 2 })).toEqual({ id: "b", balance: 2 });
      expect(await outside.get("a")).toEqual({ id: "a", balance: 10 });
      expect(await outside.get("c")).toBeNull();
    });
    expect(await outside.find()).toEqual([
      { id: "a", balance: 1 },
      { id: "b", balance: 2 },
      { id: "c", balance: 105, x: { y: 1 } },
    ]);
  });

  test("changing what a transaction read changes nothing", async () => {
    const database = await bank();
    await database.transaction(async (tx) => {
      const accounts = tx.collection("accounts");
      const stored = await accounts.upsert({ id: "a", balance: 1, list: [1] });
      stored.balance = 99;
      const read = await accounts.get("a");
      if (read !== null) read.balance = 98;
      expect(await accounts.get("a")).toEqual({ id: "a", balance: 1, list: [1] });
    });
    expect(await balances(database)).toEqual([1, 20]);
  });

  const spoils: readonly (readonly [
    what: string,
    read: (accounts: TransactionCollection<Account>) => Promise<unknown>,
    spoil: (database: DistributedDatabase<Accounts>) => Promise<unknown>,
  ])[] = [
    [
      "a document that it read",
      (accounts) => accounts.get("a"),
      (database) => database.collection("accounts").update("a", { $inc: { balance: 1 } }),
    ],
    [
      "a document that it missed",
      (accounts) => accounts.get("new"),
      (database) => database.collection("accounts").insert({ id: "new", balance: 1 }),
    ],
    [
      "what its query found",
      (accounts) => accounts.find({ balance: 20 }),
      (database) => database.collection("accounts").delete("b"),
    ],
    [
      "what its query would find now",
      (accounts) => accounts.count({ balance: { $gt: 50 } }),
      (database) => database.collection("accounts").insert({ balance: 60 }),
    ],
  ];
  test.each(spoils)("A-N10 it runs again when somebody changes %s", async (_what, read, spoil) => {
    const database = await bank();
    let runs = 0;
    await database.transaction(async (tx) => {
      runs += 1;
      await read(tx.collection("accounts"));
      if (runs === 1) await spoil(database);
      await tx.collection("log").insert({ text: `run ${String(runs)}` });
    });
    expect(runs).toBe(2);
    expect((await database.collection("log").find()).map(({ text }) => text)).toEqual(["run 2"]);
  });

  test("other documents may change meanwhile", async () => {
    const database = await bank();
    let runs = 0;
    await database.transaction(async (tx) => {
      runs += 1;
      await tx.collection("accounts").find({ balance: { $lt: 15 } });
      await database.collection("accounts").update("b", { $inc: { balance: 1 } });
      await tx.collection("accounts").update("a", { $set: { balance: 0 } });
    });
    expect(runs).toBe(1);
    expect(await balances(database)).toEqual([0, 21]);
  });

  test("one function never reads two states, even where it catches the conflict", async () => {
    const database = await bank();
    const seen: (number | undefined)[][] = [];
    await database.transaction(async (tx) => {
      const accounts = tx.collection("accounts");
      const first = await accounts.get("a");
      if (seen.length === 0) {
        await database.collection("accounts").update({}, { $inc: { balance: 1 } });
      }
      const second = await accounts.get("b").catch(() => null);
      seen.push([first?.balance, second?.balance]);
    });
    expect(seen).toEqual([
      [10, undefined],
      [11, 21],
    ]);
  });

  test("after five runs it gives up with TransactionConflict", async () => {
    const database = await bank();
    let runs = 0;
    const hopeless = database.transaction(async (tx) => {
      runs += 1;
      await tx.collection("accounts").get("a");
      await database.collection("accounts").update("a", { $inc: { balance: 1 } });
      await tx.collection("accounts").update("a", { $set: { balance: -1 } });
    });
    const error = await rejection(hopeless);
    expect(error).toMatchObject({
      code: "TransactionConflict",
      retryable: true,
      outcome: "not committed",
    });
    expect(runs).toBe(5);
    expect(await balances(database)).toEqual([15, 20]);
  });

  test("thirty transactions at once on the same documents all take effect", async () => {
    const database = await bank();
    await Promise.all(
      Array.from({ length: 30 }, () =>
        database.transaction(async (tx) => {
          const accounts = tx.collection("accounts");
          const [a, b] = await accounts.getMany(["a", "b"]);
          await accounts.update("a", { $set: { balance: (a?.balance ?? 0) - 1 } });
          await accounts.update("b", { $set: { balance: (b?.balance ?? 0) + 1 } });
        }),
      ),
    );
    expect(await balances(database)).toEqual([-20, 50]);
  });

  test("more writes than a transaction holds are TransactionTooLarge", async () => {
    const database = await bank();
    const many = database.transaction(async (tx) => {
      const log = tx.collection("log");
      for (let at = 0; at < 4_097; at++) await log.insert({ text: String(at) });
    });
    await expectRejection(many, "TransactionTooLarge", "log");
    const large = database.transaction(async (tx) => {
      const log = tx.collection("log");
      for (let at = 0; at < 3; at++) await log.insert({ text: "x".repeat(500_000) });
    });
    await expectRejection(large, "TransactionTooLarge", "log");
    expect(await database.collection("log").count()).toBe(0);
  });

  test("what a transaction's function left running is refused", async () => {
    const database = await bank();
    const late = await database.transaction((tx) => {
      const accounts = tx.collection("accounts");
      return () => accounts.insert({ balance: 1 });
    });
    await expectRejection(late(), "InvalidArgument");
    expect(await balances(database)).toEqual([10, 20]);
  });

  test("an aborted transaction is not committed", async () => {
    const database = await bank();
    const controller = new AbortController();
    const aborted = database.transaction(
      async (tx) => {
        await tx.collection("accounts").delete("a");
        controller.abort();
        await tx.collection("accounts").delete("b");
      },
      { signal: controller.signal },
    );
    expect(await rejection(aborted)).toMatchObject({ code: "Aborted", outcome: "not committed" });
    expect(await balances(database)).toEqual([10, 20]);
  });
};
