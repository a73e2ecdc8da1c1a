/**
 * A relay under load: members in pairs, each with a channel through it, and a flood of connections
 * that mean no good. What must hold all the while: the relay answers, pairs exchange frames over
 * the channels they have, newcomers meet, and memory stays within a bound.
 */
import { performance } from "node:perf_hooks";
import {
  createCleanup,
  startTestPeer,
  temporaryDirectory,
  type Cleanup,
  type TestPeer,
} from "../support/nodePeers.ts";
import { readMetrics } from "../support/relayMetrics.ts";
import { startRelayProcess } from "../support/relayProcess.ts";
import { flood, type Flood } from "./bad.ts";

/** More than the places that a relay has for guests, so that some must go. */
const badOpenMax = 3_000;
/** Of the relay's process during the flood: thousands of sockets, garbage not collected yet. */
export const memoryGrowthBytesMax = 384 * 1_048_576;
const frameBytes = 16_384;

export interface LoadPlan {
  /** An even number. */
  readonly members: number;
  readonly badConnections: number;
  readonly say: (line: string) => void;
}

export interface LoadOutcome {
  readonly problems: readonly string[];
  readonly memoryGrowthBytes: number;
  /** How often the relay answered during the flood, and how long that took at most. */
  readonly answers: number;
  readonly slowestMilliseconds: number;
  /** Of those that members had: seen on a machine that could not keep up; why is not known. */
  readonly channelsLost: number;
  /** Of these sockets the relay took one for bad, and it was asked again. */
  readonly dropped: number;
}

export const runLoad = async ({ members, badConnections, say }: LoadPlan): Promise<LoadOutcome> => {
  const cleanup = createCleanup();
  try {
    const data = await temporaryDirectory(cleanup);
    const relay = await startRelayProcess([
      ...["--port", "0", "--static", data, "--data", data],
      ...["--log-level", "warning"],
    ]);
    cleanup.add(() => relay.stop());
    const port = relay.port;
    const pairs = await startPairs(cleanup, port, members / 2);
    await exchangeAll(pairs);
    say(`${members} members in pairs exchanged frames`);

    const before = (await readMetrics(port)).of(memory);
    const bad = flood(port, badConnections, badOpenMax);
    cleanup.add(bad.end);
    const watched = watch(port, bad);
    const newcomers = startPairs(cleanup, port, 1, pairs.length);
    const exchanged = exchangeAll(pairs);
    await Promise.all([bad.opened, newcomers.then(exchangeAll), exchanged]);
    say(`${bad.count()} bad connections came; two newcomers met meanwhile`);
    // The last of them still stand.
    await exchangeAll(pairs);
    const { highest, answers, dropped, slowestMilliseconds } = await watched;
    const after = (await readMetrics(port)).of(memory);
    const memoryGrowthBytes = Math.max(highest, after) - before;
    const problems = [
      ...(memoryGrowthBytes <= memoryGrowthBytesMax
        ? []
        : [`memory grew by ${memoryGrowthBytes} bytes`]),
    ];
    bad.end();
    const code = await relay.stop();
    if (code !== 0) problems.push(`the relay ended with ${String(code)}`);
    const channelsLost = pairs.reduce((sum, [one]) => sum + one.channels.length - 1, 0);
    return { problems, channelsLost, memoryGrowthBytes, answers, dropped, slowestMilliseconds };
  } finally {
    await cleanup.run();
  }
};

type Pair = readonly [TestPeer, TestPeer];

const memory = "process_resident_memory_bytes";

/** Each pair has a tag of its own, numbered from `first`. One by one: it is one machine. */
const startPairs = async (
  cleanup: Cleanup,
  port: number,
  count: number,
  first = 0,
): Promise<readonly Pair[]> => {
  const pairs: Pair[] = [];
  for (let at = first; at < first + count; at += 1) {
    const relays = [{ port }];
    const pair = [
      await startTestPeer(cleanup, relays),
      await startTestPeer(cleanup, relays),
    ] as const;
    for (const peer of pair) peer.setTags([at.toString(16).padStart(32, "0")]);
    await Promise.all(pair.map((peer) => peer.channel(0)));
    pairs.push(pair);
  }
  return pairs;
};

/** A frame each way, of every pair at once. */
const exchangeAll = async (pairs: readonly Pair[]): Promise<void> => {
  await Promise.all(pairs.map((pair) => exchange(pair, 0)));
};

/** Over the pair's n-th channel, from 0; if that is lost, over the next one. */
const exchange = async (pair: Pair, at: number): Promise<void> => {
  const ends = await Promise.all([pair[0].channel(at), pair[1].channel(at)]);
  const lost = Promise.race(ends.map(({ closed }) => closed)).then(() => "lost");
  const counts = ends.map(({ frames }) => frames.length);
  const sent = ends.map(({ channel }) => channel.send(new Uint8Array(frameBytes)));
  const whole = Promise.all([
    ...sent,
    ...ends.map((end, which) => end.received((counts[which] ?? 0) + 1)),
  ]).then(
    () => "exchanged",
    () => "lost",
  );
  if ((await Promise.race([whole, lost])) === "lost") await exchange(pair, at + 1);
};

interface Watched {
  readonly highest: number;
  readonly answers: number;
  readonly dropped: number;
  readonly slowestMilliseconds: number;
}

/**
 * Asks the relay how it is, one time after the other, until the flood is over and it has answered.
 * The flood comes from this same process: a socket of ours can be silent long enough to be taken
 * for one of those. What a browser does then is done here too: it asks again.
 */
const watch = async (port: number, bad: Flood): Promise<Watched> => {
  let [highest, answers, dropped, slowestMilliseconds] = [0, 0, 0, 0];
  do {
    const since = performance.now();
    const response = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => null);
    if (response === null) {
      dropped += 1;
      continue;
    }
    if (response.status !== 200) throw new Error(`/healthz answers ${response.status}`);
    await response.arrayBuffer();
    slowestMilliseconds = Math.max(slowestMilliseconds, performance.now() - since);
    answers += 1;
    highest = Math.max(highest, (await memoryOf(port)) ?? 0);
  } while (bad.count() < bad.connections || answers === 0);
  return { highest, answers, dropped, slowestMilliseconds };
};

/** Null if that socket was dropped. */
const memoryOf = (port: number): Promise<number | null> =>
  readMetrics(port).then(
    (metrics) => metrics.of(memory),
    () => null,
  );
