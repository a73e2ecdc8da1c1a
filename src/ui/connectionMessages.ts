/**
 * What a person reads of how this device connects. Apart from the other texts, since it is loaded
 * with that view, which the first page does without.
 */
import type { DiagnosisStep } from "../client/networkTypes.ts";
import { count, inDigits } from "./messages.ts";

export interface StepWords {
  readonly text: string;
  /** What to do, or what follows from it; empty: nothing. */
  readonly advice: string;
}

const words = (text: string, advice = ""): StepWords => ({ text, advice });

const noNetwork = words("This device is in no network yet, so it looks for nobody.");

/** By step, then by reason: whatever `diagnose()` can say. */
const stepTable: Readonly<
  Record<DiagnosisStep["step"], Readonly<Partial<Record<DiagnosisStep["reason"], StepWords>>>>
> = {
  online: {
    well: words("This browser has a network."),
    offline: words(
      "This browser is offline.",
      "Check the Wi-Fi or the cable. What you write is kept here and sent when you are back.",
    ),
    "no-page": words("Nobody can tell here whether there is a network."),
  },
  clock: {
    well: words("This device's clock agrees with the server of this page."),
    "clock-fast": words(
      "This device's clock is fast.",
      "Set it right in the system's settings. What you write gives way meanwhile to what others " +
        "write, and devices whose clocks are more than two days apart do not find each other.",
    ),
    "clock-slow": words(
      "This device's clock is slow.",
      "Set it right in the system's settings. What others write gives way here meanwhile, and " +
        "devices whose clocks are more than two days apart do not find each other.",
    ),
  },
  network: {
    well: words("The app's own network runs."),
    starting: words("The app's own network is starting."),
    "not-started": words(
      "The app's own network could not be started.",
      "Reload the page. If that does not help, update the browser.",
    ),
    "switched-off": words("The app's own network is switched off."),
  },
  webrtc: {
    well: words("Direct connections are possible in this browser."),
    "webrtc-missing": words(
      "This browser has no WebRTC, so it makes no direct connections.",
      "Relays carry everything, sealed, only slower. Look for WebRTC in the browser's settings " +
        "or its extensions, or use another browser.",
    ),
    "webrtc-fails": words(
      "WebRTC is blocked in this browser, so it makes no direct connections.",
      "Relays carry everything, sealed, only slower. An extension or a rule of your organisation " +
        "may block it.",
    ),
    "webrtc-no-way": words(
      "WebRTC finds no address at which this device could be reached.",
      "Relays carry everything, sealed, only slower. If a STUN or TURN server is set below, " +
        "check its address, user name and password.",
    ),
    "relay-only": words("This device is set to show its address to nobody."),
    "no-page": words("There are no direct connections here."),
  },
  relay: {
    well: words("The relay is reached."),
    connecting: words("Connecting with the relay…"),
    offline: words("Not reached while this browser is offline."),
    unreachable: words(
      "Nobody answers as a relay at this address.",
      "Check that the relay runs and that the address is right. It is tried again and again; " +
        "direct connections that stand live on meanwhile.",
    ),
    "unusable-address": words(
      "A browser cannot use this address.",
      "Remove it below, and add the one that the relay prints.",
    ),
    "another-relay": words(
      "Another relay answers at this address than the one that it names.",
      "The relay was set up anew, or somebody stands between. Ask who runs it for the new address.",
    ),
    "same-relay": words(
      "This is the same relay as at another address of the list.",
      "Only one of them is used. Remove one below, or leave it for when the other fails.",
    ),
    "no-rendezvous": words(
      "What answers at this address is no relay of NebulusDB.",
      "Remove it below, and add another one.",
    ),
    lost: words("The connection with the relay was lost; it is being made again."),
  },
  reservation: {
    well: words("Others can reach this device through it."),
    reserving: words("Asking the relay to let others through to this device…"),
    "no-reservation": words(
      "The relay lets nobody through to this device.",
      "It may be full. Others can be met through another relay: add one below.",
    ),
    "relay-away": words("Others reach this device through it once it is reached itself."),
  },
  rendezvous: {
    well: words("It knows for whom this device looks."),
    registering: words("Telling the relay for whom this device looks…"),
    dht: words("It is not asked who is there: others are looked for in the list of all relays."),
    "relay-away": words("It is told for whom this device looks once it is reached."),
  },
  peers: {
    well: words("Other devices are there."),
    "nobody-named": words(
      "No other device of your networks is online through these relays.",
      "Open the app on the other device, and see that it uses the same relay.",
    ),
    "no-network": noNetwork,
    "relay-away": words("Nobody can be looked for: no relay is reached."),
  },
  peer: {
    direct: words("Connected directly."),
    memory: words("Connected in memory."),
    relayed: words(
      "Connected through a relay, sealed end to end.",
      "A direct connection is tried by the other device now and then.",
    ),
    "relayed-webrtc-missing": words(
      "Connected through a relay, sealed end to end: this browser has no WebRTC.",
    ),
    "relayed-webrtc-fails": words(
      "Connected through a relay, sealed end to end: WebRTC does not work in this browser.",
    ),
    "relayed-by-choice": words(
      "Connected through a relay, sealed end to end: this device shows its address to nobody.",
    ),
    "relayed-between": words(
      "Connected through a relay, sealed end to end: no direct way was found.",
      "A firewall stands between, or the other browser blocks WebRTC. A TURN server can help. It " +
        "is tried again now and then.",
    ),
    silent: words(
      "It was named by a relay, and does not answer.",
      "It may just have gone. It is tried again for as long as a relay names it.",
    ),
    "other-version": words(
      "It answers, and speaks another version of NebulusDB.",
      "Reload the app on both devices.",
    ),
    refused: words("It answers, and the two do not come together."),
    connecting: words("Connecting…"),
    "awaiting-peer": words("Named by a relay; the other device is to connect."),
    greeting: words("Connected; each proves to the other that it belongs."),
  },
};

const unexplained = words("Something that this version has no words for.");

/** Why two devices that reach each other do not come together, by the greeting's own reason. */
const refusals = new Map([
  ["removed", "One of them was removed from the network."],
  ["no-common-network", "They have no network in common."],
  ["timeout", "The other one did not go on; it is tried again."],
  ["closed", "The other one ended it, as who is not in the same network does. It is tried again."],
  ["version", "One of them runs another version of NebulusDB: reload both."],
  ["critical-extension", "One of them runs another version of NebulusDB: reload both."],
  ["own-device", "Both are the same device: this profile was copied."],
  ["own-peer", "Both are the same device: this profile was copied."],
]);

export const connectionMessages = {
  title: "Connection",
  unknown: "A device that has not said yet which one it is",
  step: ({ step, reason }: Pick<DiagnosisStep, "step" | "reason">): StepWords =>
    stepTable[step][reason] ?? unexplained,
  attempts: (succeeded: number, tried: number) =>
    `Direct connections tried by this device: ${String(tried)}. Made: ${String(succeeded)}.`,
  refusal: (detail: string) =>
    refusals.get(detail) ?? `The other one could not prove that it belongs (${detail}).`,

  check: "What works",
  checkAgain: "Check again",
  checking: "Checking…",
  checked: "Checked.",
  states: { ok: "Works", failed: "Does not work", skipped: "Not tried", waiting: "Waits" },
  summary: {
    well: (devices: number, direct: number) => {
      const some = direct === 0 ? "none" : inDigits(direct);
      const share = direct === devices ? "all" : some;
      return `${count(devices, "device")} connected, ${share} directly.`;
    },
    alone: "This device is ready. Nobody else is there at the moment.",
    noNetwork: "This device is ready. It is in no network yet: make or join one under Sharing.",
    trying: "Connecting…",
    failed: "Something stands in the way:",
  },
  since: (when: string) => `since ${when}`,

  peers: "Devices",
  noPeers: "No other device is connected.",
  pathsOf: {
    direct: "connected directly",
    relayed: "through a relay, sealed end to end",
    memory: "in memory",
  },
  away: "away",
  beyond:
    "not connected with this device, which has as many connections as it keeps: met through the " +
    "others if it is online",
  roundTrip: (ms: number | null) =>
    ms === null ? "round trip not measured yet" : `round trip ${inDigits(Math.ceil(ms))} ms`,
  traffic: (sent: string, received: string) => `${sent} sent, ${received} received`,
  thisDevice: "This device",
  relay: (number: number, of: number) => (of === 1 ? "Relay" : `Relay ${inDigits(number)}`),
  picture: (direct: number, relayed: number, away: number) =>
    `This device has ${count(direct, "direct connection")}, ` +
    `${count(relayed, "connection")} through a relay, and none with ${count(away, "device")} of ` +
    "your networks. Each is listed below.",
  legend:
    "Solid: direct. Dashed: through a relay. Pale: not connected. Only this device's own " +
    "connections are drawn: nobody tells with whom others are connected.",

  relays: "Relays",
  relaysText:
    "A relay lets devices find each other, and carries what cannot go directly. It sees who " +
    "meets, and never what is in it.",
  relayOfPage: "The relay that serves this app",
  relayOfNetworks: (networks: readonly string[]) =>
    `Named by the invite into ${networks.join(", ")}: asked about that alone`,
  forgetNamed: (what: string, network: string) => `Remove ${what} of ${network}`,
  relayStates: {
    reserved: "ready: others reach this device through it",
    connected: "connected",
    connecting: "connecting",
    failed: "not reached",
    same: "the same relay as another one here",
  },
  addRelay: "Add a relay",
  relayAddress: "Address of the relay",
  relayHint: "As the relay prints it, or like wss://relay.example",
  relayMissing: "An address is needed.",
  relayWrong:
    "A browser cannot use this address. It looks like /dns/relay.example/tcp/443/tls/ws or " +
    "wss://relay.example.",
  relayPlain:
    "This app came over https, and from there browsers reach relays over TLS alone: an address " +
    "with /tls/ws, or wss://.",
  relayKnown: "It is in the list already.",
  relayAdded: "Added. It is being connected.",
  byList: "Find others by the common list alone",
  byListText:
    "Else a relay tells at once who is there. With this switched on it is not asked; others are " +
    "found by the list that all relays keep in common (a DHT), within seconds or half a minute, " +
    "and only those who have it switched on too.",
  add: "Add",
  remove: "Remove",
  removeNamed: (what: string) => `Remove ${what}`,
  removed: "Removed.",

  privacy: "Privacy",
  relayOnly: "Show my address to nobody",
  relayOnlyText:
    "Direct connections show other devices the network address of this one, from which one can " +
    "guess roughly where it is. With this switched on, everything goes through relays, or " +
    "through the TURN server below if one is set: slower, still sealed. Relays see the address.",

  servers: "STUN and TURN servers",
  serversText:
    "They help two devices behind different routers to connect directly (STUN), or carry what " +
    "goes between them (TURN). None is set unless you name one: whoever runs it sees the address " +
    "of this device.",
  addServer: "Add a server",
  serverUrl: "Address of the server",
  serverUrlHint: "Like stun:stun.example:3478 or turns:turn.example:5349",
  serverUrlWrong: "It begins with stun:, stuns:, turn: or turns:, then the host.",
  serverUrlMissing: "An address is needed.",
  username: "User name",
  credential: "Password",
  turnNeeds: "A TURN server needs it.",
  serverAdded: "Added. It is used from now on.",
  onlyTurn: "Only for TURN servers",

  frames: "Log of frames",
  noteFrames: "Note what goes to and fro",
  framesText:
    "For whoever looks for what is wrong between two devices: which kind of frame went to or " +
    "came from which device, when, and how many bytes it had. What is in a frame is never noted " +
    "and never shown. It goes on while this dialog is closed, in memory alone, until it is " +
    "switched off or the tab that keeps it closes.",
  noFrames: "Nothing went to or came from anybody yet.",
  framesShown: (noted: number, shown: number) =>
    noted <= shown
      ? `${count(noted, "frame")}, the latest first.`
      : `The latest ${inDigits(shown)} of ${inDigits(noted)} frames. The text has them all.`,
  frameWays: {
    sent: (device: string) => `to ${device}`,
    received: (device: string) => `from ${device}`,
  },
  /** Of whom it is not known by what name networks know it. */
  endPoint: (end: string) => `an end point ${end}`,
  copyFrames: "Copy as text",
  framesCopied: "Copied: times, ways with names of devices, kinds and sizes.",
  framesNotCopied: "This browser did not let it be copied.",
};
