/** A device whose clock is an hour fast (D-19): its values wait, and are marked where they show. */
import { expect, test } from "vitest";
import { createWorld, type Device } from "./world.ts";

const hour = 3_600_000;

const shown = (device: Device): Record<string, unknown> => ({
  ...device.get("notes", "a"),
  ahead: device.rows("notes", { meta: true })[0]?.meta?.ahead,
});

test("a fast clock's value ranks last until its time comes, marked where it is alone", async () => {
  const world = createWorld(3);
  const sound = await world.open();
  const fast = await world.open({ skew: hour });
  for (const device of [sound, fast]) await device.share("notes");
  await sound.insert("notes", [{ id: "a", text: "from now" }]);
  await world.until(() => shown(fast)["text"] === "from now", "the document");
  await sound.disconnect();
  await sound.update("notes", "a", { $set: { text: "sound" } });
  await fast.update("notes", "a", { $set: { text: "an hour ahead", only: 1 } });
  await sound.connect();
  await world.until(() => shown(sound)["only"] === 1, "the fast device's write");
  expect(shown(sound)).toEqual({ id: "a", text: "sound", only: 1, ahead: ["only"] });
  await world.pass(hour);
  expect(shown(sound)).toEqual({ id: "a", text: "an hour ahead", only: 1, ahead: [] });
});
