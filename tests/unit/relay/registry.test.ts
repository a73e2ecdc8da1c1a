/** Who stands under which tag, checked against a rule of one line on random histories. */
import { expect, test } from "vitest";
import { createRegistry, type Changes } from "../../../relay/registry.ts";
import type { Registration } from "../../../src/net/rendezvousMessages.ts";
import { createRandom } from "../../support/random.ts";

const registryOf = (peersPerTagMax = 64, random = Math.random) =>
  createRegistry({ random, peersPerTagMax });

const told = (changes: Changes): Record<string, string[]> =>
  Object.fromEntries([...changes].map(([peer, tags]) => [peer, [...tags].sort()]));

test("only reachable peers are named, and nobody to itself", () => {
  const registry = registryOf();
  registry.register("a", { tags: ["x"], reachable: true });
  registry.register("b", { tags: ["x"], reachable: false });
  expect(registry.peersOf("x", "a")).toEqual({ tag: "x", peers: [] });
  expect(registry.peersOf("x", "b")).toEqual({ tag: "x", peers: ["a"] });
  expect(registry.peersOf("y", "b")).toEqual({ tag: "y", peers: [] });
});

test("those concerned are told of what changed, the registering one of all its tags", () => {
  const registry = registryOf();
  registry.register("a", { tags: ["x", "y"], reachable: true });
  // Not yet reachable: a reader is no news to others.
  expect(told(registry.register("b", { tags: ["x", "y"], reachable: false }))).toEqual({
    b: ["x", "y"],
  });
  expect(told(registry.register("b", { tags: ["x", "y"], reachable: true }))).toEqual({
    a: ["x", "y"],
    b: ["x", "y"],
  });
  expect(told(registry.register("b", { tags: ["y", "z"], reachable: true }))).toEqual({
    a: ["x"],
    b: ["y", "z"],
  });
  expect(told(registry.forget("b"))).toEqual({ a: ["y"] });
  expect(told(registry.forget("b"))).toEqual({});
  expect(registry.peerCount()).toBe(1);
});

test("of many peers a random choice is named, each as often as any other", () => {
  const registry = registryOf(4, createRandom(1).next);
  const peers = Array.from({ length: 10 }, (_, at) => `peer${at}`);
  for (const peer of peers) registry.register(peer, { tags: ["x"], reachable: true });
  const counts = new Map(peers.map((peer) => [peer, 0]));
  for (let round = 0; round < 900; round += 1) {
    const { peers: named } = registry.peersOf("x", "peer0");
    expect(new Set(named).size).toBe(4);
    for (const peer of named) counts.set(peer, (counts.get(peer) ?? 0) + 1);
  }
  expect(counts.get("peer0")).toBe(0);
  counts.delete("peer0");
  // 900 · 4 / 9 = 400 each; the dice are seeded, so this cannot fail by chance.
  for (const count of counts.values()) expect(Math.abs(count - 400)).toBeLessThan(60);
});

test("after any history the registry says what the last registrations say", () => {
  const seed = Date.now() % 1_000_000;
  const random = createRandom(seed);
  const registry = registryOf();
  const last = new Map<string, Registration>();
  const known = new Map<string, string>();
  const names = ["a", "b", "c", "d", "e"];
  const tags = ["x", "y", "z"];
  const expected = (tag: string, asker: string): string[] =>
    names.filter((name) => {
      const registration = last.get(name);
      return name !== asker && registration?.reachable === true && registration.tags.includes(tag);
    });

  for (let step = 0; step < 2_000; step += 1) {
    const peer = random.pick(names);
    const registration = {
      tags: tags.filter(() => random.chance(0.5)),
      reachable: random.chance(0.7),
    };
    const isLeaving = random.chance(0.2);
    const changes = isLeaving ? registry.forget(peer) : registry.register(peer, registration);
    if (isLeaving) last.delete(peer);
    else last.set(peer, registration);
    for (const [told, changed] of changes) {
      for (const tag of changed) known.set(`${told} ${tag}`, expected(tag, told).join());
    }
    // Whoever is registered knows, by what it was told, exactly what is so.
    for (const [name, registered] of last) {
      for (const tag of registered.tags) {
        const answer = [...registry.peersOf(tag, name).peers].sort();
        expect(answer, `seed ${seed}`).toEqual(expected(tag, name));
        expect(known.get(`${name} ${tag}`), `seed ${seed}`).toBe(answer.join());
      }
    }
  }
});
