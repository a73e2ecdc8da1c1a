/** What ends a rendezvous stream, tried by a peer that does not keep to the rules. */
import { generateKeyPair } from "@libp2p/crypto/keys";
import type { Libp2p, Stream } from "@libp2p/interface";
import { byteStream } from "@libp2p/utils";
import { multiaddr } from "@multiformats/multiaddr";
import { afterEach, expect, test } from "vitest";
import type { RunningRelay } from "../../../relay/start.ts";
import { encodeFrame } from "../../../src/net/framing.ts";
import { createRelayedLibp2p } from "../../../src/net/libp2p.ts";
import {
  encodeRegistration,
  parsePeersOfTag,
  rendezvousProtocol,
} from "../../../src/net/rendezvousMessages.ts";
import { createCleanup, startTestRelay } from "../../support/nodePeers.ts";

const cleanup = createCleanup();
afterEach(() => cleanup.run());

const tag = "c".repeat(32);

const clientOf = async (): Promise<Libp2p> => {
  const privateKey = await generateKeyPair("Ed25519");
  const libp2p = await createRelayedLibp2p({ privateKey, relayCount: 0 });
  cleanup.add(() => libp2p.stop());
  return libp2p;
};

const open = async (libp2p: Libp2p, relay: RunningRelay): Promise<Stream> =>
  libp2p.dialProtocol(multiaddr(relay.addresses[0]), rendezvousProtocol);

const ended = (stream: Stream): Promise<void> =>
  new Promise((resolve) => {
    if (stream.status !== "open") resolve();
    stream.addEventListener("close", () => {
      resolve();
    });
  });

/** A rendezvous spoken by hand: registers, and reads the answers one by one. */
const speakOn = (stream: Stream) => {
  const bytes = byteStream(stream);
  const read = async (count: number): Promise<Uint8Array> =>
    (await bytes.read({ bytes: count })).subarray();
  return {
    register: (tags: readonly string[], reachable = true) =>
      bytes.write(encodeFrame(encodeRegistration({ tags, reachable }))),
    next: async () => {
      const header = await read(4);
      const length = new DataView(header.buffer, header.byteOffset).getUint32(0, true);
      return parsePeersOfTag(await read(length));
    },
  };
};

test.each([
  ["no JSON", encodeFrame(Uint8Array.of(1, 2, 3))],
  ["JSON of another form", encodeFrame(new TextEncoder().encode("{}"))],
  ["an empty frame", Uint8Array.of(0, 0, 0, 0)],
  ["a length above the limit", Uint8Array.of(1, 0x20, 0, 0)],
])("%s ends the stream; the next one is served", async (_, bytes) => {
  const relay = await startTestRelay(cleanup);
  const libp2p = await clientOf();
  const bad = await open(libp2p, relay);
  bad.send(bytes);
  await ended(bad);
  const good = speakOn(await open(libp2p, relay));
  await good.register([tag]);
  expect(await good.next()).toEqual({ tag, peers: [] });
});

test("too many registrations at once end the stream", async () => {
  const relay = await startTestRelay(cleanup);
  const stream = await open(await clientOf(), relay);
  const { register } = speakOn(stream);
  for (let at = 0; at < 100 && stream.status === "open"; at += 1) {
    await register([tag]).catch(() => undefined);
  }
  await ended(stream);
  expect(stream.status).toBe("reset");
});

test("a newer stream of a peer takes the place of the older one", async () => {
  const relay = await startTestRelay(cleanup);
  const [one, two] = [await clientOf(), await clientOf()];
  const older = await open(one, relay);
  const first = speakOn(older);
  await first.register([tag]);
  expect(await first.next()).toEqual({ tag, peers: [] });

  const newer = speakOn(await open(one, relay));
  await ended(older);
  await newer.register([tag]);
  expect(await newer.next()).toEqual({ tag, peers: [] });
  const other = speakOn(await open(two, relay));
  await other.register([tag], false);
  expect(await other.next()).toEqual({ tag, peers: [one.peerId.toString()] });
});

test("a peer is told of others before it is reachable, and not named until it is", async () => {
  const relay = await startTestRelay(cleanup);
  const [one, two] = [await clientOf(), await clientOf()];
  const [first, secondStream] = [speakOn(await open(one, relay)), await open(two, relay)];
  await first.register([tag]);
  expect(await first.next()).toEqual({ tag, peers: [] });
  const second = speakOn(secondStream);
  await second.register([tag], false);
  expect(await second.next()).toEqual({ tag, peers: [one.peerId.toString()] });

  await second.register([tag], true);
  expect(await first.next()).toEqual({ tag, peers: [two.peerId.toString()] });
  secondStream.abort(new Error("gone"));
  expect(await first.next()).toEqual({ tag, peers: [] });
});
