/** Projections: what stays of a document when fields are named. */
import { expect, test } from "vitest";
import type { DocumentFields } from "../../../../src/core/base/types.ts";
import { projectFields } from "../../../../src/core/query/project.ts";

const row: DocumentFields = {
  id: "x",
  name: "Ada",
  address: { city: "London", geo: { lat: 1, long: 2 } },
  posts: [{ title: "a", body: "long" }, 5, { body: "only" }],
  at: new Date(1),
};

test("no list keeps the document as it is", () => {
  expect(projectFields(row)).toBe(row);
  expect(projectFields(row, null)).toBe(row);
});

test("id stays always", () => {
  expect(projectFields(row, [])).toEqual({ id: "x" });
  expect(projectFields(row, ["name"])).toEqual({ id: "x", name: "Ada" });
});

test("dotted fields keep their place, and what is missing is left out", () => {
  expect(projectFields(row, ["address.geo.lat", "address.zip", "nothing.at.all", "at"])).toEqual({
    id: "x",
    address: { geo: { lat: 1 } },
    at: new Date(1),
  });
});

test("a path that goes on below a scalar finds nothing", () => {
  expect(projectFields(row, ["name.first", "at.getTime"])).toEqual({ id: "x" });
});

test("of a list of objects the named part of each", () => {
  expect(projectFields(row, ["posts.title"])).toEqual({ id: "x", posts: [{ title: "a" }, {}] });
});

test("a whole field wins over a part of it, in either order", () => {
  const whole = { id: "x", address: row["address"] };
  expect(projectFields(row, ["address", "address.city"])).toEqual(whole);
  expect(projectFields(row, ["address.city", "address"])).toEqual(whole);
});

test("the document is not changed", () => {
  const before = structuredClone(row);
  projectFields(row, ["address.city", "posts.title"]);
  expect(row).toEqual(before);
});

test.each([
  ["", "fields[0]"],
  ["a..b", "fields[0]"],
])("a name that means nothing is refused: %j", (field, path) => {
  expect(() => projectFields(row, [field])).toThrow(
    expect.objectContaining({ code: "InvalidQuery", path }),
  );
});
