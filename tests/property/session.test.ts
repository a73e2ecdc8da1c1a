/**
 * Replicas that write while links lose, repeat, overtake and break always end up the same, verify
 * it, and then fall silent. A failure names its seed: SYNC_SEED=… replays it alone, SYNC_SEEDS=…
 * plays more.
 */
import { expect, test } from "vitest";
import type { ScopeId } from "../../src/core/base/types.ts";
import { createRandom, type Random } from "../support/random.ts";
import {
  contentOf,
  createWorld,
  scopeNamed,
  soundLink,
  type LinkRules,
  type Replica,
  type World,
} from "./sessionWorld.ts";

const onlySeed = process.env["SYNC_SEED"];
const firstSeed = Number(onlySeed ?? 1);
const seeds = Number(process.env["SYNC_SEEDS"] ?? (onlySeed === undefined ? 100 : 1));
const scopes: readonly ScopeId[] = [scopeNamed("notes"), scopeNamed("tasks")];

test(
  "replicas over bad links converge, verify each other and fall silent",
  { timeout: 60_000 + seeds * 500 },
  () => {
    for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
      const random = createRandom(seed);
      const world = createWorld(random, 2 + random.integer(3), badLink(random));
      attachAll(world);
      live(world, random);
      joinInLine(world);
      converge(world, seed);
      expect(messagesLater(world, 120_000), `seed ${seed}: silent`).toBe(0);
      expect(world.lies, `seed ${seed}: claims`).toEqual([]);
    }
  },
);

test("over sound links every byte travels a link about once", { timeout: 60_000 }, () => {
  for (let seed = firstSeed; seed < firstSeed + Math.min(seeds, 15); seed++) {
    const random = createRandom(seed);
    const world = createWorld(random, 2 + random.integer(3), soundLink);
    attachAll(world);
    joinInLine(world);
    let written = 0;
    for (let step = 0; step < 60; step++) {
      const bytes = random.pick([20, 2_000, 30_000]);
      world.write(random.pick(world.replicas), random.pick(scopes), bytes);
      written += bytes + 120;
      if (random.chance(0.3)) world.run(random.integer(1_500));
    }
    converge(world, seed);
    const links = world.replicas.length - 1;
    // What is pushed now and then crosses a question for the same
    expect(world.sent.bytes, `seed ${seed}: bytes`).toBeLessThan(links * (written * 1.15 + 60_000));
    expect(world.sent.messages, `seed ${seed}: messages`).toBeLessThan(links * 60 * 4);
  }
});

test("over sound links slowed writers cost no offence and no timeout", { timeout: 60_000 }, () => {
  for (let seed = firstSeed; seed < firstSeed + Math.min(seeds, 5); seed++) {
    const random = createRandom(seed);
    const world = createWorld(random, 4, { ...soundLink, delayMs: 1_000 });
    const [first, middle, third, last] = world.replicas;
    if (!first || !middle || !third || !last) throw new Error("four replicas");
    attachAll(world);
    // Some windows of it
    for (let written = 0; written < 40; written++) world.write(first, random.pick(scopes), 150_000);
    const others = world.replicas.slice(1);
    for (const { paces } of others) paces.slow(first.name, random.pick([100_000, 1_000_000]));
    for (const each of [first, third]) world.connect(middle, each);
    for (let step = 0; step < 60; step++) {
      world.write(random.pick(world.replicas), random.pick(scopes), random.pick([20, 30_000]));
      if (random.chance(0.5)) world.run(random.integer(4_000));
      const bytesPerSecond = random.pick([100_000, 1_000_000, null]);
      if (random.chance(0.1)) random.pick(others).paces.slow(first.name, bytesPerSecond);
      // What it wrote meanwhile is pulled
      if (random.chance(0.1)) world.disconnect(middle, last);
      if (random.chance(0.3)) connectOnce(world, middle, last);
    }
    connectOnce(world, middle, last);
    converge(world, seed);
    expect(offencesIn(world), `seed ${seed}`).toEqual([]);
    expect(world.lies, `seed ${seed}: claims`).toEqual([]);
  }
});

test("a newcomer gets all in one request, under credit", { timeout: 60_000 }, () => {
  const world = createWorld(createRandom(7), 2, soundLink);
  const [a, b] = world.replicas;
  const scope = scopeNamed("notes");
  if (a === undefined || b === undefined) throw new Error("two replicas");
  for (const replica of world.replicas) world.attach(replica, scope);
  for (let written = 0; written < 60; written++) world.write(a, scope, 100_000);
  world.connect(a, b);
  world.run(5_000);
  expect(contentOf(a)).toBe(contentOf(b));
  expect(world.sent.bytes).toBeLessThan(60 * 100_000 * 1.01);
  expect(Object.fromEntries(world.sent.kinds)).toMatchObject({ want: 1, operation: 61 });
  expect(world.sent.messages).toBeLessThan(61 + 30);
});

test("pushed segments and changes in a full mesh end in silence too", () => {
  const random = createRandom(21);
  const world = createWorld(random, 4, soundLink);
  attachAll(world);
  world.replicas.forEach((a, index) => {
    for (const b of world.replicas.slice(index + 1)) world.connect(a, b);
  });
  world.run(2_000);
  for (let step = 0; step < 30; step++) {
    world.write(random.pick(world.replicas), random.pick(scopes), 1_000);
    world.run(300);
  }
  converge(world, 21);
  // Each of 30 segments goes to three others; forwarding adds what was not known in time.
  expect(world.sent.kinds.get("operation")).toBeLessThan(30 * 3 * 2);
  expect(messagesLater(world, 120_000)).toBe(0);
});

test("equal heads with another state are a mismatch on both sides, never verified", () => {
  const world = createWorld(createRandom(3), 2, soundLink);
  const [a, b] = world.replicas;
  if (a === undefined || b === undefined) throw new Error("two replicas");
  attachAll(world);
  world.write(a, scopes[0] ?? scopeNamed("notes"), 100);
  b.isOdd = true;
  world.connect(a, b);
  world.run(20_000);
  for (const { links } of world.replicas) {
    for (const { statuses } of links) {
      for (const status of statuses.values()) expect(status).toEqual({ kind: "mismatch" });
    }
  }
});

test("a scope attached later, or again, is compared from then on", () => {
  const world = createWorld(createRandom(4), 2, soundLink);
  const [a, b] = world.replicas;
  const scope = scopeNamed("late");
  if (a === undefined || b === undefined) throw new Error("two replicas");
  world.attach(a, scope);
  world.write(a, scope, 100);
  world.connect(a, b);
  world.run(30_000);
  expect(b.stores.size).toBe(0);
  const quiet = messagesLater(world, 600_000);
  // One summary a minute that nobody answers.
  expect(quiet).toBeLessThanOrEqual(10);
  world.attach(b, scope);
  world.run(2_000);
  expect(contentOf(a)).toBe(contentOf(b));
  world.detach(b, scope);
  world.write(a, scope, 100);
  world.run(2_000);
  expect(b.stores.size).toBe(0);
  world.attach(b, scope);
  world.run(10_000);
  expect(contentOf(a)).toBe(contentOf(b));
});

test("who attaches what the peer has is verified as soon as all of it is here", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = createRandom(seed);
    const world = createWorld(random, 2, soundLink);
    const [a, b] = world.replicas;
    const [scope] = scopes;
    if (a === undefined || b === undefined || scope === undefined) throw new Error("two replicas");
    world.attach(a, scope);
    for (let written = 0; written < 4; written++) world.write(a, scope, 190_000);
    world.connect(a, b);
    // What was said before b attached says nothing to it
    world.run(random.integer(1_500));
    world.attach(b, scope);
    // No tick comes in it
    world.run(240);
    for (const { links } of [a, b]) {
      const claims = [...links].map(({ statuses }) => statuses.get(scope));
      expect(claims, `seed ${seed}`).toEqual([{ kind: "synced", verified: true, unread: 0 }]);
    }
  }
});

const badLink = (random: Random): LinkRules => ({
  loss: random.pick([0, 0.05, 0.2]),
  duplicate: random.pick([0, 0.1, 0.3]),
  delayMs: 1,
  jitterMs: random.pick([0, 30, 400]),
  frameBytes: random.pick([600, 65_536, 262_144]),
});

const attachAll = (world: World): void => {
  for (const replica of world.replicas) {
    for (const scope of scopes) world.attach(replica, scope);
  }
};

/**
 * Writes, connections that come and go, devices that are slowed and no more, and now and then a
 * copied device that goes on writing.
 */
const live = (world: World, random: Random): void => {
  for (let step = 0; step < 40; step++) {
    const [a, b] = random.shuffle(world.replicas);
    if (a === undefined || b === undefined) throw new Error("two replicas at least");
    const scope = random.pick(scopes);
    const dice = random.integer(22);
    if (dice < 10) world.write(a, scope, random.integer(300));
    else if (dice < 13) world.disconnect(a, b);
    else if (dice < 16) connectOnce(world, a, b);
    else if (dice < 17) cloneWriter(a, b, scope);
    else if (dice < 18) branch(world, random, a, scope);
    else if (dice < 20) slow(world, random, a);
    else world.run(random.integer(4_000));
  }
};

const connectOnce = (world: World, a: Replica, b: Replica): void => {
  if (![...a.links].some(({ to }) => to === b)) world.connect(a, b);
};

/** b believes a's writer its own, and goes on from what it holds of it. */
const cloneWriter = (a: Replica, b: Replica, scope: ScopeId): void => {
  const writer = [...(a.own.get(scope) ?? [])].at(-1);
  const held = [...(b.stores.get(scope)?.held.values() ?? [])];
  if (writer === undefined || !held.some((segment) => segment.writer === writer)) return;
  b.own.set(scope, (b.own.get(scope) ?? new Set()).add(writer));
};

/** A second header upon one that has a successor already. */
const branch = (world: World, random: Random, a: Replica, scope: ScopeId): void => {
  const held = [...(a.stores.get(scope)?.held.keys() ?? [])];
  if (held.length > 0) world.write(a, scope, 10, random.pick(held));
};

/** Most find at once that its quota is spent, or that it is not any more. */
const slow = (world: World, random: Random, { name }: Replica): void => {
  const bytesPerSecond = random.pick([10, 100, 1_000, null]);
  for (const { paces } of world.replicas) {
    if (random.chance(0.8)) paces.slow(name, bytesPerSecond);
  }
};

/** As a partial mesh has it: most get everything through others. */
const joinInLine = (world: World): void => {
  world.replicas.forEach((replica, index) => {
    const next = world.replicas[index + 1];
    if (next !== undefined) connectOnce(world, replica, next);
  });
};

/** Long enough for the worst of the links and the longest of the waits. */
const convergeMs = 20_000_000;

const converge = (world: World, seed: number): void => {
  world.run(5_000);
  for (let waited = 0; waited < convergeMs && !isVerified(world); waited += 5_000) world.run(5_000);
  const found = world.replicas.map(({ links }) =>
    [...links].map(({ state, statuses }) => [...statuses.values(), state.counters, state.isOpen]),
  );
  const message = `seed ${seed}: ${JSON.stringify(found)}`;
  expect(new Set(world.replicas.map(contentOf)).size, message).toBe(1);
  expect(isVerified(world), message).toBe(true);
};

const offencesIn = (world: World): readonly string[] =>
  world.replicas.flatMap(({ links }) =>
    [...links].flatMap(({ state }) =>
      Object.keys(state.counters).filter((reason) => offences.includes(reason)),
    ),
  );

/** What honest peers over sound links never see. */
const offences = ["operation-unasked", "operation-over-credit", "rate-exceeded", "request-timeout"];

const isVerified = (world: World): boolean =>
  world.replicas.every(({ links }) =>
    [...links].every(({ statuses }) =>
      scopes.every((scope) => {
        const status = statuses.get(scope);
        return status?.kind === "synced" && status.verified;
      }),
    ),
  );

/** Once what is under way has ended. */
const messagesLater = (world: World, ms: number): number => {
  world.run(40_000);
  const before = world.sent.messages;
  world.run(ms);
  return world.sent.messages - before;
};
