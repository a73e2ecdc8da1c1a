/** Mutants of the network layer: who is looked for where, and how many are met. */
import type { Mutant } from "./mutant.ts";

const dht = "tests/unit/net/dht.test.ts";
const peerNode = "tests/unit/net/peerNode.test.ts";
const places = "tests/unit/net/places.test.ts";

export const netMutants: readonly Mutant[] = [
  {
    name: "a relay without rendezvous is left and tried for ever",
    file: "src/net/rendezvous.ts",
    text: 'error.name === "UnsupportedProtocolError"',
    instead: "error.name === 'none'",
    killedBy: dht,
  },
  {
    name: "the DHT is asked where there is a rendezvous",
    file: "src/net/dhtFinder.ts",
    text: '  if (connected.some((link) => link.hasRendezvous())) return "unwanted";\n',
    instead: "",
    killedBy: dht,
  },
  {
    name: "the DHT is asked once",
    file: "src/net/dhtFinder.ts",
    text: "    state.isAfresh = true;\n    void ask(state);\n",
    instead: "    void ask(state);\n",
    killedBy: dht,
  },
  {
    name: "servers that were identified before the DHT began are unknown to it",
    file: "src/net/dht.ts",
    text: "    if (protocols.includes(dhtProtocol)) await identify.identify(connection);\n",
    instead: "",
    killedBy: dht,
  },
  {
    name: "whoever names a multitude takes everybody's place",
    file: "src/net/places.ts",
    text: "for (const id of groups.flatMap((group) => group[at] ?? [])) {",
    instead: "for (const id of groups.flat()) {",
    killedBy: places,
  },
  {
    name: "who speaks another version is left without a word",
    file: "src/core/sync/greeting.ts",
    text: '  if (!heard.ok && heard.error === "version") await say(hello(crypto));\n',
    instead: "",
    killedBy: "tests/unit/core/sync/greeting.test.ts",
  },
  {
    name: "a network that could not be loaded is not tried again",
    file: "src/client/carrying.ts",
    text: "      cancelRetry = clock.after(networkRetryMilliseconds, startInTurn);\n",
    instead: "      cancelRetry = clock.after(networkRetryMilliseconds, () => undefined);\n",
    killedBy: "tests/unit/client/carrying.test.ts",
  },
  {
    name: "no further channel opens while a direct way is tried",
    file: "src/net/mesh.ts",
    text: "peer.connection === connection && !peer.isSwitching && !state.isStopped;",
    instead: "peer.connection === connection && !peer.isDialing && !state.isStopped;",
    killedBy: peerNode,
  },
  {
    name: "who was found by the DHT is not dialed",
    file: "src/net/mesh.ts",
    text: "link.peers().has(id) || found().peers().has(id)",
    instead: "link.peers().has(id)",
    killedBy: dht,
  },
  {
    name: "a node meets as many as come",
    file: "src/net/places.ts",
    text: "if (connected().length < bounds.peersMax) return true;",
    instead: "if (connected().length >= 0) return true;",
    killedBy: places,
  },
  {
    name: "who is full lets nobody in, however long the others stayed",
    file: "src/net/places.ts",
    text: "each.connectedAt <= since || (isRare && !each.isRare);",
    instead: "isRare && !each.isRare && since > 0;",
    killedBy: places,
  },
  {
    name: "a rare peer waits like any other",
    file: "src/net/places.ts",
    text: "each.connectedAt <= since || (isRare && !each.isRare);",
    instead: "each.connectedAt <= since || (isRare && each.isRare && since > 1e9);",
    killedBy: places,
  },
  {
    name: "nobody asks whether there is a place",
    file: "src/net/mesh.ts",
    text: "  return room !== false;\n",
    instead: "  return true;\n",
    killedBy: places,
  },
  {
    name: "a page names its tags at every relay each second",
    file: "src/net/peerNode.ts",
    text: "if (text === said) return;",
    instead: "",
    killedBy: "tests/unit/net/peerNode.test.ts",
  },
  {
    name: "a relay takes who seals nothing",
    file: "relay/node.ts",
    text: "connectionEncrypters: [noise()],",
    instead: `connectionEncrypters: [noise(), () => ({ protocol: "/plaintext/2.0.0" })],`,
    killedBy: "tests/unit/relay/unsealed.test.ts",
  },
  {
    name: "a peer takes who seals nothing",
    file: "src/net/libp2p.ts",
    text: "connectionEncrypters: [noise()],",
    instead: `connectionEncrypters: [noise(), () => ({ protocol: "/plaintext/2.0.0",
      secureInbound: (connection, { remotePeer }) => ({ connection, remotePeer }),
      secureOutbound: (connection, { remotePeer }) => ({ connection, remotePeer }) })],`,
    killedBy: "tests/unit/relay/unsealed.test.ts",
  },
  {
    name: "every connection is said to be sealed",
    file: "src/net/addresses.ts",
    text: 'made.encryption === "/noise"',
    instead: "made.encryption !== null",
    killedBy: "tests/unit/net/addresses.test.ts",
  },
];
