/** What a session says, asks and claims, input by input. */
import { expect, test } from "vitest";
import { digestProof } from "../../../../src/core/sync/heads.ts";
import type { SessionInput } from "../../../../src/core/sync/sessionState.ts";
import { claimedTips } from "../../../../src/core/sync/session.ts";
import {
  countOf,
  createDriver,
  cutOf,
  headerNamed,
  key,
  localOf,
  otherScope,
  outputsOf,
  own,
  scope,
  sentOf,
  statusOf,
  transcript,
  writerNamed,
  type Driver,
  type Sent,
} from "./sessionDriver.ts";

test("nothing is said of scopes that are not attached", () => {
  const driver = createDriver(["a-3"]);
  driver.sayHeads(["a-3"]);
  const summary = { scope: otherScope, revision: 9, reply: true };
  // But what is attached: the peer need not wait for an answer
  expect(driver.sayHeads(["x-1"], summary)).toEqual([
    { kind: "send", message: { kind: "collection-announce", revision: 1, scopes: [scope] } },
  ]);
  const tips = [{ writer: writerNamed("x"), n: 1, hash: headerNamed("x-1") }];
  expect(driver.say({ kind: "sync-response", scope: otherScope, revision: 1, tips })).toEqual([]);
  const range = { writer: writerNamed("a"), tip: headerNamed("a-3"), have: [] };
  const want = { kind: "want", request: 1, total: 1_000 } as const;
  const ofOther = driver.say({ ...want, ranges: [{ ...range, scope: otherScope }] });
  const notHeld = { ...range, scope, tip: headerNamed("a-8") };
  const ofNothing = driver.say({ ...want, request: 2, ranges: [notHeld] });
  const end = { request: 0, scope: "" };
  expect(sentOf(ofOther, "operation").map((sent) => ({ ...sent, ...end }))).toEqual(
    sentOf(ofNothing, "operation").map((sent) => ({ ...sent, ...end })),
  );
  expect(countOf(driver, "scope-unknown")).toBe(3);
});

test("missing tips are asked for, but not what others fetch", () => {
  const driver = createDriver(["a-3"]);
  driver.claimed.add(headerNamed("b-2"));
  driver.sayHeads(["a-9", "b-2", "c-1"]);
  const outputs = driver.sayTips(["a-9", "b-2", "c-1"].toSorted());
  const have = [headerNamed("a-3")];
  expect(sentOf(outputs, "want")).toEqual([
    {
      ...{ kind: "want", request: 1, total: 2 * 1_048_576 },
      ranges: [
        { scope, writer: writerNamed("a"), tip: headerNamed("a-9"), have },
        { scope, writer: writerNamed("c"), tip: headerNamed("c-1"), have: [] },
      ],
    },
  ]);
  expect(claimedTips(driver.state()).map(({ tip }) => tip)).toEqual([
    headerNamed("a-9"),
    headerNamed("c-1"),
  ]);
  expect(statusOf(driver)).toEqual({ kind: "syncing", ops: 9 });
});

const answer = (position: number, bytes: number, end = false): Sent<"operation"> => ({
  kind: "operation",
  ...{ request: 1, position, scope, end },
  segments: bytes === 0 ? [] : [new Uint8Array(bytes)],
});

test("credit follows what is taken in, and nothing beyond it is", () => {
  const driver = createDriver([]);
  driver.sayTips(["a-9"]);
  const mib = 1_048_576;
  const outputs = driver.say(answer(0, mib));
  expect(outputsOf(outputs, "deliver")).toMatchObject([{ request: 1, bytes: mib }]);
  expect(outputsOf(driver.say(answer(mib, mib)), "deliver").length).toBe(1);
  expect(outputsOf(driver.say(answer(2 * mib, 1)), "deliver").length).toBe(0);
  expect(countOf(driver, "operation-over-credit")).toBe(1);
  const taken = driver.feed({ kind: "delivered", request: 1, bytes: mib });
  expect(sentOf(taken, "credit")).toEqual([{ kind: "credit", request: 1, total: 3 * mib }]);
  expect(outputsOf(driver.say(answer(2 * mib, mib)), "deliver").length).toBe(1);
});

test("a request that brings nothing is said again, given up, and asked anew", () => {
  const driver = createDriver([]);
  driver.sayTips(["a-9"]);
  const waited = driver.pass(29);
  expect(sentOf(waited, "want").map(({ request }) => request)).toEqual([1, 1, 1, 1, 1]);
  expect(outputsOf(driver.pass(1), "status")).toMatchObject([
    { status: { kind: "behind", ops: 9 } },
  ]);
  expect(sentOf(driver.pass(3), "want").map(({ request }) => request)).toEqual([2]);
  const late = driver.say(answer(0, 100));
  expect(outputsOf(late, "deliver")).toMatchObject([{ request: null }]);
  expect(countOf(driver, "operation-unasked")).toBe(1);
});

test("a trickle is no progress, and what waits for delivery is no delay of the peer's", () => {
  const trickling = createDriver([]);
  trickling.sayTips(["a-9"]);
  for (let second = 0; second < 30; second++) {
    trickling.say(answer(second, 1));
    trickling.feed({ kind: "delivered", request: 1, bytes: 1 });
    trickling.pass(1);
  }
  expect(countOf(trickling, "request-timeout")).toBe(1);
  const slow = createDriver([]);
  slow.sayTips(["a-9"]);
  slow.say(answer(0, 100));
  slow.pass(300);
  expect(countOf(slow, "request-timeout")).toBe(0);
});

test("what an answer did not bring is asked for at once if it came closer, else later", () => {
  const driver = createDriver([]);
  driver.sayTips(["a-9"]);
  driver.say(answer(0, 10));
  driver.held.add(headerNamed("a-4"));
  driver.feed({ kind: "local", summary: localOf(["a-4"]) });
  driver.feed({ kind: "delivered", request: 1, bytes: 10 });
  expect(sentOf(driver.say(answer(10, 0, true)), "want")).toMatchObject([
    { request: 2, ranges: [{ have: [headerNamed("a-4")] }] },
  ]);
  const end = { ...answer(0, 0, true), request: 2 };
  expect(sentOf(driver.say(end), "want")).toEqual([]);
  expect(statusOf(driver)).toEqual({ kind: "behind", ops: 5 });
  expect(sentOf(driver.pass(2), "want").length).toBe(1);
});

const wantOf = (name: string, have: readonly string[] = [], request = 1): Sent<"want"> => ({
  kind: "want",
  ...{ request, total: 1_000 },
  ranges: [
    {
      ...{ scope, writer: writerNamed(name.split("-")[0] ?? "") },
      ...{ tip: headerNamed(name), have: have.map(headerNamed) },
    },
  ],
});

const loadedOf = (names: readonly string[], bytes: number, end: boolean): SessionInput => ({
  kind: "loaded",
  ...{ request: 1, end },
  segments: names.map((name) => ({
    ...{ n: Number(name.split("-")[1]), hash: headerNamed(name), bytes: new Uint8Array(bytes) },
  })),
});

test("a request is read and answered as far as credit goes", () => {
  const driver = createDriver(["a-3"]);
  const asked = driver.say(wantOf("a-3", ["a-1"]));
  const load = {
    kind: "load",
    request: 1,
    scope,
    writer: writerNamed("a"),
    tip: headerNamed("a-3"),
  };
  expect(outputsOf(asked, "load")).toEqual([
    { ...load, have: [headerNamed("a-1")], bytesMax: 1_000 },
  ]);
  const first = driver.feed(loadedOf(["a-2"], 900, false));
  expect(sentOf(first, "operation")).toMatchObject([{ request: 1, position: 0, end: false }]);
  expect(outputsOf(first, "load")).toMatchObject([{ have: [headerNamed("a-2")], bytesMax: 100 }]);
  expect(driver.feed(loadedOf([], 0, false))).toEqual([]);
  const raised = driver.say({ kind: "credit", request: 1, total: 2_000 });
  expect(outputsOf(raised, "load")).toMatchObject([{ bytesMax: 1_100 }]);
  const last = driver.feed(loadedOf(["a-3"], 900, true));
  expect(sentOf(last, "operation")).toMatchObject([
    { position: 900, end: false },
    { position: 1_800, end: true, segments: [] },
  ]);
  // Said again, since the end may have got lost; a want that is over is not served anew.
  expect(sentOf(driver.say(wantOf("a-3")), "operation")).toMatchObject([
    { position: 1_800, end: true },
  ]);
});

test("what was detached or asked anew meanwhile is not sent", () => {
  const detached = createDriver(["a-3"]);
  detached.say(wantOf("a-3"));
  detached.feed({ kind: "detached", scope });
  const outputs = detached.feed(loadedOf(["a-3"], 10, true));
  expect(sentOf(outputs, "operation")).toMatchObject([{ end: true, segments: [] }]);
  const replaced = createDriver(["a-3"]);
  replaced.say(wantOf("a-3"));
  replaced.say(wantOf("a-3", [], 2));
  expect(sentOf(replaced.feed(loadedOf(["a-3"], 10, true)), "operation")).toEqual([]);
  expect(countOf(replaced, "load-stale")).toBe(1);
});

test("own segments leave only after the peer named a head that I know, or none", () => {
  const push = (driver: Driver) =>
    sentOf(driver.feed({ kind: "cut", segment: cutOf("own-4", "own-3") }), "operation").length;
  const silent = createDriver(["own-3"]);
  expect(push(silent)).toBe(0);
  const equal = createDriver(["own-3"]);
  equal.sayHeads(["own-3"]);
  expect(push(equal)).toBe(1);
  const beyond = createDriver(["own-3"]);
  beyond.sayHeads(["own-7"]);
  beyond.sayTips(["own-7"]);
  expect(push(beyond)).toBe(0);
  const none = createDriver([]);
  none.sayTips([]);
  const first = none.feed({ kind: "cut", segment: cutOf("own-1", null) });
  expect(sentOf(first, "operation").length).toBe(1);
});

test("a peer that knows more of my writer than I is shown my head, not served it", () => {
  const driver = createDriver(["own-3"]);
  driver.sayTips(["own-7"]);
  const outputs = driver.say(wantOf("own-3", ["own-7"]));
  expect(outputsOf(outputs, "load")).toEqual([]);
  expect(sentOf(outputs, "fork")).toMatchObject([{ scope }]);
  expect(countOf(driver, "want-own-unnamed")).toBe(1);
  // Once that writer has ended, it is like any other.
  driver.ownWriters.delete(own);
  expect(outputsOf(driver.say(wantOf("own-3", ["own-7"], 2)), "load").length).toBe(1);
  const fork = { kind: "fork", scope, header: new Uint8Array(3), signature: null } as const;
  expect(driver.say(fork)).toContainEqual(fork);
});

test("others' segments are served whatever the peer names of their writer", () => {
  const driver = createDriver(["a-3"]);
  driver.sayTips(["a-7"]);
  expect(outputsOf(driver.say(wantOf("a-3", ["a-7"])), "load").length).toBe(1);
});

test("a segment is pushed to who holds what comes before it, once", () => {
  const driver = createDriver(["own-3", "a-1"]);
  driver.sayHeads(["own-3", "a-1"]);
  const pushed = driver.feed({ kind: "cut", segment: cutOf("own-4", "own-3", 20) });
  expect(sentOf(pushed, "operation")).toMatchObject([{ request: null, position: 0 }]);
  expect(driver.feed({ kind: "cut", segment: cutOf("own-4", "own-3") })).toEqual([]);
  expect(driver.feed({ kind: "cut", segment: cutOf("own-6", "own-5") })).toEqual([]);
  const next = driver.feed({ kind: "cut", segment: cutOf("own-5", "own-4") });
  expect(sentOf(next, "operation")).toMatchObject([{ position: 20 }, { position: 30 }]);
});

test("what the peer says of before a push that is under way takes nothing back", () => {
  const driver = createDriver(["own-1"]);
  driver.sayHeads(["own-1"]);
  const push = (n: number) => {
    const segment = cutOf(`own-${n}`, `own-${n - 1}`);
    return sentOf(driver.feed({ kind: "cut", segment }), "operation").length;
  };
  expect([push(2), push(3)]).toEqual([1, 1]);
  // It says that it holds what is held here but for what was pushed since
  driver.sayHeads(["own-1"]);
  expect(push(4)).toBe(1);
  driver.feed({ kind: "local", summary: localOf(["own-4"]) });
  driver.sayTips(["own-2"]);
  expect(push(5)).toBe(1);
  // By then it has come, or does not come any more
  driver.pass(4);
  driver.sayTips(["own-2"]);
  expect(push(6)).toBe(0);
});

test("what stands upon something that the peer lacks goes once it has that", () => {
  const driver = createDriver(["own-3"]);
  driver.held.add(headerNamed("own-1"));
  driver.sayTips(["own-1"]);
  const cut = (n: number) =>
    driver.feed({ kind: "cut", segment: cutOf(`own-${n}`, `own-${n - 1}`, 20) });
  expect(sentOf(cut(4), "operation")).toEqual([]);
  // It asked before that was written
  driver.say(wantOf("own-3", ["own-1"]));
  expect(sentOf(cut(5), "operation")).toEqual([]);
  const served = sentOf(driver.feed(loadedOf(["own-2", "own-3"], 20, true)), "operation");
  expect(served.map(({ request, end }) => [request, end])).toEqual([
    ...[
      [1, false],
      [1, true],
    ],
    ...[
      [null, false],
      [null, false],
    ],
  ]);
  // No more than a window waits: the newest
  for (const n of [7, 8, 9]) {
    driver.feed({ kind: "cut", segment: cutOf(`own-${n}`, `own-${n - 1}`, 500_000) });
  }
  expect(driver.state().push.waiting.map(({ n }) => n)).toEqual([8, 9]);
});

test("others' segments are sent on to who has seen that I hold them and lacks them", () => {
  const driver = createDriver(["a-1"]);
  driver.sayHeads(["a-1"]);
  const bring = (n: number) => {
    driver.feed({ kind: "cut", segment: cutOf(`a-${n}`, `a-${n - 1}`) });
    driver.feed({ kind: "local", summary: localOf([`a-${n}`]) });
  };
  bring(2);
  bring(3);
  expect(sentOf(driver.pass(1), "operation")).toEqual([]);
  const lacking = driver.sayHeads(["a-1"]);
  expect(sentOf(lacking, "operation").length).toBe(2);
  // What it answers next says whether they came
  expect(sentOf(lacking, "sync-request").length).toBe(1);
  expect(sentOf(lacking, "sync-response")).toEqual([]);
  driver.sayHeads(["a-3"]);
  bring(4);
  driver.pass(1);
  expect(sentOf(driver.sayHeads(["a-4"]), "operation")).toEqual([]);
  expect(sentOf(driver.pass(10), "operation")).toEqual([]);
});

test("they are sent on after a while, too, if the peer says nothing", () => {
  const driver = createDriver(["a-1"]);
  driver.sayHeads(["a-1"]);
  driver.feed({ kind: "cut", segment: cutOf("a-2", "a-1") });
  driver.feed({ kind: "local", summary: localOf(["a-2"]) });
  expect(sentOf(driver.pass(1), "operation")).toEqual([]);
  expect(sentOf(driver.pass(1), "operation").length).toBe(1);
  expect(sentOf(driver.pass(10), "operation")).toEqual([]);
});

test("pushing stops where the peer does not take it in, and goes on when it did", () => {
  const driver = createDriver([]);
  driver.sayTips([]);
  const half = 524_288;
  const pushed = [1, 2, 3].map((n) => {
    const segment = cutOf(`own-${n}`, n === 1 ? null : `own-${n - 1}`, half);
    return sentOf(driver.feed({ kind: "cut", segment }), "operation").length;
  });
  expect(pushed).toEqual([1, 1, 0]);
  expect(countOf(driver, "push-held-back")).toBe(1);
  driver.say({ kind: "credit", request: null, total: 10 * half });
  const segments = [3, 4, 5].map((n) => cutOf(`own-${n}`, `own-${n - 1}`, half));
  const more = segments.map((segment) => driver.feed({ kind: "cut", segment }).length);
  // However much it allows, no more than the window goes ahead of what was sent by then.
  expect(more).toEqual([1, 1, 0]);
});

test("pushes are taken in under a window of their own", () => {
  const driver = createDriver([]);
  const pushOf = (position: number, bytes: number): Sent<"operation"> => ({
    ...answer(position, bytes),
    request: null,
  });
  const half = 524_288;
  expect(outputsOf(driver.say(pushOf(0, half)), "deliver")).toMatchObject([{ request: null }]);
  expect(outputsOf(driver.say(pushOf(half, half)), "deliver").length).toBe(1);
  expect(outputsOf(driver.say(pushOf(2 * half, 1)), "deliver").length).toBe(0);
  expect(countOf(driver, "operation-over-credit")).toBe(1);
  const taken = driver.feed({ kind: "delivered", request: null, bytes: half });
  expect(sentOf(taken, "credit")).toEqual([{ kind: "credit", request: null, total: 3 * half + 1 }]);
});

test("who sends more than may come unasked is told why and left", () => {
  const driver = createDriver([]);
  let said = 0;
  for (; driver.state().isOpen && said < 1_000; said++) driver.sayHeads([`x-${said}`]);
  expect(said).toBeGreaterThan(500);
  expect(said).toBeLessThan(520);
  expect(countOf(driver, "rate-exceeded")).toBe(1);
  expect(driver.sayHeads([])).toEqual([]);
  expect(driver.pass(10)).toEqual([]);
  const patient = createDriver([]);
  for (let second = 0; second < 100; second++) {
    for (let at = 0; at < 40; at++) patient.sayHeads([`x-${at}`]);
    patient.pass(1);
  }
  expect(patient.state().isOpen).toBe(true);
});

test("what a session sends itself never exceeds what its peer allows", () => {
  const driver = createDriver([]);
  let sent = 0;
  for (let n = 1; n < 2_000; n++) {
    const outputs = driver.feed({ kind: "local", summary: localOf([`own-${n}`]) });
    sent += outputs.filter(({ kind }) => kind === "send").length;
  }
  expect(sent).toBeLessThan(300);
  expect(driver.pass(1).filter(({ kind }) => kind === "send").length).toBeGreaterThan(0);
});

test("a broken, a newer and a leaving peer end the session, each with its code", () => {
  const broken = createDriver([]).feed({ kind: "malformed", fault: "frame-malformed" });
  expect(broken).toEqual([
    { kind: "send", message: { kind: "bye", code: "malformed" } },
    { kind: "close", code: "malformed" },
  ]);
  const foreign = (reason: "version-newer" | "type-unknown") =>
    createDriver([]).feed({
      ...{ kind: "message", message: { kind: "foreign", type: 99, reason }, bytes: 3 },
    });
  expect(outputsOf(foreign("version-newer"), "close")).toEqual([
    { kind: "close", code: "version" },
  ]);
  expect(foreign("type-unknown")).toEqual([]);
  const leaving = createDriver([]).say({ kind: "bye", code: "closing" });
  expect(leaving).toEqual([{ kind: "close", code: "peer-left" }]);
});

test("asking anew makes the peer answer before anything is verified again", () => {
  const digest = new Uint8Array(32).fill(1);
  const proof = digestProof(key, transcript, "R", digest);
  const driver = createDriver(["a-3"], { digest });
  driver.sayHeads(["a-3"], { proof });
  const asked = driver.feed({ kind: "ask", scope });
  expect(sentOf(asked, "sync-request")).toMatchObject([{ summaries: [{ reply: true }] }]);
  expect(statusOf(driver)).toMatchObject({ kind: "synced", verified: false });
  driver.sayHeads(["a-3"], { proof });
  expect(statusOf(driver)).toMatchObject({ kind: "synced", verified: true });
});

test("the same state and input give the same step, and the state before stays as it was", () => {
  const driver = createDriver(["own-3"]);
  const before = driver.state();
  const frozen = structuredClone({ ...before, scopes: [...before.scopes] });
  driver.sayHeads(["own-1"]);
  driver.sayTips(["own-1", "own-2"].slice(0, 1));
  driver.say(wantOf("own-3", ["own-1"]));
  driver.pass(3);
  expect({ ...before, scopes: [...before.scopes] }).toEqual(frozen);
});
