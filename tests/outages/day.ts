/**
 * Five profiles over some days, as people have them: rounds in which each lives on its own, with
 * the relay restarted all the while, and after each a moment of peace, in which all must find each
 * other by themselves, verify that they hold the same, and hold what was acknowledged.
 */
import { mkdtemp, mkdir, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { performance } from "node:perf_hooks";
import { build } from "vite";
import { createRandom, type Random } from "../support/random.ts";
import { readMetrics } from "../support/relayMetrics.ts";
import { startRelayProcess, type RelayProcess } from "../support/relayProcess.ts";
import { startTlsFront } from "../support/tlsFront.ts";
import { createLan } from "./lan.ts";
import { createLedger, type Ledger, type Read } from "./ledger.ts";
import { launchProfile, type Profile, type Webrtc } from "./profile.ts";

export interface DayPlan {
  readonly seed: number;
  readonly milliseconds: number;
  /** From one restart of the relay to the next. */
  readonly restartMilliseconds: number;
  readonly say: (line: string) => void;
}

export interface DayOutcome {
  readonly problems: readonly string[];
  readonly restarts: number;
  readonly documents: number;
  readonly updates: number;
  /** How often each thing was done. */
  readonly done: ReadonlyMap<string, number>;
}

const kinds: readonly Webrtc[] = ["works", "works", "blocked", "missing", "works"];
const open = { networkId: "street of canaries", collection: "canary-notes" } as const;
const closed = { networkId: "house of canaries", collection: "canary-plans" } as const;
const shares = [open, closed] as const;
const sharedSecret = "a canary of a secret, long enough for all";

const roundMilliseconds = 120_000;
/** Nothing that a profile does takes so long, a long sleep among it. */
const deedMillisecondsMax = 180_000;
/** All must be in sync so long after all is well again: a minute of back-off, and some patience. */
const peaceMillisecondsMax = 150_000;

export const runDay = async (plan: DayPlan): Promise<DayOutcome> => {
  const directory = await mkdtemp(join(tmpdir(), "nebulus-outages-"));
  const cleanups: (() => unknown)[] = [() => rm(directory, { recursive: true, force: true })];
  try {
    return await live(plan, directory, (cleanup) => cleanups.push(cleanup));
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup();
  }
};

interface World {
  readonly plan: DayPlan;
  readonly directory: string;
  readonly ledger: Ledger;
  readonly problems: string[];
  readonly done: Map<string, number>;
  readonly say: (line: string) => void;
  profiles: readonly Profile[];
}

const live = async (
  plan: DayPlan,
  directory: string,
  cleanUp: (cleanup: () => unknown) => void,
): Promise<DayOutcome> => {
  const since = performance.now();
  const say = (line: string): void => {
    plan.say(`${((performance.now() - since) / 1_000).toFixed(1).padStart(7)} s  ${line}`);
  };
  const world: World = {
    ...{ plan, directory, ledger: createLedger(), problems: [], done: new Map(), say },
    profiles: [],
  };
  const lan = createLan();
  cleanUp(lan.close);
  say(lan.isReal ? "each profile on a host of its own" : "all profiles on this host");
  const relay = await startRelay(world, lan.relayHost);
  cleanUp(relay.stop);
  const random = createRandom(plan.seed);
  const profiles: Profile[] = [];
  for (const [at, webrtc] of kinds.entries()) {
    const name = "abcde"[at] ?? "";
    const own = join(directory, name);
    await mkdir(own);
    const profile = await launchProfile({
      ...{ name, directory: own, host: await lan.addHost(), webrtc, url: relay.url },
      onProblem: (problem) => {
        world.problems.push(problem);
        say(`PROBLEM ${problem}`);
      },
    });
    cleanUp(profile.close);
    profiles.push(profile);
  }
  world.profiles = profiles;
  await settleIn(world);
  await keepPeace(world, "at the beginning");
  const until = performance.now() + plan.milliseconds;
  for (let round = 1; performance.now() < until; round += 1) {
    const end = Math.min(until, performance.now() + roundMilliseconds);
    say(`round ${String(round)}`);
    const restarts = relay.restartUntil(end, random);
    await Promise.all(
      profiles.map((each) => liveOne(world, each, createRandom(random.integer(2 ** 31)), end)),
    );
    await restarts;
    await keepPeace(world, `after round ${String(round)}`);
  }
  await lookForCanaries(world, relay);
  return {
    ...{ problems: world.problems, restarts: relay.restarts(), done: world.done },
    ...world.ledger.counts(),
  };
};

interface TestRelay {
  readonly url: string;
  readonly restarts: () => number;
  readonly restartUntil: (end: number, random: Random) => Promise<void>;
  /** All that it said and kept. */
  readonly traces: () => Promise<readonly string[]>;
  readonly stop: () => Promise<void>;
}

const startRelay = async ({ directory, plan, say }: World, host: string): Promise<TestRelay> => {
  const [site, data] = [join(directory, "site"), join(directory, "relay")];
  await build({
    configFile: false,
    logLevel: "error",
    root: resolve(import.meta.dirname, "../support/sharePage"),
    worker: { format: "es" },
    // What goes wrong is to be found
    build: {
      ...{ target: "esnext", outDir: site, assetsInlineLimit: 0, emptyOutDir: true },
      ...{ minify: false },
    },
  });
  let [port, restarts] = [0, 0];
  const said: string[] = [];
  const front = await startTlsFront(() => port, host);
  const start = async (): Promise<RelayProcess> => {
    const flags = ["--port", String(port), "--static", site, "--data", data];
    const announced = `/ip4/${host}/tcp/${String(front.port)}/tls/ws`;
    const started = await startRelayProcess([...flags, "--announce", announced]);
    port = started.port;
    return started;
  };
  let relay = await start();
  const stop = async (): Promise<void> => {
    await relay.stop();
    said.push(relay.said());
  };
  return {
    url: `https://${host}:${String(front.port)}/`,
    restarts: () => restarts,
    restartUntil: async (end, random) => {
      for (;;) {
        const away = 200 + random.integer(9_000);
        const rest = plan.restartMilliseconds - away;
        if (performance.now() + rest > end - away) return;
        await passTime(rest);
        say(`the relay goes for ${(away / 1_000).toFixed(1)} s`);
        await stop();
        await passTime(away);
        relay = await start();
        restarts += 1;
      }
    },
    traces: async () => {
      const metrics = await readMetrics(port);
      const kept = (await readdir(data)).map((name) => readFile(join(data, name), "latin1"));
      return [...said, relay.said(), metrics.text, ...(await Promise.all(kept))];
    },
    stop: async () => {
      await stop();
      await front.close();
    },
  };
};

/** What the script waits for is time itself: how long an outage lasts. */
const passTime = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, Math.max(0, milliseconds));
  });

const privateCanary = (name: string): string => `private canary of ${name}`;
const localCanary = (name: string): string => `local canary of ${name}`;

/** All in both networks, each with what is nobody else's business. */
const settleIn = async ({ profiles, say }: World): Promise<void> => {
  const invites = { networkId: closed.networkId, uses: profiles.length - 1 };
  let link = "";
  for (const profile of profiles) {
    await profile.openTab();
    link = await profile.page().evaluate(
      async ({ open, closed, sharedSecret, invites, link, secrets, name }) => {
        const { database, once, write } = window.sharePage;
        const { networkId } = open;
        await database.createNetwork({ networkId, name: "Street", encryption: { sharedSecret } });
        let invite = link;
        if (link === "") {
          await database.createNetwork({ networkId: closed.networkId, name: "House" });
          invite = (await database.invite(invites.networkId, invites)).url;
        } else {
          await database.joinNetwork(link);
          const standing = (): string | undefined =>
            database
              .getNetworkManager()
              .getNetworks()
              .find((each) => each.networkId === closed.networkId)?.closed?.standing;
          await once(() => ["editor", "owner"].includes(standing() ?? ""));
        }
        for (const share of [open, closed]) {
          database.collection(share.collection);
          await database.addCollectionToNetwork(share.networkId, share.collection);
        }
        const [hidden, local] = secrets;
        const inserts = [{ id: `private-${name}`, text: hidden }];
        for (const { collection } of [open, closed]) {
          await write({ collection, visibility: "private", inserts });
        }
        await write({ collection: "diary", inserts: [{ id: "today", text: local }] });
        return invite;
      },
      {
        ...{ open, closed, sharedSecret, invites, link, name: profile.name },
        secrets: [privateCanary(profile.name), localCanary(profile.name)],
      },
    );
    say(`${profile.name} is in both networks (WebRTC ${profile.webrtc})`);
  }
};

/** One thing after the other, until the round ends. */
const liveOne = async (
  world: World,
  profile: Profile,
  random: Random,
  end: number,
): Promise<void> => {
  const deeds: readonly (readonly [number, string, () => Promise<void>])[] = [
    [8, "writes", () => writeBurst(world, profile, random)],
    [3, "goes offline and writes", () => beOffline(world, profile, random, end)],
    [1, "reloads", () => profile.reload()],
    [1, "hands over to another tab", () => profile.handOver()],
    [1, "crashes", () => profile.crash()],
    [1, "sleeps", () => sleep(profile, random, end)],
    [profile.move === null ? 0 : 1, "moves", () => Promise.resolve(profile.move?.())],
    [1, "rests", () => passTime(Math.min(10_000, end - performance.now()))],
  ];
  const bag = deeds.flatMap((deed) => Array.from({ length: deed[0] }, () => deed));
  while (performance.now() < end) {
    const [, what, run] = random.pick(bag);
    if (what !== "writes") world.say(`${profile.name} ${what}`);
    world.done.set(what, (world.done.get(what) ?? 0) + 1);
    try {
      await within(deedMillisecondsMax, run(), () => describe(profile, open.networkId));
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      world.problems.push(`${profile.name} ${what}: ${text}`);
      world.say(`PROBLEM ${profile.name} ${what}: ${text}`);
      await profile.startOver();
    }
    await passTime(Math.min(random.integer(3_000), end - performance.now()));
  }
};

/** Rejects where it takes longer, with what the page says of its connection. */
const within = async (
  milliseconds: number,
  deed: Promise<void>,
  tell: () => Promise<string>,
): Promise<void> => {
  const isDone = await Promise.race([
    deed.then(() => true),
    passTime(milliseconds).then(() => false),
  ]);
  if (isDone) return;
  const told = await Promise.race([tell(), passTime(5_000).then(() => "the page is mute")]);
  throw new Error(`it does not end: ${told}`);
};

const writeBurst = async ({ ledger }: World, profile: Profile, random: Random): Promise<void> => {
  const request = ledger.next(profile.name, random.pick(shares).collection, random);
  try {
    const updated = await profile
      .page()
      .evaluate((asked) => window.sharePage.write(asked), request);
    ledger.acknowledge(profile.name, request, updated);
  } catch (error) {
    ledger.lose(profile.name, request);
    throw error;
  }
};

const beOffline = async (
  world: World,
  profile: Profile,
  random: Random,
  end: number,
): Promise<void> => {
  await profile.goOffline();
  const back = Math.min(end, performance.now() + 2_000 + random.integer(28_000));
  try {
    do {
      await writeBurst(world, profile, random);
      await passTime(Math.min(random.integer(4_000), back - performance.now()));
    } while (performance.now() < back);
  } finally {
    await profile.goOnline();
  }
};

/** Some of it for longer than others take it for connected. */
const sleep = async (profile: Profile, random: Random, end: number): Promise<void> => {
  profile.sleep();
  await passTime(Math.min(5_000 + random.integer(100_000), end - performance.now()));
  profile.wake();
};

/** All is well: everybody finds everybody, verifies, and reads the same. */
const keepPeace = async (world: World, when: string): Promise<void> => {
  const since = performance.now();
  const problemsBefore = world.problems.length;
  await Promise.all(world.profiles.map((profile) => settled(world, profile, when)));
  for (const { collection } of shares) {
    const digests = await Promise.all(
      world.profiles.map((profile) =>
        profile.page().evaluate(async (name) => {
          const documents = await window.sharePage.database
            .collection(name)
            .find({}, { sort: { id: 1 } });
          return documents.filter(({ id }) => !id.startsWith("private-"));
        }, collection),
      ),
    );
    const texts = digests.map((each) => JSON.stringify(each.map(sortFields)));
    for (const [at, text] of texts.entries()) {
      if (text === texts[0]) continue;
      world.problems.push(`${when}: ${"abcde"[at] ?? ""} reads other ${collection} than a`);
    }
    // As the page gave them
    const documents = digests[0] as unknown as readonly Read[];
    world.problems.push(
      ...world.ledger.judge(collection, documents).map((problem) => `${when}: ${problem}`),
    );
  }
  const seconds = ((performance.now() - since) / 1_000).toFixed(1);
  const found = world.problems.slice(problemsBefore);
  for (const problem of found) world.say(`PROBLEM ${problem}`);
  if (found.length === 0) world.say(`${when}: all equal and verified, ${seconds} s later`);
};

const sortFields = (document: object): unknown =>
  Object.entries(document).sort(([a], [b]) => (a < b ? -1 : 1));

const settled = async (
  { profiles, problems, say }: World,
  profile: Profile,
  when: string,
): Promise<void> => {
  const others = profiles.length - 1;
  const since = performance.now();
  for (const { networkId } of shares) {
    const left = peaceMillisecondsMax - (performance.now() - since);
    const isSettled = await Promise.race([
      profile
        .page()
        .evaluate(([id, count]) => window.sharePage.settled(id, count).then(() => true), [
          networkId,
          others,
        ] as const),
      passTime(left).then(() => false),
    ]);
    if (isSettled) continue;
    problems.push(`${when}: ${profile.name} is not in sync with all in ${networkId}`);
    say(`${profile.name}: ${await describe(profile, networkId)}`);
  }
  const seconds = (performance.now() - since) / 1_000;
  say(`${profile.name} is in sync with all after ${seconds.toFixed(1)} s`);
};

const describe = (profile: Profile, networkId: string): Promise<string> =>
  profile.page().evaluate(async (id) => {
    const manager = window.sharePage.database.getNetworkManager();
    const peers = manager.getConnectedPeers(id).map(({ peerId, path, status }) => ({
      ...{ peer: peerId.slice(0, 8), path, status },
    }));
    return JSON.stringify({ peers, steps: await manager.diagnose() }, null, 1);
  }, networkId);

/** Nobody has what was nobody else's, and the relay nothing at all. */
const lookForCanaries = async (
  { profiles, problems, say }: World,
  relay: TestRelay,
): Promise<void> => {
  for (const trace of await relay.traces()) {
    if (/canar|street of|house of/i.test(trace)) problems.push("the relay knows of a canary");
  }
  for (const profile of profiles) {
    const read = await profile.page().evaluate(async () => {
      const { database } = window.sharePage;
      const all = (await database.collections()).map(({ name }) =>
        database.collection(name).find(),
      );
      return JSON.stringify(await Promise.all(all));
    });
    const own = [privateCanary(profile.name), localCanary(profile.name)];
    for (const canary of own) {
      if (!read.includes(canary)) problems.push(`${profile.name} lost its ${canary}`);
    }
    await profile.close();
    const files = await readdir(join(profile.directory, "profile"), {
      ...{ recursive: true, withFileTypes: true },
    });
    const texts = [read];
    for (const file of files.filter((each) => each.isFile())) {
      texts.push(await readFile(join(file.parentPath, file.name), "latin1"));
    }
    const others = profiles.filter((other) => other !== profile);
    for (const other of others.flatMap(({ name }) => [privateCanary(name), localCanary(name)])) {
      if (texts.some((text) => text.includes(other))) {
        problems.push(`${profile.name} has the ${other}`);
      }
    }
    // It is the disk that was looked at: what is its own stands there
    if (!texts.slice(1).some((text) => own.some((canary) => text.includes(canary)))) {
      problems.push(`the disk of ${profile.name} does not show even its own canaries`);
    }
  }
  say("canaries were looked for on every disk and at the relay");
};
