/**
 * Mutants of the relay: each lets strangers take what is for members, or ends what must stay.
 */
import type { Mutant } from "./mutant.ts";

const admission = "tests/unit/relay/admission.test.ts";
const configuration = "tests/unit/relay/configuration.test.ts";
const neighbours = "tests/unit/relay/neighbours.test.ts";
const operation = "tests/unit/relay/operation.test.ts";
const records = "tests/unit/relay/records.test.ts";
const reservations = "tests/unit/relay/reservations.test.ts";
const webSocketGuard = "tests/unit/relay/webSocketGuard.test.ts";

export const relayMutants: readonly Mutant[] = [
  {
    name: "a frame that breaks the rules ends the relay",
    file: "relay/webSockets.ts",
    text: '      webSocket.on("error", () => undefined);\n',
    instead: "",
    killedBy: operation,
  },
  {
    name: "a guest goes before it was heard",
    file: "relay/admission.ts",
    text: "    onceRead(() => {\n",
    instead: "    ((run: () => void) => run())(() => {\n",
    killedBy: admission,
  },
  {
    name: "a peer is a guest for ever",
    file: "relay/admission.ts",
    text: "!guests.delete(socket)) return;",
    instead: "!guests.has(socket)) return;",
    killedBy: admission,
  },
  {
    name: "a message in parts may be of any length",
    file: "relay/webSocketGuard.ts",
    text: "opcode === continuation ? messageBytes + length : length",
    instead: "opcode === continuation ? length : length",
    killedBy: webSocketGuard,
  },
  {
    name: "a reservation ends though it was renewed",
    file: "relay/reservations.ts",
    text: "  signal.clear();\n  let cancel",
    instead: "  let cancel",
    killedBy: reservations,
  },
  {
    name: "the relay dials wherever it is told",
    file: "relay/node.ts",
    text: "!neighbours.mayDial(address)",
    instead: "neighbours.mayDial(address) && false",
    killedBy: neighbours,
  },
  {
    name: "a provider outlives its peer",
    file: "relay/records.ts",
    text: "this.#providersByPeer.get(name) ?? []",
    instead: "this.#providersByPeer.get(name + name) ?? []",
    killedBy: records,
  },
  {
    name: "the file wins over the flags",
    file: "relay/configuration.ts",
    text: "new Map([...file, ...variables, ...flags])",
    instead: "new Map([...flags, ...variables, ...file])",
    killedBy: configuration,
  },
  {
    name: "a relay that is stopping says it is ready",
    file: "relay/server.ts",
    text: '      phase = { name: "stopping" };\n',
    instead: "",
    killedBy: operation,
  },
  {
    name: "a relayed connection carries what libp2p allows, not what is configured",
    file: "relay/node.ts",
    text: "      defaultDataLimit: BigInt(settings.relayedMebibytes) * 1_024n ** 2n,\n",
    instead: "",
    killedBy: "tests/unit/net/relayedLimits.test.ts",
  },
  {
    name: "a relayed connection lasts for as long as libp2p allows",
    file: "relay/node.ts",
    text: "      defaultDurationLimit: settings.relayedMinutes * 60_000,\n",
    instead: "",
    killedBy: "tests/unit/net/relayedLimits.test.ts",
  },
];
