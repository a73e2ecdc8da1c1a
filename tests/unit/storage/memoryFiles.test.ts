/**
 * The folder in memory: what the port promises, and what a crash may leave.
 */
import { describe, expect, test } from "vitest";
import { createMemoryFiles } from "../../../src/storage/memoryFiles.ts";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe("a crash", () => {
  test("keeps what was flushed, whatever the dice say", async () => {
    const files = createMemoryFiles();
    const handle = await files.open("a");
    handle.write(bytes(1, 2, 3), 0);
    handle.flush();
    handle.write(bytes(9), 3);
    files.crash(() => 0);
    expect(await files.read("a", 0, 9)).toEqual(bytes(1, 2, 3));
    expect(() => {
      handle.write(bytes(1), 0);
    }).toThrow("closed");
    (await files.open("a")).close();
  });

  test("may keep a write that was not flushed, whole or torn", async () => {
    const outcomes = await Promise.all(
      [[1], [2, 2]].map(async (falls) => {
        const files = createMemoryFiles();
        const handle = await files.open("a");
        handle.write(bytes(7, 8, 9), 0);
        files.crash(() => falls.shift() ?? 0);
        return files.read("a", 0, 9);
      }),
    );
    expect(outcomes).toEqual([bytes(7, 8, 9), bytes(7, 8)]);
  });

  test("of the process alone loses no write", async () => {
    const files = createMemoryFiles();
    const handle = await files.open("a");
    handle.write(bytes(7), 2);
    handle.truncate(2);
    files.kill();
    expect(await files.read("a", 0, 9)).toEqual(bytes(0, 0));
  });
});

test("a fault before leaves nothing, after all of it", async () => {
  let failing = "";
  const files = createMemoryFiles({
    fault: ({ kind, phase }) => {
      if (`${kind} ${phase}` === failing) throw new Error("injected");
    },
  });
  const handle = await files.open("a");
  const write = (value: number): void => {
    handle.write(bytes(value), 0);
  };
  failing = "write before";
  expect(() => {
    write(1);
  }).toThrow("injected");
  expect(handle.size()).toBe(0);
  failing = "write after";
  expect(() => {
    write(2);
  }).toThrow("injected");
  expect(handle.read(0, 9)).toEqual(bytes(2));
});
