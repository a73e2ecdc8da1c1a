/** What was changed in a document, as an update of exactly that. */
import { describe, expect, test } from "vitest";
import { NebulusError } from "../../../src/core/base/errors.ts";
import { updateBetween } from "../../../src/ui/text/changes.ts";

const before = {
  id: "d",
  title: "Moving",
  address: { city: "Basel", street: "Lindenweg" },
  tags: ["a"],
};

describe("the update", () => {
  test("is none where nothing differs", () => {
    expect(updateBetween(before, structuredClone(before))).toBeNull();
  });

  test("names only the leaves that were changed, added or taken away", () => {
    const after = { ...before, address: { city: "Bern" }, tags: ["a", "b"], rooms: 3 };
    expect(updateBetween(before, after)).toEqual({
      $set: { "address.city": "Bern", tags: ["a", "b"], rooms: 3 },
      $unset: ["address.street"],
    });
  });

  test("of fields that only went away sets nothing", () => {
    const { id, address, tags } = before;
    expect(updateBetween(before, { id, address, tags })).toEqual({ $unset: ["title"] });
  });

  test("refuses, with its path, what would be read as another path", () => {
    const refused = (): unknown => updateBetween(before, { ...before, "a.b": 1 });
    expect(refused).toThrow(NebulusError);
    expect(refused).toThrow(expect.objectContaining({ code: "InvalidDocument", path: "a.b" }));
  });
});
