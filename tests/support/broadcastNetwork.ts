/**
 * A transport of one's own, as an example: databases of one origin, or of one process in Node, meet
 * over a BroadcastChannel. Everybody there hears everything, and says who it is without proof: what
 * keeps strangers out is what the database itself says and asks over any transport.
 */
import { NebulusError, type Carrier, type PeerChannel } from "../../src/index.node.ts";

type Kind = "here" | "gone" | "open" | "beside" | "frame" | "close";
type More = Readonly<{ tags?: readonly string[]; id?: string; bytes?: Uint8Array }>;
/** `to` null: everybody. `id`: of the channel. */
type Note = More & Readonly<{ kind: Kind; from: string; to: string | null }>;
type End = PeerChannel & Readonly<{ take: (bytes: Uint8Array) => void; finish: () => void }>;

const frameBytesMax = 256 * 1024;
const textToBytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const failed = (code: "TooLarge" | "PeerUnreachable", path: string) =>
  Promise.reject(new NebulusError({ code, message: `${code}: ${path}`, retryable: false, path }));

export const createBroadcastNetwork = (name: string): Carrier => {
  let [self, air]: [string, BroadcastChannel | null] = ["", null];
  let [tags, refused]: [readonly string[], readonly string[]] = [[], []];
  let onChannel: Parameters<Carrier["onChannel"]>[0] = () => undefined;
  let onStatus: Parameters<Carrier["onStatus"]>[0] = () => undefined;
  const [others, ends] = [new Set<string>(), new Map<string, End>()];
  const endsWith = (peer: string) => [...ends.values()].filter((end) => end.remotePeer === peer);
  const say = (kind: Kind, to: string | null, more: More = {}) =>
    air?.postMessage({ ...more, kind, to, from: self } satisfies Note);
  const tell = () => {
    const met = [...others].filter((peer) => endsWith(peer).length > 0);
    const how = { path: "direct", fault: null } as const;
    onStatus({ relays: [], peers: met.map((peer) => ({ peer, isDialer: self < peer, ...how })) });
  };
  /** A first one takes the place of all before it. `given`: the other opened it. */
  const open = (kind: Kind, peer: string, given?: string) => {
    const id = given ?? crypto.randomUUID();
    if (given === undefined) say(kind, peer, { id });
    if (kind === "open") for (const end of endsWith(peer)) end.close();
    const early: Uint8Array[] = [];
    let [onFrame, onClose]: [End["take"], () => void] = [(bytes) => early.push(bytes), () => 0];
    const end: End = {
      ...{ initiator: given === undefined, isBeside: kind === "beside" },
      ...{ remotePeer: peer, localPeer: self },
      ...{ remotePeerBytes: textToBytes(peer), localPeerBytes: textToBytes(self), path: "direct" },
      send: (bytes) => {
        if (bytes.length < 1 || bytes.length > frameBytesMax) return failed("TooLarge", "frame");
        if (!ends.has(id)) return failed("PeerUnreachable", peer);
        return Promise.resolve(say("frame", peer, { id, bytes: bytes.slice() }));
      },
      onFrame: (handler) => early.splice(0).forEach((onFrame = handler)),
      onClose: (handler) => (ends.has(id) ? (onClose = handler) : handler()),
      close: () => {
        if (ends.has(id)) say("close", peer, { id });
        end.finish();
      },
      another: () => open("beside", peer),
      take: (bytes) => onFrame(bytes),
      finish: () => {
        if (!ends.delete(id)) return;
        onClose();
        tell();
      },
    };
    ends.set(id, end);
    onChannel(end);
    tell();
  };
  const hear = ({ kind, from, to, tags: theirs = [], id = "", bytes }: Note) => {
    if (to !== null && to !== self) return;
    others.add(from);
    if (kind === "here" && to === null) say("here", from, { tags });
    const isFriend = !refused.includes(from) && tags.some((tag) => theirs.includes(tag));
    if (kind === "here" && isFriend && self < from && !endsWith(from)[0]) open("open", from);
    if (kind === "gone" && others.delete(from)) for (const end of endsWith(from)) end.finish();
    if (kind === "close") ends.get(id)?.finish();
    if (kind === "frame") ends.get(id)?.take(bytes ?? new Uint8Array());
    if (kind !== "open" && kind !== "beside") return;
    if (refused.includes(from)) say("close", from, { id });
    else open(kind, from, id);
  };
  return {
    start: (privateKey) => {
      const made = crypto.randomUUID().replaceAll("-", "");
      self = privateKey === null ? made : new TextDecoder().decode(privateKey);
      air = new BroadcastChannel(name);
      air.onmessage = ({ data }: MessageEvent<Note>) => hear(data);
      say("here", null, { tags });
      return Promise.resolve({ peerId: self, privateKey: textToBytes(self) });
    },
    setTags: (next) => say("here", null, { tags: (tags = next) }),
    setRefused: (next) => {
      refused = next;
      for (const end of next.flatMap(endsWith)) end.close();
      say("here", null, { tags });
    },
    connect: (address) => {
      const peer = address.split("/").at(-1) ?? "";
      if (!others.has(peer)) return failed("PeerUnreachable", "address");
      if (endsWith(peer).length === 0) open("open", peer);
      return Promise.resolve();
    },
    onChannel: (handler) => (onChannel = handler),
    onStatus: (handler) => (onStatus = handler),
    stop: () => {
      say("gone", null);
      for (const end of [...ends.values()]) end.finish();
      air?.close();
      air = null;
    },
  };
};
