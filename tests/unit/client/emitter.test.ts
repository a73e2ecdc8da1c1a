/** Events by name: who is told, in which order, and what a failing handler does. */
import { expect, test } from "vitest";
import { createEmitter } from "../../../src/client/emitter.ts";

interface Events {
  readonly number: number;
  readonly text: string;
}

test("handlers are told in the order in which they came, each of its own event", () => {
  const events = createEmitter<Events>(() => undefined);
  const heard: unknown[] = [];
  events.on("number", (detail) => heard.push(["first", detail]));
  events.on("number", (detail) => heard.push(["second", detail]));
  events.on("text", (detail) => heard.push(detail));
  events.emit("number", 1);
  events.emit("text", "x");
  expect(heard).toEqual([["first", 1], ["second", 1], "x"]);
});

test("a handler goes by its answer or by `off`; `once` goes by itself", () => {
  const events = createEmitter<Events>(() => undefined);
  const heard: string[] = [];
  const handler = (): void => void heard.push("off");
  const stop = events.on("number", () => heard.push("on"));
  events.on("number", handler);
  events.once("number", () => heard.push("once"));
  const stopOnce = events.once("number", () => heard.push("never"));
  stopOnce();
  expect(events.has("number")).toBe(true);
  events.emit("number", 1);
  stop();
  events.off("number", handler);
  events.off("number", handler);
  events.emit("number", 2);
  expect(heard).toEqual(["on", "off", "once"]);
  expect(events.has("number")).toBe(false);
});

test("one that throws is reported and keeps nobody else from being told", () => {
  const failures: unknown[] = [];
  const events = createEmitter<Events>((error) => failures.push(error));
  const heard: number[] = [];
  events.on("number", () => {
    throw new Error("mine");
  });
  events.on("number", (detail) => heard.push(detail));
  events.emit("number", 1);
  expect(heard).toEqual([1]);
  expect(failures).toMatchObject([{ message: "mine" }]);
});

test("handlers that come or go while an event is told are met from the next one on", () => {
  const events = createEmitter<Events>(() => undefined);
  const heard: string[] = [];
  events.once("number", () => events.on("number", () => heard.push("added")));
  events.emit("number", 1);
  expect(heard).toEqual([]);
  events.emit("number", 2);
  expect(heard).toEqual(["added"]);
});
