/**
 * A header that a peer shows as this device's own: only one that this device signed, does not hold,
 * and that belongs to its present incarnation ends that.
 */
import { expect, test } from "vitest";
import { parseSegment } from "../../../src/core/segment/segment.ts";
import { checkOwnHead } from "../../../src/engine/sync/ownHead.ts";
import { createWorld, type Device } from "./world.ts";

const headOf = async (device: Device) => {
  await device.engine.cutter.cutAll([device.shared("notes")]);
  const { scope } = device.shared("notes");
  const bytes = [...device.image().segments]
    .filter(([key]) => key.startsWith(scope))
    .sort()
    .at(-1);
  const parsed = bytes === undefined ? null : parseSegment(bytes[1]);
  if (parsed?.ok !== true) throw new Error("nothing is cut");
  return { header: parsed.value.headerBytes, signature: parsed.value.signature };
};

test("ends the present incarnation if it is signed, unknown, and of that incarnation", async () => {
  const world = createWorld();
  const device = await world.open({ online: false });
  await device.share("notes");
  await device.insert("notes", [{ id: "1" }]);
  const known = await headOf(device);
  const copy = await world.open({ image: device.image(), online: false });
  const stranger = await world.open({ online: false });
  await stranger.share("notes");
  for (const each of [copy, stranger]) await each.insert("notes", [{ id: "2" }]);
  const [beyond, strange] = [await headOf(copy), await headOf(stranger)];
  const writer = device.shared("notes").writer?.id;
  const check = async (header: Uint8Array, signature: Uint8Array | null): Promise<boolean> => {
    await checkOwnHead(device.engine, device.shared("notes"), header, signature);
    return device.shared("notes").writer?.id === writer;
  };
  expect(await check(known.header, known.signature)).toBe(true);
  expect(await check(strange.header, strange.signature)).toBe(true);
  expect(await check(beyond.header, known.signature)).toBe(true);
  expect(await check(beyond.header, null)).toBe(true);
  expect(await check(beyond.header.slice(1), beyond.signature)).toBe(true);
  await device.insert("notes", [{ id: "pending" }]);
  expect(await check(beyond.header, beyond.signature)).toBe(false);
  expect(device.get("notes", "pending")).toEqual({ id: "pending" });
  const next = device.shared("notes").writer?.id;
  await checkOwnHead(device.engine, device.shared("notes"), beyond.header, beyond.signature);
  expect(device.shared("notes").writer?.id).toBe(next);
});
