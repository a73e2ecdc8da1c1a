/** Whatever is thrown can be shown. */
import { expect, test } from "vitest";
import { NebulusError } from "../../../src/core/base/errors.ts";
import { problemOf } from "../../../src/ui/text/problem.ts";

test("the database's errors keep path, code, issues and cause", () => {
  const error = new NebulusError({
    code: "SchemaViolation",
    message: "The schema refused it.",
    retryable: false,
    path: "age",
    issues: ["age: a number"],
    cause: "TypeError: x",
  });
  expect(problemOf(error)).toEqual({
    message: "The schema refused it.\nage: a number",
    path: "age",
    code: "SchemaViolation",
    cause: "TypeError: x",
  });
});

test("a path of the whole document is no path", () => {
  const value = { code: "InvalidDocument", message: "no", retryable: false, path: "" } as const;
  expect(problemOf(new NebulusError(value)).path).toBeNull();
});

test.each([
  [new RangeError("far"), "RangeError: far"],
  ["text", "text"],
  [undefined, "undefined"],
])("what nobody expected is told with its cause: %s", (thrown, cause) => {
  expect(problemOf(thrown)).toMatchObject({ path: null, code: null, cause });
});
