/**
 * Rows about the public types: T-006 (strict, no `any`) and K-010 (a report of the API that a
 * change must change too). After a wanted change: `npx vitest run --project node
 * tests/unit/api/publicTypes.test.ts --update`.
 */
import { expect, expectTypeOf, test } from "vitest";
import { createDistributedDb } from "../../../src/index.node.ts";
import type { ClockOrder, Metadata, Stored } from "../../../src/index.node.ts";
import { compilerOptions, readPublicTypes } from "../../support/publicTypes.ts";

test("T-006 G-005 the compiler is strict", () => {
  expect(compilerOptions()).toMatchObject({
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
  });
});

// One program for all, since the compiler takes its seconds. Only Node has a directory of files,
// and a network without a page.
test("T-006 K-010 the API report: alike in page and Node, and nowhere any", async () => {
  const [page, node] = readPublicTypes(["src/index.ts", "src/index.node.ts"]);
  expect([page?.anys, node?.anys]).toEqual([[], []]);
  const isOfNode = /^(type )?(FileAdapter|(create)?LibP2PNetwork(Options)?)\b/;
  const inNode = node?.report.split("\n").filter((line) => !isOfNode.test(line));
  expect(inNode?.join("\n")).toBe(page?.report);
  await expect(node?.report).toMatchFileSnapshot("./publicTypes.txt");
}, 120_000);

interface User {
  name: string;
  age?: number;
}

test("T-006 T-041 T-178 collections are typed by what they hold", async () => {
  const database = createDistributedDb<{ users: User }>({
    distributed: { enabled: false, networkId: "home", bootstrapPeers: [] },
  });
  const users = database.collection("users");
  const ada = await users.insert({ name: "Ada" });
  expectTypeOf(ada).toEqualTypeOf<Stored<User>>();
  const [shown] = await users.find({}, { meta: true });
  expectTypeOf(shown).toExtend<(Stored<User> & Metadata) | undefined>();
  // The point of this line: the compiler refuses it.
  // @ts-expect-error a field of another type is no user
  const wrong = users.insert({ name: 5 });
  await wrong;
  // The point of this line: the compiler refuses it.
  // @ts-expect-error an option that does not exist
  createDistributedDb({ distributed: { enable: true } }).ready.catch(() => undefined);
  expectTypeOf<ClockOrder>().toEqualTypeOf<"before" | "after" | "concurrent" | "equal">();
  expect(await users.count()).toBe(2);
  await database.shutdown();
});
