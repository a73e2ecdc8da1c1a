/**
 * What every folder of files promises (src/storage/files.ts), as one suite.
 */
import { describe, expect, test } from "vitest";
import { FileHeld, type FileFolder } from "../../src/storage/files.ts";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** `makeFolder` makes an empty folder before each test. */
export const filesContract = (name: string, makeFolder: () => Promise<FileFolder>): void => {
  describe(`files contract: ${name}`, () => {
    test("a file is made by opening it, written where it stands, and read", async () => {
      const folder = await makeFolder();
      expect(await folder.list()).toEqual([]);
      const handle = await folder.open("b-1.x_y");
      handle.write(bytes(1, 2, 3), 0);
      handle.write(bytes(9), 1);
      handle.write(bytes(5), 5);
      handle.flush();
      expect(handle.size()).toBe(6);
      expect(handle.read(0, 99)).toEqual(bytes(1, 9, 3, 0, 0, 5));
      expect(handle.read(4, 1)).toEqual(bytes(0));
      expect(handle.read(6, 1)).toEqual(bytes());
      expect(handle.read(99, 1)).toEqual(bytes());
      handle.truncate(2);
      expect(await folder.read("b-1.x_y", 1, 9)).toEqual(bytes(9));
      handle.close();
      const again = await folder.open("b-1.x_y");
      expect(again.read(0, 9)).toEqual(bytes(1, 9));
      again.close();
    });

    test("what is read is a copy", async () => {
      const folder = await makeFolder();
      const handle = await folder.open("a");
      const written = bytes(1);
      handle.write(written, 0);
      written[0] = 2;
      handle.read(0, 1)[0] = 3;
      (await folder.read("a", 0, 1))?.fill(4);
      expect(handle.read(0, 1)).toEqual(bytes(1));
      handle.close();
    });

    test("files are listed by name with their sizes", async () => {
      const folder = await makeFolder();
      for (const name of ["b", "a", "C"]) {
        const handle = await folder.open(name);
        handle.write(bytes(1, 2), 0);
        handle.close();
      }
      const listed = (await folder.list()).map(({ name, size }) => [name, size]);
      expect(listed).toEqual([
        ["C", 2],
        ["a", 2],
        ["b", 2],
      ]);
    });

    test("one writer at a time: opening, renaming and removing wait for its close", async () => {
      const folder = await makeFolder();
      const handle = await folder.open("a");
      handle.write(bytes(1), 0);
      (await folder.open("b")).close();
      await expect(folder.open("a")).rejects.toBeInstanceOf(FileHeld);
      await expect(folder.remove("a")).rejects.toBeInstanceOf(FileHeld);
      await expect(folder.rename("a", "c")).rejects.toBeInstanceOf(FileHeld);
      await expect(folder.rename("b", "a")).rejects.toBeInstanceOf(FileHeld);
      expect(await folder.read("a", 0, 1)).toEqual(bytes(1));
      handle.close();
      expect(() => {
        handle.write(bytes(1), 0);
      }).toThrow(Error);
      await folder.rename("b", "a");
      expect((await folder.list()).map(({ name }) => name)).toEqual(["a"]);
    });

    test("a renamed file replaces another; a removed one is gone", async () => {
      const folder = await makeFolder();
      for (const [name, byte] of [
        ["a", 1],
        ["b", 2],
      ] as const) {
        const handle = await folder.open(name);
        handle.write(bytes(byte), 0);
        handle.close();
      }
      await folder.rename("a", "b");
      expect(await folder.read("b", 0, 9)).toEqual(bytes(1));
      expect(await folder.read("a", 0, 9)).toBeNull();
      await expect(folder.rename("a", "c")).rejects.toThrow(Error);
      await folder.remove("b");
      await folder.remove("b");
      expect(await folder.list()).toEqual([]);
    });

    test.each(["", ".a", "-a", "a/b", "..", "a".repeat(201), "ä"])("no name: %j", async (name) => {
      const folder = await makeFolder();
      await expect(folder.open(name)).rejects.toThrow(RangeError);
      await expect(folder.rename("a", name)).rejects.toThrow(RangeError);
    });
  });
};
