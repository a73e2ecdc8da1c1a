/**
 * Mutants of settings and diagnosis of the connection: each shows an address that was to be hidden,
 * or a document that nobody shared, or tells a person something that is not so. All names begin
 * with "connection: ".
 */
import type { Mutant } from "./mutant.ts";

const carrying = "tests/unit/client/carrying.test.ts";
const diagnosis = "tests/unit/client/diagnosis.test.ts";
const settings = "tests/unit/client/connectionSettings.test.ts";

export const connectionMutants: readonly Mutant[] = [
  {
    name: "connection: settings that cannot be read show the address of this device",
    file: "src/engine/connectionSettings.ts",
    text: "{ ...defaultConnection, relayOnly: true }",
    instead: "{ ...defaultConnection }",
    killedBy: settings,
  },
  {
    name: "connection: who set a connection before there was a choice asks no relay any more",
    file: "src/engine/connectionSettings.ts",
    text: "rendezvous = true] =",
    instead: "rendezvous = false] =",
    killedBy: settings,
  },
  {
    name: "connection: relays are asked who is there although a person chose the DHT alone",
    file: "src/core/wire/connection.ts",
    text: "asked.rendezvous && (rendezvous || !asked.dht)",
    instead: "asked.rendezvous || rendezvous",
    killedBy: settings,
  },
  {
    name: "connection: what is set is used after a reload alone",
    file: "src/client/carrying.ts",
    text: '  session.events.on("connection", () => {\n',
    instead: '  session.events.on("closed", () => {\n',
    killedBy: carrying,
  },
  {
    name: "connection: a relay without a TURN server counts as a way for WebRTC",
    file: "src/core/wire/connection.ts",
    text: "  !relayOnly || iceServers.some",
    instead: "  true || iceServers.some",
    killedBy: diagnosis,
  },
  {
    name: "connection: a relay is blamed while the browser is offline",
    file: "src/client/diagnosis.ts",
    text: '  if (isOnline === false) return { state: "skipped", reason: "offline" };\n',
    instead: "",
    killedBy: diagnosis,
  },
  {
    name: "connection: a greeting that was refused counts as under way",
    file: "src/engine/sync/greet.ts",
    text: "  line.refusal = result.ok ? null : result.error;\n",
    instead: "",
    killedBy: "tests/unit/api/diagnose.test.ts",
  },
  {
    name: "connection: two addresses of one relay take it from each other",
    file: "src/net/relayLinks.ts",
    text: "      return own.some(meets(relay));\n",
    instead: "      return false;\n",
    killedBy: "tests/unit/net/peerNode.test.ts",
  },
  {
    name: "connection: a relay that a network named is told of all networks",
    file: "src/net/peerNode.ts",
    text: "relays.setTags(tags, named);",
    instead: "relays.setTags(tags, named.map(({ relay }) => ({ relay, tags })));",
    killedBy: "tests/unit/net/peerNode.test.ts",
  },
  {
    name: "connection: what came over the internet may name the router at home",
    file: "src/core/net/relayReach.ts",
    text: '  if (reaches.indexOf(reachOf(host)) < reaches.indexOf(least)) return "narrower";\n',
    instead: "",
    killedBy: "tests/unit/client/invitedRelays.test.ts",
  },
  {
    name: "connection: an invite names relays of other networks",
    file: "src/client/invitedRelays.ts",
    text: ".filter(({ isNamed }) => !isNamed)",
    instead: "",
    killedBy: "tests/unit/client/invitedRelays.test.ts",
  },
  {
    name: "connection: attaching moves what is private in that network",
    file: "src/engine/homes.ts",
    text: "    if (isPrivate) draft.write(local",
    instead: "    if (isPrivate && ids.length === 0) draft.write(local",
    killedBy: "tests/unit/api/privateByDefault.test.ts",
  },
  {
    name: "connection: what is written where documents are private is shared",
    file: "src/engine/writes.ts",
    text: 'shared !== null && isPrivateIn(shared) ? "private" : "shared"',
    instead: `shared !== null && !isPrivateIn(shared) ? "private" : "shared"`,
    killedBy: "tests/unit/api/privateByDefault.test.ts",
  },
  {
    name: "connection: the relays of a network that was left are asked for ever",
    file: "src/engine/membership.ts",
    text: "    relaysChange(networkHash, []),\n",
    instead: "",
    killedBy: "tests/unit/engine/networkRelays.test.ts",
  },
  {
    name: "a clock that is slow is called fast",
    file: "src/client/diagnosis.ts",
    text: 'aheadMs > 0 ? "clock-fast" : "clock-slow"',
    instead: 'aheadMs > 0 ? "clock-fast" : "clock-fast"',
    killedBy: "tests/unit/client/diagnosis.test.ts",
  },
  {
    name: "a clock counts as off that differs by less than values may be ahead",
    file: "src/client/diagnosis.ts",
    text: "Math.abs(aheadMs) <= clockAheadMillisecondsMax",
    instead: "Math.abs(aheadMs) < clockAheadMillisecondsMax",
    killedBy: "tests/unit/client/diagnosis.test.ts",
  },
  {
    name: "a server that is away says that the clock is right",
    file: "src/client/serverClock.ts",
    text: "    // Without a network, or while the server is away\n    return null;",
    instead: "    return Date.now();",
    killedBy: "tests/unit/client/serverClock.test.ts",
  },
];
