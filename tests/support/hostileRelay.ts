/**
 * A relay that lies: it reserves as any other, says of tags what a test wants it to say, and does
 * with what it carries as the test says. Its libp2p node is there for the test, so that it can turn
 * to the pages as a peer, too.
 */
import { generateKeyPair } from "@libp2p/crypto/keys";
import type { Connection } from "@libp2p/interface";
import { limits } from "../../relay/limits.ts";
import { createNode, type RelayNode } from "../../relay/node.ts";
import { Records } from "../../relay/records.ts";
import { settingsWith } from "../../relay/settings.ts";
import { rendezvousFrameBytesMax } from "../../src/core/base/limits.ts";
import { systemClock } from "../../src/net/clock.ts";
import { createFrameStream } from "../../src/net/frameStream.ts";
import {
  encodePeersOfTag,
  parseRegistration,
  rendezvousProtocol,
} from "../../src/net/rendezvousMessages.ts";
import { takeOverCircuits, type HostileCircuits } from "./hostileCircuits.ts";
import type { Cleanup } from "./nodePeers.ts";

export interface HostileRelay {
  readonly address: string;
  readonly libp2p: RelayNode;
  /** Pages that registered, by id. */
  readonly pages: ReadonlyMap<string, Connection>;
  readonly circuits: HostileCircuits;
  /** Answers every page anew. */
  readonly tellAll: () => void;
}

/** `lie`: whom a page is told of under one of its tags. */
export const startHostileRelay = async (
  cleanup: Cleanup,
  lie: (asker: string, pages: readonly string[], tag: string) => readonly string[],
): Promise<HostileRelay> => {
  const libp2p = await createNode({
    settings: settingsWith({ dht: false }),
    privateKey: await generateKeyPair("Ed25519"),
    announce: [],
    neighbours: { mayDial: () => false },
    records: new Records(limits),
    mdnsFailed: () => undefined,
  });
  const circuits = takeOverCircuits(libp2p);
  await libp2p.start();
  cleanup.add(() => libp2p.stop());
  const pages = new Map<string, Connection>();
  const tellers = new Map<string, () => void>();
  await libp2p.handle(rendezvousProtocol, (stream, connection) => {
    const page = connection.remotePeer.toString();
    const frames = createFrameStream({
      ...{ stream, clock: systemClock, frameBytesMax: rendezvousFrameBytesMax },
    });
    let tags: readonly string[] = [];
    pages.set(page, connection);
    tellers.set(page, () => {
      for (const tag of tags) {
        const peers = lie(page, [...pages.keys()], tag);
        // A page that went hears nothing
        frames.send(encodePeersOfTag({ tag, peers })).catch(() => undefined);
      }
    });
    frames.onFrame((frame) => {
      tags = parseRegistration(frame)?.tags ?? [];
      tellers.get(page)?.();
    });
  });
  const [address] = libp2p.getMultiaddrs();
  if (address === undefined) throw new Error("it listens nowhere");
  return {
    ...{ address: address.toString(), libp2p, pages, circuits },
    tellAll: () => {
      for (const tell of tellers.values()) tell();
    },
  };
};
