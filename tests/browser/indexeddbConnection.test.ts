/**
 * One connection among others on a real IndexedDB: transactions that resolve at complete and leave
 * nothing when they do not, upgrades and deletions that others block or ask for, databases that are
 * not ours.
 */
import { unwrap } from "idb";
import { describe, expect, test } from "vitest";
import { NebulusError } from "../../src/core/base/errors.ts";
import {
  deleteDatabase,
  openConnection,
  type Connection,
  type Layout,
} from "../../src/storage/connection.ts";
import { createIndexedDbAdapter } from "../../src/storage/indexeddb.ts";

const layout = (version: number): Layout => ({
  version,
  upgrade: (database, oldVersion) => {
    if (oldVersion === 0) database.createObjectStore("meta");
  },
});

const open = (name: string): Promise<Connection> => openConnection(indexedDB, name, layout(1));

/** A holder that does not let go: it listens for nothing. */
const openPlain = (name: string, version: number): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    const request = indexedDB.open(name, version);
    request.onupgradeneeded = () => request.result.createObjectStore("meta");
    request.onsuccess = () => {
      resolve(request.result);
    };
    request.onerror = reject;
  });

const put = (connection: Connection, key: string, value: unknown): Promise<unknown> =>
  connection.withWrite({
    tables: ["meta"],
    durability: "strict",
    requests: (transaction) => transaction.objectStore("meta").put(value, key),
  });

const keys = (connection: Connection): Promise<unknown[]> =>
  connection.withRead(["meta"], (transaction) => transaction.objectStore("meta").getAllKeys());

describe("transactions", () => {
  test("a write resolves after complete, when every request has long succeeded", async () => {
    const connection = await open("complete");
    const events: string[] = [];
    await connection.withWrite({
      tables: ["meta"],
      durability: "strict",
      requests: async (transaction) => {
        // Capturing, so that it hears of it before the connection's own listener does
        const listen = (): number => events.push("complete");
        unwrap(transaction).db.addEventListener("complete", listen, { capture: true });
        await transaction.objectStore("meta").put(1, "a");
        events.push("requests");
      },
      committed: () => events.push("committed"),
    });
    events.push("resolved");
    expect(events).toEqual(["requests", "complete", "committed", "resolved"]);
    await connection.close();
  });

  test("one aborted after its requests succeeded rejects, and nothing of it stays", async () => {
    const connection = await open("aborted");
    const refusal = new NebulusError({ code: "Aborted", message: "no", retryable: false });
    let committed = false;
    const refused = connection.withWrite({
      tables: ["meta"],
      durability: "strict",
      requests: async (transaction, refuse) => {
        await transaction.objectStore("meta").put(1, "a");
        refuse(refusal);
      },
      committed: () => (committed = true),
    });
    await expect(refused).rejects.toBe(refusal);
    expect(committed).toBe(false);
    expect(await keys(connection)).toEqual([]);
    await connection.close();
  });

  test("one whose program throws aborts what it had asked for", async () => {
    const connection = await open("thrown");
    const thrown = connection.withWrite({
      tables: ["meta"],
      durability: "strict",
      requests: async (transaction) => {
        await transaction.objectStore("meta").put(1, "a");
        throw new Error("mistake");
      },
    });
    await expect(thrown).rejects.toThrow("mistake");
    await expect(put(connection, "b", () => 1)).rejects.toMatchObject({ code: "StorageFailed" });
    expect(await keys(connection)).toEqual([]);
    await connection.close();
  });

  test("a failed request takes the others with it, and is the reason that is told", async () => {
    const connection = await open("constraint");
    await put(connection, "a", 1);
    const failing = connection.withWrite({
      tables: ["meta"],
      durability: "strict",
      requests: async (transaction) => {
        const table = transaction.objectStore("meta");
        await table.put(1, "b");
        table.add(2, "a").catch(() => undefined);
        // Fails too, but only with an AbortError
        await table.put(3, "c");
      },
    });
    await expect(failing).rejects.toMatchObject({
      code: "StorageFailed",
      outcome: "not committed",
      cause: { name: "ConstraintError" },
    });
    expect(await keys(connection)).toEqual(["a"]);
    await connection.close();
  });
});

describe("other connections", () => {
  test("an upgrade or deletion elsewhere is let through, what was under way included", async () => {
    const connection = await open("upgraded");
    const writing = put(connection, "a", 1);
    const newer = await openConnection(indexedDB, "upgraded", layout(2));
    await writing;
    expect(await keys(newer)).toEqual(["a"]);
    await expect(keys(connection)).rejects.toMatchObject({ code: "Replaced" });
    await expect(put(connection, "b", 1)).rejects.toMatchObject({ code: "Replaced" });
    await deleteDatabase(indexedDB, "upgraded");
    await expect(keys(newer)).rejects.toMatchObject({ code: "Replaced" });
    await Promise.all([connection.close(), newer.close()]);
  });

  test("an upgrade that a holder blocks rejects, and does not happen later", async () => {
    const holder = await openPlain("held", 1);
    const upgrading = openConnection(indexedDB, "held", layout(2));
    await expect(upgrading).rejects.toMatchObject({ code: "AlreadyOpen", retryable: true });
    holder.close();
    const again = await openPlain("held", 1);
    expect(again.version).toBe(1);
    again.close();
    await (await openConnection(indexedDB, "held", layout(2))).close();
  });

  test("a deletion that a holder blocks rejects", async () => {
    const holder = await openPlain("undeleted", 1);
    const deleting = deleteDatabase(indexedDB, "undeleted");
    await expect(deleting).rejects.toMatchObject({ code: "AlreadyOpen", retryable: true });
    holder.close();
    await deleteDatabase(indexedDB, "undeleted");
  });
});

describe("databases that are not ours", () => {
  test("of a newer format are refused as such, and left alone", async () => {
    (await openPlain("newer", 99)).close();
    const opening = createIndexedDbAdapter().open("newer");
    await expect(opening).rejects.toMatchObject({ code: "NewerFormat", retryable: false });
    const plain = await openPlain("newer", 99);
    expect([...plain.objectStoreNames]).toEqual(["meta"]);
    plain.close();
  });

  test("of another program are refused, and let go", async () => {
    (await openPlain("foreign-program", 1)).close();
    const opening = createIndexedDbAdapter().open("foreign-program");
    const message: unknown = expect.stringContaining("Choose another name");
    await expect(opening).rejects.toMatchObject({ code: "StorageFailed", message });
    await deleteDatabase(indexedDB, "foreign-program");
  });

  test("where site data is forbidden, that is said", async () => {
    const forbidden = (): never => {
      throw new DOMException("denied", "SecurityError");
    };
    const factory = {
      open: forbidden,
      deleteDatabase: forbidden,
      cmp: forbidden,
      databases: forbidden,
    };
    const adapter = createIndexedDbAdapter({ indexedDB: factory });
    const message: unknown = expect.stringContaining("Allow site data");
    await expect(adapter.open("a")).rejects.toMatchObject({ code: "StorageFailed", message });
    await expect(adapter.destroy("a")).rejects.toMatchObject({ code: "StorageFailed", message });
  });
});
