/** The browser's exceptions as codes and advice; an environment without IndexedDB. */
import { expect, test } from "vitest";
import { NebulusError } from "../../../src/core/base/errors.ts";
import { replacedError, storageError } from "../../../src/storage/errors.ts";
import { createIndexedDbAdapter } from "../../../src/storage/indexeddb.ts";

test.each([
  ["QuotaExceededError", "QuotaExceeded", true, "free some space"],
  ["VersionError", "NewerFormat", false, "a newer version"],
  ["NotFoundError", "StorageFailed", false, "Choose another name"],
  ["SecurityError", "StorageFailed", false, "Allow site data"],
  ["UnknownError", "StorageFailed", true, "Reload"],
  ["AbortError", "StorageFailed", true, "Reload"],
  ["DataError", "StorageFailed", true, "Reload"],
])("a %s is %s", (exception, code, retryable, advice) => {
  const cause = new DOMException("as the browser says", exception);
  const error = storageError("notes", cause);
  expect(error).toBeInstanceOf(NebulusError);
  expect(error).toMatchObject({ code, retryable, cause, outcome: "not committed" });
  expect(String(error)).toContain('"notes"');
  expect(String(error)).toContain(advice);
});

test("our own errors and mistakes pass as they are", () => {
  const mistake = new Error("invariant broken");
  expect(storageError("notes", mistake)).toBe(mistake);
  const replaced = replacedError("notes");
  expect(storageError("notes", replaced)).toBe(replaced);
});

test("where there is no IndexedDB, opening and destroying say so", async () => {
  const adapter = createIndexedDbAdapter();
  const missing = { code: "StorageFailed", retryable: false };
  await expect(adapter.open("notes")).rejects.toMatchObject(missing);
  await expect(adapter.destroy("notes")).rejects.toMatchObject(missing);
});
