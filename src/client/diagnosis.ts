/**
 * What works of the connection, step by step, from this page's own network to each peer: the first
 * step that failed is where to look. Pure, so that every case can be tried; doctor.ts finds out.
 */
import { clockAheadMillisecondsMax } from "../core/base/limits.ts";
import { unreachable } from "../core/base/result.ts";
import type { DirectAttempts, RelayFault } from "../core/net/carrier.ts";
import {
  allowsWebrtc,
  type ConnectionSettings,
  type Connectivity,
  type PeerConnectivity,
} from "../core/wire/connection.ts";

/** In the order in which one rests on the other. */
export type DiagnosisStepName =
  /** The browser has a network. */
  | "online"
  /** This device's clock agrees with its page's server. Not said where nobody can tell. */
  | "clock"
  /** The page's libp2p node runs, in this tab or another. */
  | "network"
  /** WebRTC can exist here: the way to peers without a relay between. */
  | "webrtc"
  /** Each relay is reached. */
  | "relay"
  /** Peers can reach this device through it. */
  | "reservation"
  /** It was told for whom this device looks, and has answered. */
  | "rendezvous"
  /** Somebody was named. */
  | "peers"
  /** Each peer is connected. */
  | "peer";

/** What was found of one step. */
export interface DiagnosisStep {
  readonly step: DiagnosisStepName;
  /** `waiting`: under way, or for somebody else to do. `skipped`: there is nothing to try. */
  readonly state: "ok" | "failed" | "skipped" | "waiting";
  readonly reason: DiagnosisReason;
  /** A relay's address, or a peer as `PeerInfo.transportId` names it; null: all of this device. */
  readonly subject: string | null;
  /** Milliseconds since 1970: it is so since then, as far as that is known. */
  readonly since: number | null;
  /** Why a greeting was refused, as `health().refusals` names it; null with other reasons. */
  readonly detail: string | null;
  /** Of the step `webrtc`, where its network tries any: since that started in whichever tab. */
  readonly attempts?: DirectAttempts;
}

/** Why a step stands as it does, in groups: the first of each says with which state they go. */
export type DiagnosisReason =
  /** ok */
  | "well"
  | "direct"
  | "memory"
  | "relayed"
  | "relayed-webrtc-missing"
  | "relayed-webrtc-fails"
  | "relayed-by-choice"
  | "relayed-between"
  /** failed: online, clock, network, webrtc */
  | "offline"
  | "clock-fast"
  | "clock-slow"
  | "not-started"
  | "webrtc-missing"
  | "webrtc-fails"
  | "webrtc-no-way"
  /** failed: relay, reservation, peer */
  | RelayFault
  | "silent"
  | "other-version"
  | "refused"
  /** skipped */
  | "no-page"
  | "switched-off"
  | "relay-only"
  | "relay-away"
  | "no-network"
  /** Others are looked for in the relays' DHT. */
  | "dht"
  /** waiting */
  | "starting"
  | "connecting"
  | "reserving"
  | "registering"
  | "nobody-named"
  | "awaiting-peer"
  | "greeting";

/** `no-way`: it exists, and finds no address by which anybody could reach this device. */
export type WebrtcFinding = "works" | "missing" | "fails" | "no-way";

export interface Findings {
  /** null: nobody can say, outside of pages. */
  readonly isOnline: boolean | null;
  /** Milliseconds of this device's clock before its page's server's; null: nobody can say. */
  readonly clockAheadMs: number | null;
  readonly network: "running" | "starting" | "not-started" | "switched-off";
  /** null: not tried, since the settings allow none, or outside of pages. */
  readonly webrtc: WebrtcFinding | null;
  readonly settings: ConnectionSettings;
  readonly connectivity: Connectivity | null;
  /** Networks of this device that have others to be found. */
  readonly networks: number;
  /** Peers that were met in a network, as carriers name them. */
  readonly met: ReadonlySet<string>;
}

export const diagnose = (findings: Findings): readonly DiagnosisStep[] => [
  onlineStep(findings),
  ...(findings.clockAheadMs === null ? [] : [clockStep(findings.clockAheadMs)]),
  networkStep(findings),
  webrtcStep(findings),
  ...(findings.connectivity?.relays ?? []).flatMap((relay) => relaySteps(findings, relay)),
  ...(findings.connectivity === null ? [] : [peersStep(findings, findings.connectivity)]),
  ...(findings.connectivity?.peers ?? []).map((peer) => peerStep(findings, peer)),
];

type Verdict = Pick<DiagnosisStep, "state" | "reason"> & Partial<DiagnosisStep>;

const stepOf = (step: DiagnosisStepName, verdict: Verdict): DiagnosisStep => ({
  ...{ step, subject: null, since: null, detail: null },
  ...verdict,
});

const well: Verdict = { state: "ok", reason: "well" };

const onlineStep = ({ isOnline }: Findings): DiagnosisStep => {
  if (isOnline === null) return stepOf("online", { state: "skipped", reason: "no-page" });
  return stepOf("online", isOnline ? well : { state: "failed", reason: "offline" });
};

/** From where on values of others are told to be ahead, or ours are told so to them. */
const clockStep = (aheadMs: number): DiagnosisStep => {
  if (Math.abs(aheadMs) <= clockAheadMillisecondsMax) return stepOf("clock", well);
  const reason = aheadMs > 0 ? "clock-fast" : "clock-slow";
  return stepOf("clock", { state: "failed", reason });
};

const networkStep = ({ network }: Findings): DiagnosisStep => {
  const verdicts: Readonly<Record<Findings["network"], Verdict>> = {
    running: well,
    starting: { state: "waiting", reason: "starting" },
    "not-started": { state: "failed", reason: "not-started" },
    "switched-off": { state: "skipped", reason: "switched-off" },
  };
  return stepOf("network", verdicts[network]);
};

const webrtcStep = ({ webrtc, settings, connectivity }: Findings): DiagnosisStep => {
  if (webrtc === null) {
    const reason = allowsWebrtc(settings) ? "no-page" : "relay-only";
    return stepOf("webrtc", { state: "skipped", reason });
  }
  const attempts = connectivity?.direct;
  const verdict: Verdict =
    webrtc === "works" ? well : { state: "failed", reason: `webrtc-${webrtc}` };
  return stepOf("webrtc", { ...verdict, ...(attempts === undefined ? {} : { attempts }) });
};

type RelayFound = Connectivity["relays"][number];

const relaySteps = (findings: Findings, relay: RelayFound): readonly DiagnosisStep[] =>
  [
    stepOf("relay", relayVerdict(findings, relay)),
    stepOf("reservation", reservationVerdict(relay)),
    // Without a network there is nobody to look for, which is said once, of the peers
    ...(findings.networks === 0 ? [] : [stepOf("rendezvous", rendezvousVerdict(relay))]),
  ].map((step) => ({ ...step, subject: relay.address, since: relay.since }));

const relayVerdict = ({ isOnline }: Findings, found: RelayFound): Verdict => {
  const { state, fault, isNamed } = found;
  if (state !== "connecting") return well;
  // A network that names a relay of this device's own costs nothing
  if (isNamed && fault === "same-relay") return { state: "skipped", reason: fault };
  // Whatever it says of itself, it is not to blame
  if (isOnline === false) return { state: "skipped", reason: "offline" };
  // It is reached, and left for its own reason
  if (fault === null || fault === "no-reservation") return waiting("connecting");
  return { state: "failed", reason: fault };
};

const reservationVerdict = ({ state, fault }: RelayFound): Verdict => {
  if (state === "reserved") return well;
  if (fault === "no-reservation") return { state: "failed", reason: fault };
  return state === "connecting" ? away : waiting("reserving");
};

const rendezvousVerdict = (relay: RelayFound): Verdict => {
  if (relay.state === "connecting") return away;
  if (relay.isRegistered === null) return { state: "skipped", reason: "dht" };
  return relay.isRegistered ? well : waiting("registering");
};

const away: Verdict = { state: "skipped", reason: "relay-away" };

const waiting = (reason: DiagnosisReason): Verdict => ({ state: "waiting", reason });

const peersStep = ({ networks }: Findings, { relays, peers }: Connectivity): DiagnosisStep => {
  if (networks === 0) return stepOf("peers", { state: "skipped", reason: "no-network" });
  if (peers.length > 0) return stepOf("peers", well);
  const isSomeoneAsked = relays.length === 0 || relays.some(({ state }) => state !== "connecting");
  return stepOf("peers", isSomeoneAsked ? waiting("nobody-named") : away);
};

const peerStep = (findings: Findings, peer: PeerConnectivity): DiagnosisStep =>
  stepOf("peer", { ...peerVerdict(findings, peer), subject: peer.peer, since: peer.since });

const peerVerdict = (findings: Findings, peer: PeerConnectivity): Verdict => {
  switch (peer.path) {
    case "connecting":
      if (peer.fault === "any") return { state: "failed", reason: "silent" };
      if (peer.fault === "protocol") return { state: "failed", reason: "other-version" };
      return waiting(peer.isDialer ? "connecting" : "awaiting-peer");
    case "direct":
    case "memory":
    case "relayed":
      if (findings.met.has(peer.peer)) return { state: "ok", reason: pathReason(findings, peer) };
      return peer.refusal === null
        ? waiting("greeting")
        : { state: "failed", reason: "refused", detail: peer.refusal };
    default:
      return unreachable(peer.path);
  }
};

/** Why there is a relay between, as far as this side can know. */
const pathReason = (
  { settings, webrtc }: Findings,
  { path, fault }: PeerConnectivity,
): DiagnosisReason => {
  if (path === "direct" || path === "memory") return path;
  if (!allowsWebrtc(settings)) return "relayed-by-choice";
  if (webrtc === "missing") return "relayed-webrtc-missing";
  if (webrtc === "fails" || webrtc === "no-way") return "relayed-webrtc-fails";
  return fault === "direct" ? "relayed-between" : "relayed";
};
