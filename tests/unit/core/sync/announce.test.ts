/** What one side does not share is said once, and believed until it speaks of it again. */
import { expect, test } from "vitest";
import { digestProof } from "../../../../src/core/sync/heads.ts";
import { createDriver, key, localOf, otherScope, outputsOf } from "./sessionDriver.ts";
import { scope, sentOf, transcript, type Driver } from "./sessionDriver.ts";

const statusOf = (driver: Driver) => driver.state().scopes.get(scope)?.status;
const announce = (driver: Driver, revision: number, scopes: readonly (typeof scope)[]) =>
  driver.say({ kind: "collection-announce", revision, scopes });

test("a scope that the peer had spoken of and that goes is announced, another is not", () => {
  const driver = createDriver(["a-3"]);
  driver.feed({ kind: "attached", summary: { ...localOf(["b-1"]), scope: otherScope } });
  expect(driver.feed({ kind: "detached", scope: otherScope })).toEqual([]);
  driver.sayHeads(["a-3"]);
  const said = driver.feed({ kind: "detached", scope });
  expect(sentOf(said, "collection-announce")).toEqual([
    { kind: "collection-announce", revision: 1, scopes: [] },
  ]);
  expect(driver.pass(60)).toEqual([]);
});

test("the claim of equality falls with the peer's share, and nothing is said meanwhile", () => {
  const digest = new Uint8Array(32).fill(1);
  const proof = digestProof(key, transcript, "R", digest);
  const driver = createDriver(["a-3"], { digest });
  driver.sayHeads(["a-3"], { proof });
  expect(statusOf(driver)).toMatchObject({ verified: true });
  expect(outputsOf(announce(driver, 1, []), "status")).toMatchObject([
    { status: { kind: "absent" } },
  ]);
  expect(driver.feed({ kind: "local", summary: localOf(["a-4"]) })).toEqual([]);
  expect(driver.pass(600)).toEqual([]);
  const back = driver.sayHeads(["a-4"], { revision: 2, seen: 0 });
  expect(sentOf(back, "sync-request")).toMatchObject([{ summaries: [{ scope, seen: 2 }] }]);
  expect(statusOf(driver)).toMatchObject({ kind: "synced" });
});

test("only the last announcement counts, and not one that lists the scope", () => {
  const driver = createDriver(["a-3"]);
  driver.sayHeads(["a-3"]);
  announce(driver, 5, [otherScope, scope]);
  announce(driver, 4, []);
  expect(statusOf(driver)).toMatchObject({ kind: "synced" });
  expect(driver.state().counters["announcement-old"]).toBe(1);
});

test("asked to look again, it asks the peer once more", () => {
  const driver = createDriver(["a-3"]);
  announce(driver, 1, []);
  expect(statusOf(driver)).toEqual({ kind: "absent" });
  expect(sentOf(driver.feed({ kind: "ask", scope }), "sync-request")).toHaveLength(1);
  expect(statusOf(driver)).toMatchObject({ kind: "syncing" });
});

test("a peer that names unknown scopes without end is answered within bounds", () => {
  const driver = createDriver(["a-3"]);
  driver.sayHeads(["a-3"]);
  let answers = 0;
  for (let revision = 2; revision < 400; revision++) {
    const said = driver.sayHeads(["x-1"], { scope: otherScope, revision });
    answers += sentOf(said, "collection-announce").length;
  }
  expect(answers).toBeGreaterThan(100);
  expect(answers).toBeLessThanOrEqual(256);
});
