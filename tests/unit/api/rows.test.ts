/**
 * Rows of part 1 that are small and stand alone: what the package is outside of this repository's
 * tools, what it does not load, and what callers never see.
 */
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { promisify } from "node:util";
import ts from "typescript";
import { afterEach, expect, test } from "vitest";
import type { Carrier } from "../../../src/core/net/carrier.ts";
import {
  createDistributedDb,
  createMemoryHub,
  InMemoryAdapter,
  resolveConflict,
} from "../../../src/index.node.ts";
import type { DistributedDocument } from "../../../src/index.node.ts";
import { createApiBench } from "../../contract/api/bench.ts";

const root = resolve(import.meta.dirname, "../../..");
const adapter = new InMemoryAdapter();
const bench = createApiBench((options) => createDistributedDb({ ...options, adapter }));
afterEach(() => bench.clean());

/**
 * API.md's program as printed, but for two lines: the network is an open one, since a closed one
 * comes with part 4, and rows are printed as JSON, so that they can be compared.
 */
const program = `
import { createDistributedDb, InMemoryAdapter } from "nebulusdb/distributed"
const db = createDistributedDb({
  adapter: new InMemoryAdapter(), distributed: { enabled: true, networkId: 'home' } })
const networkId = await db.createNetwork({ networkId: 'team-1', name: 'Team', bootstrapPeers: [],
  encryption: { sharedSecret: 'a shared secret of at least 32 bytes' } })
const users = db.collection('users')
await db.addCollectionToNetwork(networkId, 'users')
users.subscribe({}, (rows) => console.log(JSON.stringify(rows)))
await users.insert({ name: 'Ada', email: 'ada@example.org' })
console.log(db.getNetworkManager().getNetworkStats(networkId)?.connectedPeers)
await db.removeCollectionFromNetwork('users')
await db.shutdown()
`;

test("K-001 T-189 API.md's program runs in plain Node, by the package's name", async () => {
  const run = promisify(execFile);
  const parameters = ["--input-type=module", "--eval", program];
  const { stdout } = await run(process.execPath, parameters, { cwd: root });
  const printed = stdout
    .trim()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
  expect(printed).toContain(0);
  const ada: unknown = expect.objectContaining({ name: "Ada", email: "ada@example.org" });
  expect(printed).toContainEqual([ada]);
}, 60_000);

test("T-190 G-104 tests run without IndexedDB", async () => {
  expect("indexedDB" in globalThis).toBe(false);
  const database = bench.open();
  await database.collection("users").insert({ id: "a" });
  expect(await database.collection("users").find()).toEqual([{ id: "a" }]);
  expect((await database.health()).storageMode).toBe("memory");
});

test("T-007 T-180 G-006 switched off, no network is started", async () => {
  const hub = createMemoryHub();
  for (const enabled of [false, true]) {
    let starts = 0;
    const carrier = hub.network();
    const network: Carrier = {
      ...carrier,
      start: (key) => {
        starts += 1;
        return carrier.start(key);
      },
    };
    const database = bench.open({ distributed: { enabled, network } });
    await database.ready;
    await database.collection("users").insert({ id: "a" });
    expect(await database.collection("users").count()).toBe(1);
    await database.shutdown();
    expect(starts).toBe(enabled ? 1 : 0);
  }
});

test.each(["src/index.ts", "src/index.node.ts"])(
  "T-007 T-180 %s loads no network code before it is wanted",
  (entry) => {
    const { files, packages } = loadedWith(entry);
    expect(files).toContain("src/client/database.ts");
    expect(packages.filter((name) => /libp2p|chainsafe|multiformats/.test(name))).toEqual([]);
    expect(files.filter((file) => /^src\/net\/(node|libp2p|bridge|mesh)\./.test(file))).toEqual([]);
  },
);

test("G-118 G-117 find gives living documents in the order of their ids", async () => {
  const users = bench.open().collection("users");
  await users.insertBatch(["d", "b", "é", "a", "Z", "c"].map((id) => ({ id })));
  await users.delete("b");
  await users.update("d", { n: 1 });
  const ids = (await users.find()).map(({ id }) => id);
  expect(ids).toEqual(["Z", "a", "c", "d", "é"]);
  expect((await users.find()).map(({ id }) => id)).toEqual(ids);
});

test("C-40 the database's own collections are never listed, and cannot be named", async () => {
  const database = bench.open();
  await database.collection("users").insert({ id: "a" });
  await database.createNetwork({
    ...{ networkId: "n", name: "N" },
    encryption: { sharedSecret: "a shared secret of at least 32 bytes" },
  });
  await database.addCollectionToNetwork("n", "users");
  expect((await database.collections()).map(({ name }) => name)).toEqual(["users"]);
  expect(database.getNetworkManager().getNetworkCollections("n")).toEqual(["users"]);
  expect(() => database.collection("$collections")).toThrow('must not begin with "$"');
});

test("G-025 counters up to 2^53 - 1 are exact, larger ones are refused", () => {
  const document = (counter: number): DistributedDocument => ({
    ...{ id: "a", _entryType: "MEMORY", _timestamp: 1, _peerId: "p" },
    _vector: { p: counter },
  });
  const largest = Number.MAX_SAFE_INTEGER;
  const joined = resolveConflict(document(largest), document(largest - 1));
  expect(joined._vector).toEqual({ p: 9_007_199_254_740_991 });
  for (const counter of [largest + 1, -1, 0.5]) {
    expect(() => resolveConflict(document(counter), null)).toThrow(
      expect.objectContaining({ code: "InvalidDocument", path: "_vector.p" }),
    );
  }
});

test("K-036 G-029 C-16 a nested payload is a field like any other, in and out", async () => {
  const memory = bench.open().collection("memory");
  const document = { id: "m", payload: { text: "hello", tags: ["a"], entryType: "note" } };
  await memory.insert(document);
  expect(await memory.find({ "payload.text": "hello" })).toEqual([document]);
});

/** Everything that runs when a file is loaded: static imports, without those of types alone. */
const loadedWith = (
  entry: string,
): { readonly files: readonly string[]; readonly packages: readonly string[] } => {
  const files = new Set([entry]);
  const packages = new Set<string>();
  for (const file of files) {
    for (const name of importsOf(readFileSync(join(root, file), "utf8"))) {
      const path = join(root, dirname(file), name);
      if (!name.startsWith(".")) packages.add(name);
      else if (existsSync(path)) files.add(relative(root, path));
    }
  }
  return { files: [...files], packages: [...packages] };
};

const importsOf = (text: string): readonly string[] =>
  ts.createSourceFile("file.ts", text, ts.ScriptTarget.Latest).statements.flatMap((statement) => {
    const isImport = ts.isImportDeclaration(statement);
    if (!isImport && !ts.isExportDeclaration(statement)) return [];
    const isType = isImport
      ? statement.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
      : statement.isTypeOnly;
    const from = statement.moduleSpecifier;
    return isType || from === undefined || !ts.isStringLiteral(from) ? [] : [from.text];
  });
