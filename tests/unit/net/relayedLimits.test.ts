/**
 * What a relay allows one relayed connection, and what comes after: it carries what is configured,
 * not the 128 KiB and 2 minutes that libp2p would, and where that is used up peers make a new one
 * and go on. In Node every channel is relayed.
 */
import { afterEach, expect, test } from "vitest";
import { systemClock, type Clock } from "../../../src/net/clock.ts";
import {
  createCleanup,
  startTestPeer,
  startTestRelay,
  type ReceivedChannel,
  type TestPeer,
} from "../../support/nodePeers.ts";

const cleanup = createCleanup();
afterEach(() => cleanup.run());

/** Does not wait for long with the next dial. */
const clock: Clock = {
  ...systemClock,
  after: (milliseconds, run) => systemClock.after(Math.min(milliseconds, 50), run),
};
const tag = "a".repeat(32);
const frame = new Uint8Array(262_144).fill(7);

const pairOver = async (
  changes: Parameters<typeof startTestRelay>[1],
): Promise<readonly [TestPeer, TestPeer]> => {
  const relay = await startTestRelay(cleanup, changes);
  const one = await startTestPeer(cleanup, [relay], { clock });
  const two = await startTestPeer(cleanup, [relay], { clock });
  for (const peer of [one, two]) peer.setTags([tag]);
  return [one, two];
};

/** Whether it arrived, or the channel ended before. */
const crosses = async (from: ReceivedChannel, to: ReceivedChannel): Promise<boolean> => {
  const count = to.frames.length + 1;
  const ended = Promise.race([from.closed, to.closed]).then(() => false);
  const arrived = to.received(count).then(() => true);
  // A channel that ends while it sends tells so by its end
  from.channel.send(frame).catch(() => undefined);
  return Promise.race([arrived, ended]);
};

test("what is configured may pass, more than libp2p would let through", async () => {
  const [one, two] = await pairOver({ relayedMebibytes: 4 });
  const [from, to] = await Promise.all([one.channel(0), two.channel(0)]);
  for (let sent = 0; sent < 12; sent++) expect(await crosses(from, to)).toBe(true);
  expect([one.channels.length, two.channels.length]).toEqual([1, 1]);
});

test("beyond it the connection ends, and a new one carries on", async () => {
  const [one, two] = await pairOver({ relayedMebibytes: 1 });
  let arrived = 0;
  for (let connection = 0; connection < 3; connection++) {
    const [from, to] = await Promise.all([one.channel(connection), two.channel(connection)]);
    let isOpen = true;
    while (isOpen) {
      isOpen = await crosses(from, to);
      if (isOpen) arrived += 1;
    }
    await Promise.all([from.closed, to.closed]);
  }
  // Of four that fit, what seals them takes some
  expect(arrived).toBeGreaterThanOrEqual(6);
  expect(arrived).toBeLessThan(12);
});

test("when its time is over the connection ends, and a new one carries on", async () => {
  // Shorter than a setting can be: 1.2 s
  const [one, two] = await pairOver({ relayedMinutes: 0.02 });
  const ended = await Promise.all([one.channel(0), two.channel(0)]);
  await Promise.all(ended.map(({ closed }) => closed));
  for (let connection = 1; ; connection++) {
    const [from, to] = await Promise.all([one.channel(connection), two.channel(connection)]);
    if (await crosses(from, to)) break;
  }
});
