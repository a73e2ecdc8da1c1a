/**
 * A client of the DHT that relays share: who is found under a tag is a provider of what the tag
 * names. Imported on demand only: kad-dht weighs half as much as all the rest of libp2p.
 */
import { start, stop } from "@libp2p/interface";
import { kadDHT, passthroughMapper, type KadDHTComponents } from "@libp2p/kad-dht";
import { CID } from "multiformats/cid";
import * as raw from "multiformats/codecs/raw";
import { sha256 } from "multiformats/hashes/sha2";
import { rendezvousPeersPerTagMax } from "../core/base/limits.ts";
import { dhtProtocol, type Dht } from "./dhtProtocol.ts";

export interface DhtClient extends Dht {
  stop(): Promise<void>;
}

export const startDhtClient = async (components: KadDHTComponents): Promise<DhtClient> => {
  const dht = kadDHT({
    protocol: dhtProtocol,
    clientMode: true,
    // addresses of a LAN are as good as any here
    peerInfoMapper: passthroughMapper,
    // who asks waits for nobody: it asks again
    allowQueryWithZeroPeers: true,
  })(components);
  await start(dht);
  const self = components.peerId.toString();
  return {
    announce: async (tag, signal) => {
      let isTaken = false;
      for await (const event of dht.provide(await tagToCid(tag), { signal })) {
        if (event.name === "PEER_RESPONSE" && event.messageName === "ADD_PROVIDER") isTaken = true;
      }
      return isTaken;
    },
    forget: async (tag) => {
      await dht.cancelReprovide(await tagToCid(tag));
    },
    find: async (tag, signal) => {
      const found = new Set<string>();
      for await (const event of dht.findProviders(await tagToCid(tag), { signal })) {
        if (event.name !== "PROVIDER") continue;
        for (const { id } of event.providers) found.add(id.toString());
      }
      found.delete(self);
      return [...found].slice(0, rendezvousPeersPerTagMax);
    },
    stop: () => stop(dht),
  };
};

/** What a tag names in the DHT: the SHA-256 of its text, so that a relay is shown no more. */
export const tagToCid = async (tag: string): Promise<CID> =>
  CID.createV1(raw.code, await sha256.digest(new TextEncoder().encode(tag)));
