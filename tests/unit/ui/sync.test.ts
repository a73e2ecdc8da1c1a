/** Sync in words: equality is only said when it was checked for everything that is shared. */
import { describe, expect, test } from "vitest";
import type { PeerInfo, SyncState, SyncStatus } from "../../../src/client/networkTypes.ts";
import { countDevices, overviewInWords, stateInWords } from "../../../src/ui/text/sync.ts";

const stateOf = (status: SyncStatus, pendingOperations = 0): SyncState => ({
  collection: "notes",
  networkId: "home",
  status,
  localVector: {},
  lastSync: null,
  pendingOperations,
  syncInProgress: false,
});

const verified = stateOf({ kind: "synced", verified: true, unread: 0 });
const unverified = stateOf({ kind: "synced", verified: false, unread: 0 });
const away = stateOf({ kind: "disconnected" });

describe("one collection", () => {
  test.each([
    [away, "Connecting… no other device is there yet", "busy"],
    [stateOf({ kind: "disconnected" }, 3), "Waiting: 3 changes are on no other device yet", "warn"],
    [stateOf({ kind: "disconnected" }, 1), "Waiting: 1 change is on no other device yet", "warn"],
    [stateOf({ kind: "syncing", ops: 1200 }), "Syncing: 1,200 changes to fetch", "busy"],
    [stateOf({ kind: "syncing", ops: 0 }, 2), "Syncing: 2 changes to send", "busy"],
    [stateOf({ kind: "syncing", ops: 0 }), "Comparing with 1 device…", "busy"],
    [stateOf({ kind: "behind", ops: 5 }), "Behind by 5 changes", "warn"],
    [verified, "Verified equal with 1 device", "good"],
    [unverified, "Exchanged with 1 device, not verified yet", "busy"],
    [
      stateOf({ kind: "synced", verified: true, unread: 2 }),
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
    const states = [verified, unverified, stateOf({ kind: "behind", ops: 1 }), away];
    const texts = states.map((_, at) => overviewInWords(states.slice(0, at + 1), 1, 2).text);
    expect(texts).toEqual([
      "Verified equal with 2 devices",
      "Exchanged with 2 devices, not verified yet",
      "Behind by 1 change",
      "Connecting… no other device is there yet",
    ]);
  });

  test("changes that nobody has are added up", () => {
    const waiting = stateOf({ kind: "disconnected" }, 2);
    expect(overviewInWords([waiting, waiting, verified], 1, 0).text).toBe(
      "Waiting: 4 changes are on no other device yet",
    );
  });

  test("a device that is met in two networks is one device", () => {
    const peer = (peerId: string, networkId: string): PeerInfo => ({
      ...{ peerId, networkId },
      path: "direct",
      lastSeen: 0,
    });
    expect(countDevices([peer("a", "x"), peer("a", "y"), peer("b", "y")])).toBe(2);
  });
});
