/**
 * Who may work in a folder of Node: one process at a time, whatever became of the one before.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { folderName } from "../../../src/storage/file/folderName.ts";
import { FileHeld } from "../../../src/storage/files.ts";
import { FileAdapter } from "../../../src/storage/nodeAdapter.ts";
import { createNodeFiles } from "../../../src/storage/nodeFiles.ts";

const root = resolve(import.meta.dirname, "../../..");
const directory = mkdtempSync(join(tmpdir(), "nebulus-locks-"));
afterAll(() => {
  rmSync(directory, { recursive: true });
});

let made = 0;
const newDirectory = (): string => join(directory, String(made++));

describe("between processes", () => {
  test("a database that another one holds is AlreadyOpen, until that one is gone", async () => {
    const place = newDirectory();
    const holder = spawn(process.execPath, ["tests/support/holdDatabase.ts", place, "held"], {
      cwd: root,
      stdio: ["pipe", "pipe", "inherit"],
    });
    const gone = once(holder, "close");
    await once(holder.stdout, "data");
    const adapter = new FileAdapter(place);
    const refused = { code: "AlreadyOpen", retryable: true };
    await expect(adapter.open("held")).rejects.toMatchObject(refused);
    await expect(adapter.destroy("held")).rejects.toMatchObject(refused);
    const other = await adapter.open("other");
    await other.close();
    holder.kill("SIGKILL");
    await gone;
    const store = await adapter.open("held");
    expect((await store.meta()).get("held")).toEqual(Uint8Array.of(1));
    await store.close();
    await adapter.destroy("held");
    expect(readdirSync(place)).toEqual(["db-other"]);
  }, 60_000);
});

describe("a lock that was left behind", () => {
  const lockOf = (place: string): string => join(place, ".lock");
  const openWith = async (lock: string): Promise<readonly string[]> => {
    const place = newDirectory();
    mkdirSync(place);
    writeFileSync(lockOf(place), lock);
    const handle = await createNodeFiles(place).open("a");
    const names = readdirSync(place);
    handle.close();
    expect(readdirSync(place)).toEqual(["a"]);
    return names;
  };

  test("by a process that is gone is taken over", async () => {
    // No system gives so high a number
    expect(await openWith(`${hostname()}\n${String(2 ** 30)}\n1\n`)).toEqual([".lock", "a"]);
  });

  test("by a process whose number another has by now is taken over", async () => {
    expect(await openWith(`${hostname()}\n${String(process.pid)}\n1\n`)).toEqual([".lock", "a"]);
  });

  test.each([
    ["of this process", ""],
    ["of another host", "elsewhere"],
  ])("%s is respected", async (_title, host) => {
    const place = newDirectory();
    const first = createNodeFiles(place);
    const handle = await first.open("a");
    const own = readFileSync(lockOf(place), "utf8");
    handle.close();
    writeFileSync(lockOf(place), host === "" ? own : `${host}\n${String(2 ** 30)}\n1\n`);
    await expect(first.open("a")).rejects.toBeInstanceOf(FileHeld);
    await expect(first.remove("a")).rejects.toBeInstanceOf(FileHeld);
    expect(await first.read("a", 0, 1)).toEqual(new Uint8Array());
  });

  test("that somebody else took from us ends our writing", async () => {
    const place = newDirectory();
    const store = await new FileAdapter(place).open("taken");
    await store.write({ meta: new Map([["a", Uint8Array.of(1)]]) });
    const lock = lockOf(join(place, folderName("taken")));
    rmSync(lock);
    writeFileSync(lock, `${hostname()}\n1\n1\n`);
    const replaced = { code: "Replaced", outcome: "not committed" };
    await expect(store.write({ meta: new Map([["a", null]]) })).rejects.toMatchObject(replaced);
    const record = { sequence: 1, payload: new Uint8Array() };
    await expect(store.appendJournal([record], "strict")).rejects.toMatchObject(replaced);
    expect((await store.meta()).get("a")).toEqual(Uint8Array.of(1));
    expect(readFileSync(lock, "utf8")).toBe(`${hostname()}\n1\n1\n`);
  });
});

describe("names of databases", () => {
  test("become names of folders, one to one, whatever the file system makes of capitals", () => {
    const names = ["a", "A", "_a", "a b", "a/b", "..", "ä", "", "_41", "A".repeat(300), "日本"];
    const folders = names.map(folderName);
    expect(new Set(folders.map((name) => name.toLowerCase())).size).toBe(names.length);
    for (const folder of folders) expect(folder).toMatch(/^db-[a-z0-9_-]{0,160}$/);
    expect(folderName("a-1 B")).toBe("db-a-1_20_42");
    expect(folderName("x".repeat(200))).not.toBe(folderName("x".repeat(201)));
  });

  test("with a lone surrogate are refused", async () => {
    const opening = new FileAdapter(newDirectory()).open("\ud800");
    await expect(opening).rejects.toMatchObject({ code: "InvalidArgument", path: "name" });
  });
});

test("two adapters on one directory know of each other", async () => {
  const place = newDirectory();
  const before = await new FileAdapter(place).open("shared");
  const after = await new FileAdapter(join(place, "..", String(made - 1))).open("shared");
  await expect(before.write({})).rejects.toMatchObject({ code: "Replaced" });
  await after.write({});
  await after.close();
});
