/** The log of frames as people see it: named, the latest first, bounded, and off when it is off. */
import { afterEach, expect, test } from "vitest";
import type { FrameNote } from "../../../src/client/networkTypes.ts";
import { frameNotesMax, framesShownMax } from "../../../src/core/base/limits.ts";
import { frameLogOf } from "../../../src/ui/frameLog.svelte.ts";
import { frameRows, framesAsText } from "../../../src/ui/text/frames.ts";
import { linkedDevices } from "../../../src/ui/text/links.ts";
import { attached, createPeers, isVerified, rowsOnce, statusOnce } from "../../support/twoPeers.ts";

const peers = createPeers();
afterEach(() => peers.clean());

const noteAt = (at: number, bytes: number): FrameNote => ({
  ...{ at, bytes, transportId: "12D3KooWabcdefgh", path: "direct" },
  ...{ direction: at % 2 === 0 ? "sent" : "received", kind: "operation" },
});
const nameOf = (): string => "Mara";

test("the latest stand first, no more of them than are read, and the text has all", () => {
  const notes = Array.from({ length: frameNotesMax }, (_, at) => noteAt(at, 1_000 + at));
  const rows = frameRows(notes, nameOf);
  expect(rows).toHaveLength(framesShownMax);
  expect(rows[0]).toMatchObject({ way: "from Mara", kind: "operation", bytes: "1,999 B" });
  expect(rows[0]?.time).toMatch(/^\d\d:\d\d:\d\d\.999$/);
  expect(rows[1]).toMatchObject({ way: "to Mara", bytes: "1,998 B" });
  const lines = framesAsText(notes, nameOf).split("\n");
  expect(lines).toHaveLength(frameNotesMax);
  expect(lines[1]).toBe("1970-01-01T00:00:00.001Z\tfrom Mara\tdirect\toperation\t1001");
});

test("it is switched on and off, goes on while nobody looks, and knows who went", async () => {
  const [a, b] = [await peers.open(), await peers.open()];
  const [here, there] = [await attached(a, "users"), await attached(b, "users")];
  await statusOnce(a, here, isVerified);
  const log = frameLogOf(a.database);
  expect(frameLogOf(a.database)).toBe(log);
  await log.look();
  expect([log.isOn, log.notes]).toEqual([false, []]);

  await log.set(true);
  const manager = a.database.getNetworkManager();
  log.names.remember(linkedDevices(manager.getNetworks(), manager.getConnectedPeers()));
  await here.insert({ id: "1", text: "canary" });
  await rowsOnce(there, {}, (rows) => rows.length === 1);
  await log.look();
  const shown = frameRows(log.notes, log.names.nameOf);
  expect(shown.map(({ kind }) => kind)).toContain("operation");
  const text = framesAsText(log.notes, log.names.nameOf);
  expect(text).toMatch(/\tto Device \w{8}\tmemory\toperation\t\d+/);
  expect(text).not.toContain("canary");

  // A look that is under way meanwhile
  await Promise.all([log.look(), log.set(false), log.look()]);
  expect([log.isOn, log.notes, log.problem]).toEqual([false, [], ""]);
  await here.insert({ id: "2" });
  await rowsOnce(there, {}, (rows) => rows.length === 2);
  expect(await manager.logFrames()).toEqual([]);

  await log.set(true);
  await here.insert({ id: "3" });
  await rowsOnce(there, {}, (rows) => rows.length === 3);
  await b.database.shutdown();
  await statusOnce(a, here, ({ kind }) => kind === "disconnected");
  await log.look();
  expect(framesAsText(log.notes, log.names.nameOf)).toContain("to Device ");
  expect(framesAsText(log.notes, log.names.nameOf)).not.toContain("an end point");
  await a.database.shutdown();
  await log.look();
  expect(log.problem).not.toBe("");
});

test("whoever finds it on sees that it is", async () => {
  const [a, b] = [await peers.open(), await peers.open()];
  await a.database.getNetworkManager().logFrames(true);
  const [here, there] = [await attached(a, "users"), await attached(b, "users")];
  await statusOnce(a, here, isVerified);
  await here.insert({ id: "1" });
  await rowsOnce(there, {}, (rows) => rows.length === 1);
  const log = frameLogOf(a.database);
  await log.look();
  expect(log.isOn).toBe(true);
});
