/**
 * Writers whose device is beyond its quota: not pushed, asked for after all others, one window at a
 * time, and given up for what others wrote.
 */
import { expect, test } from "vitest";
import { creditBytesMax } from "../../../../src/core/base/limits.ts";
import {
  countOf,
  createDriver,
  cutOf,
  headerNamed,
  outputsOf,
  own,
  scope,
  sentOf,
  writerNamed,
  type Driver,
} from "./sessionDriver.ts";

const slow = writerNamed("slow");

/** The peer holds these, and it was heard. */
const meet = (names: readonly string[]): Driver => {
  const driver = createDriver([]);
  driver.paces.set(slow, "last");
  driver.sayHeads(names);
  return driver;
};

const wanted = (outputs: ReturnType<Driver["feed"]>): readonly string[] =>
  sentOf(outputs, "want").flatMap(({ ranges }) => ranges.map(({ tip }) => tip));

const answer = (driver: Driver, request: number, bytes: number, end = false) => {
  const segments = [new Uint8Array(bytes)];
  const position = 0;
  return driver.say({ kind: "operation", request, position, scope, segments, end });
};

test("it is asked for after all others", () => {
  const driver = meet(["slow-3", "other-2"]);
  expect(wanted(driver.sayTips(["slow-3", "other-2"]))).toEqual([headerNamed("other-2")]);
  driver.held.add(headerNamed("other-2"));
  answer(driver, 1, 10, true);
  const ended = driver.feed({ kind: "delivered", request: 1, bytes: 10 });
  expect(wanted(ended)).toEqual([headerNamed("slow-3")]);
});

test("and not at all while its time has not come", () => {
  const driver = meet(["slow-3"]);
  driver.paces.set(slow, "paused");
  expect(wanted(driver.sayTips(["slow-3"]))).toEqual([]);
  expect(wanted(driver.pass(5))).toEqual([]);
  driver.paces.set(slow, "last");
  expect(wanted(driver.pass(1))).toEqual([headerNamed("slow-3")]);
});

test("it gets one window, ends where nothing more comes, and is asked for again", () => {
  const driver = meet(["slow-3"]);
  expect(wanted(driver.sayTips(["slow-3"]))).toEqual([headerNamed("slow-3")]);
  const bytes = creditBytesMax / 2;
  answer(driver, 1, bytes);
  const delivered = driver.feed({ kind: "delivered", request: 1, bytes });
  expect(sentOf(delivered, "credit")).toEqual([]);
  driver.paces.set(slow, "paused");
  driver.pass(3);
  expect(driver.state().request).toBeNull();
  expect(countOf(driver, "request-timeout")).toBe(0);
  driver.paces.set(slow, "last");
  expect(wanted(driver.pass(4))).toEqual([headerNamed("slow-3")]);
});

test("it gives way to what others wrote meanwhile", () => {
  const driver = meet(["slow-3"]);
  driver.sayTips(["slow-3"]);
  driver.sayHeads(["slow-3", "other-1"]);
  const outputs = driver.sayTips(["slow-3", "other-1"]);
  expect(wanted(outputs)).toEqual([headerNamed("other-1")]);
  // What is on its way all the same is taken, as what was asked for
  const late = outputsOf(answer(driver, 1, 10), "deliver");
  expect(late.map(({ request }) => request)).toEqual([1]);
});

test("what still comes of an answer that gave way is no offence, up to its window", () => {
  const driver = meet(["slow-9000"]);
  driver.sayTips(["slow-9000"]);
  driver.sayHeads(["slow-9000", "other-1"]);
  expect(wanted(driver.sayTips(["slow-9000", "other-1"]))).toEqual([headerNamed("other-1")]);
  const segments = Array.from({ length: 100 }, () => new Uint8Array(200));
  const say = (request: number, position: number) =>
    driver.say({ kind: "operation", request, position, scope, segments, end: false });
  let position = 0;
  for (; position + 20_000 <= creditBytesMax; position += 20_000) {
    expect(outputsOf(say(1, position), "deliver")).toHaveLength(1);
  }
  expect(countOf(driver, "operation-unasked")).toBe(0);
  say(1, position);
  expect(countOf(driver, "operation-unasked")).toBe(1);
});

test("one that is slowed no more while it waits for credit gets it", () => {
  const driver = meet(["slow-3"]);
  driver.sayTips(["slow-3"]);
  const bytes = creditBytesMax / 2;
  answer(driver, 1, bytes);
  driver.feed({ kind: "delivered", request: 1, bytes });
  driver.paces.delete(slow);
  expect(sentOf(driver.pass(1), "credit")).toMatchObject([{ request: 1 }]);
});

test("what this device lost of its own log is asked for as ever", () => {
  const driver = meet(["own-3"]);
  driver.paces.set(own, "paused");
  expect(wanted(driver.sayTips(["own-3"]))).toEqual([headerNamed("own-3")]);
});

test("one that others need is asked for as ever, and gets more", () => {
  const driver = meet(["slow-3"]);
  driver.paces.delete(slow);
  driver.sayTips(["slow-3"]);
  const bytes = creditBytesMax / 2;
  answer(driver, 1, bytes);
  const delivered = driver.feed({ kind: "delivered", request: 1, bytes });
  expect(sentOf(delivered, "credit")).toHaveLength(1);
});

test("what this device writes beyond its own quota is not pushed", () => {
  const driver = createDriver(["own-1"]);
  driver.sayHeads(["own-1"]);
  driver.paces.set(own, "last");
  expect(
    sentOf(driver.feed({ kind: "cut", segment: cutOf("own-2", "own-1") }), "operation"),
  ).toEqual([]);
  driver.paces.delete(own);
  const pushed = createDriver(["own-1"]);
  pushed.sayHeads(["own-1"]);
  const outputs = pushed.feed({ kind: "cut", segment: cutOf("own-2", "own-1") });
  expect(sentOf(outputs, "operation")).toHaveLength(1);
});
