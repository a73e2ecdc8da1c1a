/** One libp2p stream as a stream of frames: a slow reader, early frames, the ways to end. */
import type { Stream } from "@libp2p/interface";
import { streamPair } from "@libp2p/utils";
import { expect, test } from "vitest";
import { frameBytesMax } from "../../../src/core/base/limits.ts";
import { systemClock } from "../../../src/net/clock.ts";
import { createFrameStream, type FrameStream } from "../../../src/net/frameStream.ts";

interface Tried {
  readonly channel: FrameStream;
  readonly frames: Uint8Array[];
  /** In order: `lost` (the maker's hook), `closed` (the user's handler). */
  readonly events: string[];
  readonly closed: Promise<void>;
}

const channelOn = (stream: Stream): Tried => {
  const frames: Uint8Array[] = [];
  const events: string[] = [];
  const channel = createFrameStream({
    stream,
    frameBytesMax,
    clock: systemClock,
    onClosed: () => events.push("lost"),
  });
  channel.onFrame((frame) => frames.push(frame));
  const closed = new Promise<void>((resolve) => {
    channel.onClose(() => {
      events.push("closed");
      resolve();
    });
  });
  return { channel, frames, events, closed };
};

test("a slow reader holds the writer back, and every frame arrives in order", async () => {
  // The pair takes two messages at a time, so most frames wait for a drain.
  const [outbound, inbound] = await streamPair({ capacity: 2 });
  const [writer, reader] = [channelOn(outbound), channelOn(inbound)];
  const accepted: number[] = [];
  const sends = Array.from({ length: 50 }, (_, at) =>
    writer.channel.send(new Uint8Array(1_000).fill(at)).then(() => accepted.push(at)),
  );
  await Promise.resolve();
  expect(accepted.length).toBeLessThan(50);
  await Promise.all(sends);
  expect(accepted).toEqual(Array.from({ length: 50 }, (_, at) => at));
  writer.channel.close();
  await reader.closed;
  expect(reader.frames.map((frame) => [frame.length, frame[0]])).toEqual(
    accepted.map((at) => [1_000, at]),
  );
  expect(reader.events).toEqual(["lost", "closed"]);
});

test("the caller's bytes may change once send was called", async () => {
  const [outbound, inbound] = await streamPair({ capacity: 1 });
  const [writer, reader] = [channelOn(outbound), channelOn(inbound)];
  const bytes = Uint8Array.of(1);
  const sends = [1, 2, 3].map((value) => {
    bytes.fill(value);
    return writer.channel.send(bytes);
  });
  bytes.fill(9);
  await Promise.all(sends);
  writer.channel.close();
  await reader.closed;
  expect(reader.frames.map(([value]) => value)).toEqual([1, 2, 3]);
});

test("frames that came before the handler are kept for it", async () => {
  const [outbound, inbound] = await streamPair();
  const writer = channelOn(outbound);
  await writer.channel.send(Uint8Array.of(5));
  const reader = createFrameStream({ stream: inbound, frameBytesMax, clock: systemClock });
  const frame = await new Promise<Uint8Array>((resolve) => {
    reader.onFrame(resolve);
  });
  expect(frame).toEqual(Uint8Array.of(5));
});

test.each([
  ["of length zero", Uint8Array.of(0, 0, 0, 0)],
  ["above the limit", Uint8Array.of(1, 0, 4, 0)],
  ["of all ones", Uint8Array.of(255, 255, 255, 255)],
])("a frame %s closes the channel on both sides", async (_, bytes) => {
  const [outbound, inbound] = await streamPair();
  const [writer, reader] = [channelOn(outbound), channelOn(inbound)];
  outbound.send(bytes);
  await Promise.all([reader.closed, writer.closed]);
  expect(reader.frames).toEqual([]);
  expect(inbound.status).toBe("aborted");
});

test("frames of no or too many bytes are refused, and the channel lives on", async () => {
  const [outbound, inbound] = await streamPair();
  const [writer, reader] = [channelOn(outbound), channelOn(inbound)];
  for (const length of [0, 256 * 1024 + 1]) {
    await expect(writer.channel.send(new Uint8Array(length))).rejects.toMatchObject({
      code: "TooLarge",
    });
  }
  await writer.channel.send(Uint8Array.of(1));
  writer.channel.close();
  await reader.closed;
  expect(reader.frames).toEqual([Uint8Array.of(1)]);
});

test("what waits when the channel ends is refused, and so is what comes after", async () => {
  const [outbound] = await streamPair({ capacity: 1 });
  const writer = channelOn(outbound);
  const sends = Array.from({ length: 20 }, () => writer.channel.send(new Uint8Array(10)));
  outbound.abort(new Error("gone"));
  const results = await Promise.allSettled(sends);
  const reasons = results.flatMap((result): unknown[] =>
    result.status === "rejected" ? [result.reason] : [],
  );
  expect(reasons.length).toBeGreaterThan(10);
  for (const reason of reasons) {
    expect(reason).toMatchObject({ code: "PeerUnreachable", retryable: true });
  }
  await expect(writer.channel.send(Uint8Array.of(1))).rejects.toMatchObject({
    code: "PeerUnreachable",
  });
  expect(writer.events).toEqual(["lost", "closed"]);
});

test("closing twice is closing once, and a late handler is told at once", async () => {
  const [outbound, inbound] = await streamPair();
  const [writer, reader] = [channelOn(outbound), channelOn(inbound)];
  writer.channel.close();
  writer.channel.close();
  await reader.closed;
  expect(writer.events).toEqual(["lost", "closed"]);
  let isTold = false;
  writer.channel.onClose(() => {
    isTold = true;
  });
  expect(isTold).toBe(true);
});
