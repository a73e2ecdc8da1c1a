/** What people read of the connection: the summary, devices once each, the picture, addresses. */
import { expect, test } from "vitest";
import { directPeersMax } from "../../../src/core/base/limits.ts";
import type { DiagnosisStep } from "../../../src/client/diagnosis.ts";
import type { NetworkConfig, PeerInfo } from "../../../src/client/networkTypes.ts";
import { groupsOf, relayStateOf, summaryOf } from "../../../src/ui/text/doctor.ts";
import { linkedDevices, pictureOf } from "../../../src/ui/text/links.ts";
import { relayAddressOf, relayInWords } from "../../../src/ui/text/relay.ts";

const step = (
  name: DiagnosisStep["step"],
  state: DiagnosisStep["state"],
  reason: DiagnosisReason,
  subject: string | null = null,
): DiagnosisStep => ({ step: name, state, reason, subject, since: 5, detail: null });

type DiagnosisReason = DiagnosisStep["reason"];

const relay = "/dns/relay.example/tcp/443/tls/ws";
const reached = [
  step("relay", "ok", "well", relay),
  step("reservation", "ok", "well", relay),
  step("rendezvous", "ok", "well", relay),
];

const one = { needed: 1, keys: 1, held: 0, asked: null };

test("one sentence says what counts: who is connected, and what stands in the way first", () => {
  const direct = step("peer", "ok", "direct", "a");
  const relayed = step("peer", "ok", "relayed-between", "b");
  expect(summaryOf([...reached, direct])).toEqual({
    ...{ text: "1 device connected, all directly.", mood: "good" },
  });
  expect(summaryOf([...reached, direct, relayed]).text).toBe("2 devices connected, 1 directly.");
  expect(summaryOf([...reached, relayed]).text).toBe("1 device connected, none directly.");
  const offline = step("online", "failed", "offline");
  const gone = step("relay", "failed", "unreachable", relay);
  expect(summaryOf([offline, gone, direct])).toEqual({
    text: "1 device connected, all directly. Something stands in the way: This browser is offline.",
    mood: "warn",
  });
  const nobody = step("peers", "waiting", "nobody-named");
  expect(summaryOf([...reached, nobody])).toMatchObject({ mood: "local" });
  const none = step("peers", "skipped", "no-network");
  expect(summaryOf([...reached, none]).text).toContain("in no network yet");
  expect(summaryOf([step("relay", "waiting", "connecting", relay), none]).mood).toBe("busy");
});

test("steps stand with what they are about, and say why a greeting was refused", () => {
  const refused = { ...step("peer", "failed", "refused", "a"), detail: "removed" };
  const groups = groupsOf([step("online", "ok", "well"), ...reached, refused], {
    relay: (address) => `R ${relayInWords(address)}`,
    peer: (id) => `P ${id}`,
  });
  expect(groups.map(({ title, steps }) => [title, steps.length])).toEqual([
    ...[
      ["", 1],
      ["R relay.example:443", 3],
    ],
    ["P a", 1],
  ]);
  expect(groups[2]?.steps[0]).toMatchObject({
    ...{ advice: "One of them was removed from the network.", since: 5 },
  });
  expect(groups[1]?.steps[0]?.since).toBeNull();
});

test("K-040 how many direct connections came stands with WebRTC, once one was tried", () => {
  const textWith = (tried: number, succeeded: number): string | undefined => {
    const webrtc = { ...step("webrtc", "ok", "well"), attempts: { tried, succeeded } };
    return groupsOf([webrtc], { relay: (of) => of, peer: (of) => of })[0]?.steps[0]?.text;
  };
  expect(textWith(4, 3)).toMatch(/Direct connections tried by this device: 4. Made: 3.$/);
  expect(textWith(0, 0)).not.toContain("tried");
});

test("how it stands with a relay follows from its steps", () => {
  expect(relayStateOf(reached, relay)).toBe("reserved");
  expect(relayStateOf(reached.slice(0, 1), relay)).toBe("connected");
  expect(relayStateOf([step("relay", "failed", "lost", relay)], relay)).toBe("failed");
  expect(relayStateOf([step("relay", "skipped", "same-relay", relay)], relay)).toBe("same");
  expect(relayStateOf([], relay)).toBe("connecting");
});

const peer = (networkId: string, transportId: string, path: PeerInfo["path"]): PeerInfo => ({
  ...{ peerId: `${transportId}@${networkId}`, networkId, transportId, path, layers: [] },
  ...{ addresses: [], protocols: [], status: { kind: "disconnected" }, collections: [] },
  ...{ latency: networkId === "one" ? 20 : 10, lastSeen: 0, backlogBytes: 0, warnings: [] },
  ...{ operationsSent: 0, operationsReceived: 0, bytesSent: 3, bytesReceived: 4 },
});

const network = (networkId: string, devices: readonly string[]): NetworkConfig => ({
  ...{ networkId, name: `Network ${networkId}`, kind: "closed", waitsFor: null, refused: null },
  ...{ collections: new Set(), bootstrapPeers: [], relays: [], encryption: { enabled: true } },
  ...{ discovery: { bootstrap: true, mdns: true }, privateByDefault: false, warnings: [] },
  closed: {
    ...{ standing: "owner", refused: null, isFrozen: false, invites: [], waiting: [] },
    ...{ hasRecoveryKey: false, recovery: one, collections: [], notAccepted: [] },
    members: [
      {
        ...{ account: "ab", name: "Mara", role: "editor", isSelf: false },
        devices: devices.map((device) => ({
          ...{ device, code: "", isSequencer: false, isThis: device === "this" },
        })),
      },
    ],
  },
});

test("a device that is met twice is listed once, with its traffic together", () => {
  const networks = [network("one", ["a@one", "this", "gone"]), network("two", ["a@two"])];
  const devices = linkedDevices(networks, [
    ...[peer("one", "b", "relayed"), peer("one", "a", "direct"), peer("two", "a", "direct")],
  ]);
  expect(devices.map(({ key, path }) => `${key} ${path}`)).toEqual([
    ...["a direct", "b relayed", "one/gone away"],
  ]);
  expect(devices[0]).toMatchObject({
    ...{ name: "Device a@one of Mara", label: "Mara", networks: ["Network one", "Network two"] },
    ...{ roundTripMs: 10, bytesSent: 6, bytesReceived: 8 },
  });
});

test("where there are more than this device connects with, others are not away", () => {
  const peers = Array.from({ length: directPeersMax }, (_, at) => peer("one", `p${at}`, "direct"));
  const networks = [network("one", ["gone"])];
  const pathOf = (met: readonly PeerInfo[]): string | undefined =>
    linkedDevices(networks, met).at(-1)?.path;
  expect(pathOf(peers)).toBe("beyond");
  expect(pathOf(peers.slice(1))).toBe("away");
});

test("the picture draws what is known: own connections, and none for who is away", () => {
  const devices = linkedDevices(
    [network("one", ["gone"])],
    [peer("one", "a", "direct"), peer("one", "b", "relayed")],
  );
  const reachedRelay = { address: relay, isReached: true };
  const picture = pictureOf([reachedRelay, { address: "other", isReached: false }], devices);
  expect(picture.lines.map(({ key, kind }) => `${key} ${kind}`)).toEqual([
    ...[`to ${relay} relay`, "to other relay-away", "a direct", "b relayed"],
  ]);
  expect(picture.devices.map(({ path }) => path)).toEqual(["direct", "relayed", "away"]);
  for (const { x, y } of [picture.self, ...picture.relays, ...picture.devices]) {
    expect(x > 0 && x < picture.width && y > 0 && y < picture.height).toBe(true);
  }
  expect(pictureOf([], devices).lines.map(({ kind }) => kind)).toEqual(["direct"]);
});

test.each([
  ["wss://relay.example", "/dns/relay.example/tcp/443/tls/ws"],
  ["https://relay.example:8443/x", "/dns/relay.example/tcp/8443/tls/ws"],
  ["http://192.168.1.5:5173", "/ip4/192.168.1.5/tcp/5173/ws"],
  ["ws://[::1]:5173", "/ip6/::1/tcp/5173/ws"],
  [relay, relay],
  ["http://", "http://"],
])("%s is the relay %s", (given, address) => {
  expect(relayAddressOf(given)).toBe(address);
});
