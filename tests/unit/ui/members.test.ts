/** Members and devices in words, since when decisions wait, and what sync rests on. */
import { describe, expect, test } from "vitest";
import type {
  ClosedNetwork,
  Member,
  NetworkConfig,
  SyncState,
  SyncStatus,
} from "../../../src/client/networkTypes.ts";
import { deviceOfMember, keeperOf, memberInWords } from "../../../src/ui/text/members.ts";
import { comparedWith, progressOf, standingInWords } from "../../../src/ui/text/rests.ts";
import { attentionInWords } from "../../../src/ui/text/sync.ts";
import { createWaits } from "../../../src/ui/text/waits.ts";

const ada: Member = {
  ...{ account: "aaaaaaaabbbb", name: "Ada", role: "owner", isSelf: true },
  devices: [
    { device: "0000000011111111", code: "", isSequencer: true, isThis: true },
    { device: "0000000022222222", code: "", isSequencer: false, isThis: false },
  ],
};
const nameless: Member = {
  ...{ account: "ccccccccdddd", name: null, role: "reader", isSelf: false },
  devices: [{ device: "0000000033333333", code: "", isSequencer: false, isThis: false }],
};

const closedOf = (parts: Partial<ClosedNetwork>): ClosedNetwork => ({
  ...{ standing: "owner", refused: null, isFrozen: false, hasRecoveryKey: false, recovery: one },
  ...{ members: [ada, nameless], invites: [], waiting: [], collections: [], notAccepted: [] },
  ...parts,
});

const networkOf = (closed: ClosedNetwork | null, parts: Partial<NetworkConfig> = {}) =>
  ({
    ...{ networkId: "team", name: "Team", kind: "closed", waitsFor: null, closed },
    refused: closed?.refused ?? null,
    ...{ collections: new Set<string>(), bootstrapPeers: [], encryption: { enabled: true } },
    ...{ relays: [], discovery: { bootstrap: true, mdns: true } },
    ...{ privateByDefault: false, warnings: [] },
    ...parts,
  }) satisfies NetworkConfig;

const notAccepted = [
  { collection: "notes", operations: 2, documents: ["1"] },
  { collection: "links", operations: 1, documents: ["2"] },
];

const one = { needed: 1, keys: 1, held: 0, asked: null };

test("members are called by name, else by key; devices with whose they are", () => {
  expect(memberInWords(ada)).toBe("Ada");
  expect(memberInWords(nameless)).toBe("Member cccccccc");
  const network = networkOf(closedOf({}));
  expect(deviceOfMember(network, "0000000022222222")).toBe("Device 22222222, yours");
  expect(deviceOfMember(network, "0000000033333333")).toBe("Device 33333333 of Member cccccccc");
  expect(deviceOfMember(network, "0000000044444444")).toBe("Device 44444444");
  expect(deviceOfMember(networkOf(null), "0000000022222222")).toBe("Device 22222222");
});

test("the keeper of the order is found, with the member whose it is", () => {
  expect(keeperOf([nameless, ada])).toEqual({
    ...{ member: ada, device: "0000000011111111", isThis: true },
  });
  expect(keeperOf([nameless])).toBeNull();
});

describe("since when a decision waits", () => {
  const waiting = networkOf(closedOf({ waiting: ["role"] }));
  const done = networkOf(closedOf({}));

  test("what waited at the first look waited before, what begins later has its moment", () => {
    let now = 10;
    const waits = createWaits(() => now);
    const other = networkOf(closedOf({ standing: "waiting" }), { networkId: "other" });
    waits.note([waiting]);
    now = 20;
    waits.note([waiting, other]);
    now = 30;
    waits.note([waiting, other]);
    expect(waits.since("team")).toBeNull();
    expect(waits.since("other")).toBe(20);
  });

  test("what was decided waits no more, and the next begins anew", () => {
    let now = 10;
    const waits = createWaits(() => now);
    waits.note([waiting]);
    waits.note([done]);
    now = 20;
    waits.note([waiting]);
    expect(waits.since("team")).toBe(20);
    waits.note([done, networkOf(null, { networkId: "open" })]);
    expect(waits.since("team")).toBeNull();
  });
});

const lost = { standing: "waiting" } as const;

describe("what comes before how far sync is", () => {
  test.each([
    [networkOf(closedOf({})), null],
    [networkOf(null), null],
    [networkOf(closedOf({ notAccepted })), "3 changes are not accepted"],
    [networkOf(closedOf({ standing: "waiting" })), "Waiting to be let into Team"],
    [networkOf(closedOf({ standing: "removed" })), "Removed from Team"],
    [networkOf(closedOf({ ...lost, refused: "invite-used" })), "Not let into Team"],
    [networkOf(null, { kind: "pending", waitsFor: "maker" }), "Waiting to be let into Team"],
    [networkOf(null, { kind: "pending", waitsFor: "secret" }), null],
  ])("%#", (network, text) => {
    expect(attentionInWords([network], false)?.text ?? null).toBe(text);
  });

  test("a network to come hides nothing of those that sync", () => {
    const joining = networkOf(closedOf({ standing: "waiting" }));
    expect(attentionInWords([joining], true)).toBeNull();
    const unaccepted = networkOf(closedOf({ notAccepted }));
    expect(attentionInWords([joining, unaccepted], true)?.mood).toBe("warn");
  });
});

const stateOf = (status: SyncStatus): SyncState => ({
  ...{ collection: "notes", networkId: "team", mode: "eager", status, localVector: {} },
  ...{ lastSync: null, pendingOperations: 0, syncInProgress: false },
});

test("what a collection was compared with is named, and how much of it has come", () => {
  const network = networkOf(closedOf({}));
  const devices = ["0000000022222222", "0000000033333333"];
  const synced = stateOf({ kind: "synced", verified: true, unread: 0, with: devices });
  expect(comparedWith(network, synced)).toEqual([
    "Device 22222222, yours",
    "Device 33333333 of Member cccccccc",
  ]);
  expect(progressOf(synced)).toBeNull();
  const progress = { done: 3, total: 10 };
  const behind = stateOf({ kind: "behind", ops: 7, progress });
  expect(comparedWith(network, behind)).toEqual([]);
  expect(progressOf(behind)).toEqual(progress);
  const comparing = stateOf({ kind: "syncing", ops: 0, progress: { done: 0, total: 0 } });
  expect(progressOf(comparing)).toBeNull();
});

test.each([
  [networkOf(closedOf({})), /^$/],
  [networkOf(null), /^$/],
  [networkOf(null, { waitsFor: "maker" }), /^The invite is taken/],
  [networkOf(null, { waitsFor: "maker", refused: "network-full" }), /not let in: .* as many deci/],
  [networkOf(null, { waitsFor: "secret" }), /^Waiting for its secret$/],
  [networkOf(closedOf({ standing: "waiting" })), /^This device is not let in yet/],
  [networkOf(closedOf({ standing: "removed" })), /^This device was removed/],
  [networkOf(closedOf({ ...lost, refused: "invite-revoked" })), /not let in: .* was taken back/],
  [networkOf(closedOf({ ...lost, refused: "invite-used" })), /not let in: .* used the invite up/],
  [networkOf(closedOf({ ...lost, refused: "invite-expired" })), /not let in: .* expired first/],
  [networkOf(closedOf({ ...lost, refused: "not-allowed" })), /not let in: .* may not let anybody/],
  [networkOf(closedOf({ ...lost, refused: "maker-removed" })), /not let in: .* no member any more/],
  [networkOf(closedOf({ notAccepted })), /^3 changes of this device are not accepted/],
])("why less than all is exchanged, %#", (network, words) => {
  expect(standingInWords(network)).toMatch(words);
});
