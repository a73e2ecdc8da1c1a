/**
 * A bare data channel: what WebRTC itself does on this machine in this minute, beside which the
 * product is measured. Signalling goes through whoever drives the pages.
 */
import { spreadOf } from "../../support/statistics.ts";
import type { BareChannel, BarePings } from "./protocol.ts";

const pingBytes = 64;
const answerBytes = 8;
/** As libp2p is given them (src/net/node.ts). */
const chunkBytes = 64 * 1024;
/** So much waits in the browser at most. */
const waitingBytesMax = 2 * 1_048_576;

export const createBareChannel = (): BareChannel => {
  let connection: RTCPeerConnection | null = null;
  let channel: RTCDataChannel | null = null;
  const opened = (): RTCDataChannel => {
    if (channel?.readyState !== "open") throw new Error("the bare channel is not open");
    return channel;
  };
  const connect = (): RTCPeerConnection => (connection = new RTCPeerConnection({ iceServers: [] }));
  return {
    async offer() {
      const made = connect();
      channel = listening(made.createDataChannel("bare"));
      await made.setLocalDescription(await made.createOffer());
      return described(made);
    },
    async answer(offer) {
      const made = connect();
      made.ondatachannel = (event) => {
        channel = listening(event.channel);
      };
      await made.setRemoteDescription({ type: "offer", sdp: offer });
      await made.setLocalDescription(await made.createAnswer());
      return described(made);
    },
    async accept(answer) {
      if (connection === null || channel === null) throw new Error("nothing was offered");
      const open = once(channel, "open");
      await connection.setRemoteDescription({ type: "answer", sdp: answer });
      await open;
    },
    ping: (count) => ping(opened(), count),
    send: (bytes) => sendAll(opened(), bytes),
    close() {
      connection?.close();
    },
  };
};

/** With all its candidates, so that one text is all that the other side needs. */
const described = async (connection: RTCPeerConnection): Promise<string> => {
  if (connection.iceGatheringState !== "complete") {
    await new Promise<void>((resolve) => {
      connection.addEventListener("icegatheringstatechange", () => {
        if (connection.iceGatheringState === "complete") resolve();
      });
    });
  }
  return connection.localDescription?.sdp ?? "";
};

/** Answers pings with its clock, and bytes with a word when all have come. */
const listening = (channel: RTCDataChannel): RTCDataChannel => {
  channel.binaryType = "arraybuffer";
  let missing = 0;
  channel.addEventListener("message", ({ data }: MessageEvent<ArrayBuffer | string>) => {
    if (typeof data === "string") {
      if (data.startsWith("bytes ")) missing = Number(data.slice("bytes ".length));
    } else if (data.byteLength === pingBytes) {
      channel.send(Float64Array.of(performance.timeOrigin + performance.now()));
    } else if (data.byteLength !== answerBytes) {
      missing -= data.byteLength;
      if (missing <= 0) channel.send("all");
    }
  });
  return channel;
};

const ping = async (channel: RTCDataChannel, count: number): Promise<BarePings> => {
  const trips: { readonly milliseconds: number; readonly ahead: number }[] = [];
  for (let at = 0; at < count; at++) {
    const answer = once(channel, "message");
    const sent = performance.timeOrigin + performance.now();
    channel.send(new Uint8Array(pingBytes));
    // What a data channel gives
    const { data } = (await answer) as MessageEvent<ArrayBuffer>;
    const milliseconds = performance.timeOrigin + performance.now() - sent;
    const there = new Float64Array(data)[0] ?? Number.NaN;
    trips.push({ milliseconds, ahead: there - (sent + milliseconds / 2) });
  }
  const [shortest] = trips.toSorted((a, b) => a.milliseconds - b.milliseconds);
  return {
    spread: spreadOf(trips.map(({ milliseconds }) => milliseconds)),
    aheadMilliseconds: shortest?.ahead ?? Number.NaN,
  };
};

const sendAll = async (channel: RTCDataChannel, bytes: number): Promise<number> => {
  channel.bufferedAmountLowThreshold = waitingBytesMax / 2;
  const all = once(channel, "message");
  const chunk = crypto.getRandomValues(new Uint8Array(chunkBytes));
  const started = performance.now();
  channel.send(`bytes ${bytes}`);
  for (let left = bytes; left > 0; left -= chunkBytes) {
    if (channel.bufferedAmount > waitingBytesMax) await once(channel, "bufferedamountlow");
    channel.send(left >= chunkBytes ? chunk : chunk.subarray(0, left));
  }
  await all;
  return performance.now() - started;
};

const once = (channel: RTCDataChannel, event: string): Promise<Event> =>
  new Promise((resolve) => {
    channel.addEventListener(event, resolve, { once: true });
  });
