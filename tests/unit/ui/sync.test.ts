/** Sync in words: equality is only said when it was checked for everything that is shared. */
import { describe, expect, test } from "vitest";
import type { SyncState, SyncStatus } from "../../../src/client/networkTypes.ts";
import { countDevices, overviewInWords, stateInWords } from "../../../src/ui/text/sync.ts";

const stateOf = (status: SyncStatus, pendingOperations = 0): SyncState => ({
  collection: "notes",
  networkId: "home",
  mode: "eager",
  status,
  localVector: {},
  lastSync: null,
  pendingOperations,
  syncInProgress: false,
});

const syncedStatus = { kind: "synced", verified: true, unread: 0, with: ["a"] } as const;
const missing = (kind: "syncing" | "behind", ops: number): SyncStatus => ({
  ...{ kind, ops, progress: { done: 0, total: ops } },
});

const verified = stateOf(syncedStatus);
const unverified = stateOf({ ...syncedStatus, verified: false });
const away = stateOf({ kind: "disconnected" });

describe("one collection", () => {
  test.each([
    [away, "Connecting… no other device is there yet", "busy"],
    [stateOf({ kind: "disconnected" }, 3), "Waiting: 3 changes are on no other device yet", "warn"],
    [stateOf({ kind: "disconnected" }, 1), "Waiting: 1 change is on no other device yet", "warn"],
    [stateOf(missing("syncing", 1200)), "Syncing: 1,200 changes to fetch", "busy"],
    [stateOf(missing("syncing", 0), 2), "Syncing: 2 changes to send", "busy"],
    [stateOf(missing("syncing", 0)), "Comparing with 1 device…", "busy"],
    [stateOf(missing("behind", 5)), "Behind by 5 changes", "warn"],
    [stateOf({ kind: "paused" }), "Synchronised when you ask for it", "local"],
    [stateOf({ kind: "paused" }, 2), "2 changes to send, when you ask for it", "warn"],
    [verified, "Verified equal with 1 device", "good"],
    [unverified, "Exchanged with 1 device, not verified yet", "busy"],
    [
      stateOf({ ...syncedStatus, unread: 2 }),
      "2 parts cannot be read before others arrive",
      "warn",
    ],
    [
      stateOf({ kind: "mismatch" }),
      "Not equal, although nothing is missing: one of the programs has a fault",
      "warn",
    ],
  ])("%j", (state, text, mood) => {
    expect(stateInWords(state, 1)).toEqual({ text, mood });
  });
});

describe("all of them", () => {
  test("without networks, or with nothing shared", () => {
    expect(overviewInWords([], 0, 0).text).toBe("Only on this device");
    expect(overviewInWords([], 1, 2).text).toBe("Only on this device: no collection is shared");
  });

  test("the least finished counts", () => {
    const states = [verified, unverified, stateOf(missing("behind", 1)), away];
    const texts = states.map((_, at) => overviewInWords(states.slice(0, at + 1), 1, 2).text);
    expect(texts).toEqual([
      "Verified equal with 1 device",
      "Exchanged with 1 device, not verified yet",
      "Behind by 1 change",
      "Connecting… no other device is there yet",
    ]);
  });

  test("only as many devices are equal as have the least shared collection", () => {
    const widely = stateOf({ ...syncedStatus, with: ["a", "b"] });
    expect(overviewInWords([widely], 1, 2).text).toBe("Verified equal with 2 devices");
    expect(overviewInWords([widely, verified], 1, 2).text).toBe("Verified equal with 1 device");
  });

  test("changes that nobody has are added up", () => {
    const waiting = stateOf({ kind: "disconnected" }, 2);
    expect(overviewInWords([waiting, waiting, verified], 1, 0).text).toBe(
      "Waiting: 4 changes are on no other device yet",
    );
  });

  test("a device that is met in two networks is one device", () => {
    expect(countDevices(["a", "a", "b"].map((transportId) => ({ transportId })))).toBe(2);
  });
});
