/** What the connection doctor says, case by case: the first step that failed is the cause. */
import { expect, test } from "vitest";
import { clockAheadMillisecondsMax } from "../../../src/core/base/limits.ts";
import { diagnose, type DiagnosisStep, type Findings } from "../../../src/client/diagnosis.ts";
import {
  defaultConnection,
  type Connectivity,
  type PeerConnectivity,
} from "../../../src/core/wire/connection.ts";

const relay: Connectivity["relays"][number] = {
  ...{ address: "/dns/relay/tcp/443/wss", state: "reserved", isRegistered: true },
  ...{ fault: null, isNamed: false, since: 7 },
};
const peer: PeerConnectivity = {
  ...{ peer: "them", path: "direct", isDialer: true, fault: null, refusal: null, since: 9 },
};
const well: Findings = {
  ...{
    isOnline: true,
    clockAheadMs: 0,
    network: "running",
    webrtc: "works",
    settings: defaultConnection,
  },
  ...{ connectivity: { relays: [relay], peers: [peer] }, networks: 1, met: new Set(["them"]) },
};

const short = (steps: readonly DiagnosisStep[]): readonly string[] =>
  steps.map(({ step, state, reason }) => `${step} ${state} ${reason}`);

/** What is not well. */
const faults = (findings: Partial<Findings>): readonly string[] =>
  short(diagnose({ ...well, ...findings }).filter(({ reason }) => reason !== "well"));

const withRelay = (change: Partial<typeof relay>): Partial<Findings> => ({
  connectivity: { relays: [{ ...relay, ...change }], peers: [] },
});
const withPeer = (change: Partial<PeerConnectivity>): Partial<Findings> => ({
  connectivity: { relays: [relay], peers: [{ ...peer, ...change }] },
});

test("where all is well every step says so, in order, with its subject and since when", () => {
  const steps = diagnose(well);
  expect(short(steps)).toEqual([
    ...["online ok well", "clock ok well", "network ok well", "webrtc ok well", "relay ok well"],
    ...["reservation ok well", "rendezvous ok well", "peers ok well", "peer ok direct"],
  ]);
  expect(steps[4]).toMatchObject({ subject: relay.address, since: 7, detail: null });
  expect(steps[8]).toMatchObject({ subject: "them", since: 9 });
});

test("offline, and a network that could not be started", () => {
  expect(faults({ isOnline: false })).toEqual(["online failed offline", "peer ok direct"]);
  const away = withRelay({ state: "connecting", isRegistered: false, fault: "unreachable" });
  expect(faults({ isOnline: false, ...away }).slice(0, 2)).toEqual([
    ...["online failed offline", "relay skipped offline"],
  ]);
  expect(faults({ connectivity: null, network: "not-started" })).toEqual([
    "network failed not-started",
  ]);
  expect(faults({ connectivity: null, network: "switched-off" })).toEqual([
    "network skipped switched-off",
  ]);
});

test.each(["unreachable", "unusable-address", "another-relay", "no-rendezvous", "lost"] as const)(
  "a relay that is of no use (%s) leaves nothing to try behind it",
  (fault) => {
    const found = withRelay({ state: "connecting", isRegistered: false, fault });
    expect(faults(found)).toEqual([
      ...[`relay failed ${fault}`, "reservation skipped relay-away"],
      ...["rendezvous skipped relay-away", "peers skipped relay-away"],
    ]);
  },
);

test("a clock that is off by more than values may be ahead is named; unknown it is no step", () => {
  const bound = clockAheadMillisecondsMax;
  const found = [bound, bound + 1, -bound, -bound - 1].map((clockAheadMs) =>
    faults({ clockAheadMs }).filter((fault) => fault.startsWith("clock")),
  );
  expect(found).toEqual([[], ["clock failed clock-fast"], [], ["clock failed clock-slow"]]);
  const unknown = diagnose({ ...well, clockAheadMs: null });
  expect(unknown.map(({ step }) => step)).not.toContain("clock");
});

test("a relay that is tried for the first time, registers, or gives no reservation", () => {
  const connecting = withRelay({ state: "connecting", isRegistered: false });
  expect(faults(connecting)[0]).toBe("relay waiting connecting");
  expect(faults(withRelay({ state: "connected", isRegistered: false }))).toEqual([
    ...["reservation waiting reserving", "rendezvous waiting registering"],
    "peers waiting nobody-named",
  ]);
  expect(faults(withRelay({ isRegistered: null }))[0]).toBe("rendezvous skipped dht");
  const refused = withRelay({ state: "connecting", isRegistered: false, fault: "no-reservation" });
  expect(faults(refused).slice(0, 2)).toEqual([
    ...["relay waiting connecting", "reservation failed no-reservation"],
  ]);
});

test("nobody else, and no network to find others of", () => {
  expect(faults(withRelay({}))).toEqual(["peers waiting nobody-named"]);
  expect(faults({ ...withRelay({}), networks: 0 })).toEqual(["peers skipped no-network"]);
});

test("WebRTC that is missing, fails, or finds no way, with what that means for a peer", () => {
  const relayed = withPeer({ path: "relayed", fault: "direct" });
  for (const [webrtc, why] of [
    ["missing", "missing"],
    ["fails", "fails"],
    ["no-way", "fails"],
  ] as const) {
    expect(faults({ ...relayed, webrtc })).toEqual([
      ...[`webrtc failed webrtc-${webrtc}`, `peer ok relayed-webrtc-${why}`],
    ]);
  }
});

test("a relay between, by choice, by what stands between, or for a while", () => {
  const relayed = withPeer({ path: "relayed" });
  const settings = { ...defaultConnection, relayOnly: true };
  expect(faults({ ...relayed, settings, webrtc: null })).toEqual([
    ...["webrtc skipped relay-only", "peer ok relayed-by-choice"],
  ]);
  const turn = { urls: ["turn:turn.example"], username: "u", credential: "c" };
  const withTurn = { ...settings, iceServers: [turn] };
  expect(faults({ ...relayed, settings: withTurn })).toEqual(["peer ok relayed"]);
  expect(faults(withPeer({ path: "relayed", fault: "direct" }))).toEqual([
    "peer ok relayed-between",
  ]);
  expect(faults(relayed)).toEqual(["peer ok relayed"]);
});

test("a peer that is silent, is waited for, greets, or refused the greeting", () => {
  const met = new Set<string>();
  const verdict = (change: Partial<PeerConnectivity>): string | undefined =>
    faults({ ...withPeer(change), met })[0];
  expect(verdict({ path: "connecting", fault: "any" })).toBe("peer failed silent");
  expect(verdict({ path: "connecting", fault: "protocol" })).toBe("peer failed other-version");
  expect(verdict({ path: "connecting" })).toBe("peer waiting connecting");
  expect(verdict({ path: "connecting", isDialer: false })).toBe("peer waiting awaiting-peer");
  expect(verdict({ refusal: null })).toBe("peer waiting greeting");
  expect(verdict({ refusal: "removed" })).toBe("peer failed refused");
  const steps = diagnose({ ...well, ...withPeer({ refusal: "removed" }), met });
  expect(steps.at(-1)?.detail).toBe("removed");
});

test("K-040 how many direct connections were tried, and came, stands with WebRTC", () => {
  const direct = { tried: 4, succeeded: 3 };
  const webrtcOf = (connectivity: Connectivity) =>
    diagnose({ ...well, connectivity }).find(({ step }) => step === "webrtc");
  const tried = webrtcOf({ relays: [relay], peers: [peer], direct });
  expect(tried).toMatchObject({ state: "ok", attempts: direct });
  expect(webrtcOf({ relays: [relay], peers: [peer] })).not.toHaveProperty("attempts");
});
