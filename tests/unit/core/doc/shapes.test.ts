/**
 * Shapes: sorted, shared, and right when more are met than are remembered.
 */
import { expect, test } from "vitest";
import { placePaths } from "../../../../src/core/doc/shapes.ts";

const place = (...paths: string[]) => placePaths(paths.map((path) => ({ path: path.split(".") })));

test("a shape is sorted, and the same for every order", () => {
  const [given, sorted] = [place("b", "a.c", "a"), place("a", "a.c", "b")];
  expect(given?.shape).toBe(sorted?.shape);
  expect(given?.shape.paths).toEqual([["a"], ["a", "c"], ["b"]]);
  expect(given?.order).toEqual([2, 1, 0]);
  expect(sorted?.order).toBeNull();
});

test("a path that occurs twice has no place", () => {
  expect(place("a", "b", "a")).toBeNull();
});

test("a shape knows whether paths clash, and whether they are flat", () => {
  expect(place("a", "b")?.shape).toMatchObject({ clashes: false, isFlat: true });
  expect(place("a.b", "ab")?.shape).toMatchObject({ clashes: false, isFlat: false });
  expect(place("a", "a.b.c")?.shape).toMatchObject({ clashes: true, isFlat: false });
});

test("far more shapes than are remembered are still right", () => {
  for (let index = 0; index < 70_000; index++) {
    const name = `name${String(index)}`;
    if (place(name)?.shape.indexByKey.get(name) !== 0) throw new Error(`wrong at ${name}`);
  }
  expect(place("b", "a")?.shape.paths).toEqual([["a"], ["b"]]);
});
