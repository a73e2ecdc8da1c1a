/**
 * The worker of the carrier's test page: uses the carrier as the database's worker does, and tells
 * the page what it saw.
 */
import { createPortCarrier } from "../../../src/worker/carrier.ts";
import type { Carrier, PeerChannel } from "../../../src/core/net/carrier.ts";
import type { Seen, SeenChannel, StartOptions, TestRequest } from "./protocol.ts";

interface Live {
  readonly channel: PeerChannel;
  seen: SeenChannel;
}

let carrier: Carrier | null = null;
let seen: Omit<Seen, "channels"> = {
  peerId: "",
  privateKey: [],
  status: { relays: [], peers: [] },
  errors: [],
};
const channels: Live[] = [];

const tell = (change: Partial<Seen> = {}): void => {
  seen = { ...seen, ...change };
  postMessage({ ...seen, channels: channels.map((live) => live.seen) } satisfies Seen);
};

const fail = (error: unknown): void => {
  tell({ errors: [...seen.errors, String(error)] });
};

const follow = (channel: PeerChannel): void => {
  const { remotePeer, path, initiator } = channel;
  const counts = { isOpen: true, received: 0, sent: 0, bytes: 0, isOrdered: true };
  const live: Live = { channel, seen: { remotePeer, path, initiator, ...counts } };
  channels.push(live);
  channel.onFrame((frame) => {
    const { received, bytes, isOrdered } = live.seen;
    const isInPlace = frame.every((byte) => byte === received % 256);
    live.seen = {
      ...live.seen,
      received: received + 1,
      bytes: bytes + frame.length,
      isOrdered: isOrdered && isInPlace,
    };
    tell();
  });
  channel.onClose(() => {
    live.seen = { ...live.seen, isOpen: false };
    tell();
  });
  tell();
};

const start = async ({ tags, privateKey }: StartOptions, port: MessagePort): Promise<void> => {
  carrier = createPortCarrier(port);
  carrier.onChannel(follow);
  carrier.onStatus((status) => {
    tell({ status });
  });
  carrier.setTags(tags);
  const identity = await carrier.start(
    privateKey === undefined ? null : Uint8Array.from(privateKey),
  );
  tell({ peerId: identity.peerId, privateKey: [...identity.privateKey] });
};

const send = async (live: Live | undefined, frames: number, bytes: number): Promise<void> => {
  if (live === undefined) throw new Error("no such channel");
  for (let at = 0; at < frames; at += 1) {
    await live.channel.send(new Uint8Array(bytes).fill(live.seen.sent % 256));
    live.seen = { ...live.seen, sent: live.seen.sent + 1 };
  }
  tell();
};

onmessage = ({ data }: MessageEvent<TestRequest>) => {
  switch (data.kind) {
    case "start":
      start(data.options, data.port).catch(fail);
      return;
    case "tags":
      carrier?.setTags(data.tags);
      return;
    case "send":
      send(channels[data.channel], data.frames, data.bytes).catch(fail);
      return;
    case "close":
      channels[data.channel]?.channel.close();
  }
};
