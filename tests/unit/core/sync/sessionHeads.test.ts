/** What a session says of heads, and when: summaries, tips, and what it claims by them. */
import { expect, test } from "vitest";
import { digestProof } from "../../../../src/core/sync/heads.ts";
import {
  countOf,
  createDriver,
  cutOf,
  key,
  localOf,
  outputsOf,
  scope,
  sentOf,
  statusOf,
  transcript,
} from "./sessionDriver.ts";

test("equal heads and digests are verified as soon as the peer was told, then silence", () => {
  const digest = new Uint8Array(32).fill(1);
  const driver = createDriver(["a-3"], { digest });
  const proof = digestProof(key, transcript, "R", digest);
  expect(statusOf(driver)).toEqual({ kind: "syncing", ops: 0 });
  driver.sayHeads(["a-3"], { proof });
  expect(statusOf(driver)).toEqual({ kind: "synced", verified: true, unread: 0 });
  expect(driver.pass(600)).toEqual([]);
  // Both say at a time what a third brought them: neither answers
  const told = driver.feed({ kind: "local", summary: localOf(["a-4"], digest) });
  expect(sentOf(told, "sync-request")).toMatchObject([{ summaries: [{ reply: true }] }]);
  const crossed = driver.sayHeads(["a-4"], { proof, seen: 1, reply: true });
  expect(sentOf(crossed, "sync-request")).toEqual([]);
  expect(statusOf(driver)).toEqual({ kind: "synced", verified: true, unread: 0 });
  expect(driver.pass(600)).toEqual([]);
});

test("what comes from the peer is told once all of it is taken in, however many pieces", () => {
  const driver = createDriver(["a-1"]);
  driver.sayHeads(["a-1"]);
  const pieces = [2, 3, 4].map((n) => ({ n, bytes: new Uint8Array(10 + n) }));
  let position = 0;
  for (const { bytes } of pieces) {
    const said = driver.say({
      ...{ kind: "operation", request: null, position, scope, segments: [bytes], end: false },
    });
    expect(outputsOf(said, "deliver").length).toBe(1);
    position += bytes.length;
  }
  const summaries = pieces.map(({ n, bytes }) => {
    driver.feed({ kind: "cut", segment: { ...cutOf(`a-${n}`, `a-${n - 1}`), held: true } });
    const told = driver.feed({ kind: "local", summary: localOf([`a-${n}`]) });
    const end = driver.feed({ kind: "delivered", request: null, bytes: bytes.length });
    return sentOf([...told, ...end], "sync-request").length;
  });
  expect(summaries).toEqual([0, 0, 1]);
});

test("while a summary is not answered, what changes gathers for the next", () => {
  const driver = createDriver(["own-1"]);
  driver.sayHeads(["own-1"]);
  const write = (n: number) => {
    driver.feed({ kind: "cut", segment: cutOf(`own-${n}`, `own-${n - 1}`) });
    const told = driver.feed({ kind: "local", summary: localOf([`own-${n}`]) });
    return sentOf(told, "sync-request").length;
  };
  expect([write(2), write(3), write(4)]).toEqual([1, 0, 0]);
  expect(sentOf(driver.sayHeads(["own-2"]), "sync-request").length).toBe(1);
  expect([write(5), write(6)]).toEqual([0, 0]);
  // Answered or not
  expect(sentOf(driver.pass(1), "sync-request").length).toBe(1);
});

test("what a third brought is told with the next tick, since it brings it to the peer, too", () => {
  const driver = createDriver(["a-1"]);
  driver.sayHeads(["a-1"]);
  driver.feed({ kind: "cut", segment: cutOf("a-2", "a-1") });
  const told = driver.feed({ kind: "local", summary: localOf(["a-2"]) });
  expect(sentOf(told, "sync-request")).toEqual([]);
  expect(sentOf(driver.pass(1), "sync-request").length).toBe(1);
  expect(sentOf(driver.sayHeads(["a-2"]), "sync-request")).toEqual([]);
});

test("my own proof said back to me, and another's digest, verify nothing", () => {
  const digest = new Uint8Array(32).fill(1);
  for (const proof of [
    digestProof(key, transcript, "I", digest),
    digestProof(key, transcript, "R", new Uint8Array(32)),
    digestProof(key, new Uint8Array(32), "R", digest),
  ]) {
    const driver = createDriver(["a-3"], { digest });
    const outputs = driver.sayHeads(["a-3"], { proof });
    expect(outputsOf(outputs, "status").at(-1)?.status).toEqual({ kind: "mismatch" });
  }
});

test("a claim falls with the first change on either side", () => {
  const digest = new Uint8Array(32).fill(1);
  const proof = digestProof(key, transcript, "R", digest);
  const mine = createDriver(["a-3"], { digest });
  mine.sayHeads(["a-3"], { proof });
  expect(statusOf(mine)).toMatchObject({ verified: true });
  const changed = mine.feed({ kind: "local", summary: localOf(["a-4"], digest) });
  expect(outputsOf(changed, "status")).toMatchObject([{ status: { kind: "syncing" } }]);
  const theirs = createDriver(["a-3"], { digest });
  theirs.sayHeads(["a-3"], { proof });
  expect(outputsOf(theirs.sayHeads(["a-9"]), "status")).toMatchObject([
    { status: { kind: "syncing" } },
  ]);
  theirs.sayHeads(["a-3"], { revision: 1, proof });
  expect(statusOf(theirs)).toMatchObject({ kind: "syncing" });
  expect(countOf(theirs, "summary-old")).toBe(1);
});

test("another state is told at once, and claimed of the peer once it has seen mine", () => {
  const [one, other] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  const driver = createDriver(["a-3"], { digest: one });
  const proof = digestProof(key, transcript, "R", one);
  driver.sayHeads(["a-3"], { proof, seen: 0, reply: true });
  driver.sayHeads(["a-3"], { proof, reply: true });
  // What was said last asked for no answer, so that none is waited for
  const told = driver.feed({ kind: "local", summary: localOf(["a-3"], other) });
  expect(sentOf(told, "sync-request")).toMatchObject([{ summaries: [{ reply: true }] }]);
  expect(statusOf(driver)).toEqual({ kind: "syncing", ops: 0 });
  driver.sayHeads(["a-3"], { proof });
  expect(statusOf(driver)).toEqual({ kind: "mismatch" });
});

test("tips that overtook their summary are not forgotten for an older one", () => {
  const driver = createDriver(["a-3"]);
  driver.sayTips(["a-9"], 7);
  driver.sayHeads(["a-3"], { revision: 5 });
  expect(statusOf(driver)).toEqual({ kind: "syncing", ops: 6 });
  expect(driver.state().scopes.get(scope)?.peerTips?.revision).toBe(7);
});

test("a summary is said again, ever later, until it is seen; tips likewise", () => {
  const driver = createDriver(["a-3"]);
  const said = driver.pass(120);
  // after 5, 10, 20, 40 s: 75 s; then after 60.
  expect(sentOf(said, "sync-request").length).toBe(4);
  driver.sayHeads(["b-1"]);
  expect(sentOf(driver.pass(40), "sync-response").length).toBe(3);
  driver.sayHeads(["b-1"], { revision: 1, seenTips: 1 });
  expect(sentOf(driver.pass(40), "sync-response").length).toBe(0);
});

test("tips are told at the beginning, then to who has seen what I said and lacks some", () => {
  const driver = createDriver(["own-1"]);
  expect(sentOf(driver.sayHeads([]), "sync-response").length).toBe(1);
  let tips = 0;
  for (let n = 2; n < 12; n++) {
    const told = driver.feed({ kind: "local", summary: localOf([`own-${n}`]) });
    tips += sentOf(told, "sync-response").length;
  }
  expect(tips).toBe(0);
  expect(sentOf(driver.pass(2), "sync-response")).toEqual([]);
  // It has seen an older one, or holds what that said
  expect(sentOf(driver.sayHeads([], { seen: 1 }), "sync-response")).toEqual([]);
  expect(sentOf(driver.sayHeads(["own-11"]), "sync-response")).toEqual([]);
  const lacking = driver.sayHeads(["own-9"]);
  expect(sentOf(lacking, "sync-response")).toMatchObject([{ tips: [{ n: 11 }] }]);
  driver.feed({ kind: "local", summary: localOf(["own-12"]) });
  driver.pass(1);
  driver.sayHeads(["own-9"]);
  // No more than once a second
  driver.feed({ kind: "local", summary: localOf(["own-13"]) });
  expect(sentOf(driver.sayHeads(["own-9"]), "sync-response")).toEqual([]);
});
