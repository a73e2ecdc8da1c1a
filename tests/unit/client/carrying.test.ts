/** When a page's network starts, with which relays, and what is told when it cannot. */
import { expect, test } from "vitest";
import { createCarrying, type CarryAs, type Carrying } from "../../../src/client/carrying.ts";
import type { ConnectionChange, ConnectionSettings } from "../../../src/core/wire/connection.ts";
import { loadPart } from "../../../src/core/base/parts.ts";
import { createLocalConnection } from "../../../src/client/localConnection.ts";
import { createSession, type Session } from "../../../src/client/session.ts";
import { InMemoryAdapter } from "../../../src/storage/memory.ts";
import { createLocalEngine } from "../../../src/worker/localEngine.ts";
import { Told } from "../../contract/api/live.ts";

const openSession = (): Session =>
  createSession(createLocalConnection(Promise.resolve(createLocalEngine(new InMemoryAdapter()))), {
    name: "carrying",
    durability: "strict",
  });

interface Bench {
  readonly session: Session;
  readonly carrying: Carrying;
  /** The relays of each start. */
  readonly started: Told<readonly string[]>;
  readonly used: Told<ConnectionSettings>;
  readonly stopped: { count: number };
  readonly warnings: string[];
}

const bench = (fail = false): Bench => {
  const session = openSession();
  const started = new Told<readonly string[]>();
  const used = new Told<ConnectionSettings>();
  const stopped = { count: 0 };
  const carry: CarryAs = (_service, settings) => {
    started.note(settings.relays);
    used.note(settings);
    if (fail) return Promise.reject(new Error("no WebRTC here"));
    return Promise.resolve(async () => void (stopped.count += 1));
  };
  const warnings: string[] = [];
  session.events.on("warning", (text) => warnings.push(text));
  const carrying = createCarrying(session, carry);
  return { session, carrying, started, used, stopped, warnings };
};

test("it starts when it is first wanted, without relays of its own with the page's", async () => {
  const { session, carrying, started } = bench();
  expect(carrying.running()).toBe(false);
  carrying.use([]);
  expect(await started.nth(1)).toEqual([]);
  await carrying.stop();
  await session.close();
});

test("it starts again when another relay is named, and only then", async () => {
  const { session, carrying, started, stopped } = bench();
  const [one, other] = ["/dns/one.example/tcp/443/wss", "/dns/two.example/tcp/443/tls/ws"];
  carrying.use([one]);
  expect(await started.nth(1)).toEqual([one]);
  carrying.use([one]);
  carrying.use([other]);
  carrying.use([one, other]);
  expect(await started.nth(2)).toEqual([one, other]);
  await carrying.stop();
  expect(started.all).toHaveLength(2);
  expect(stopped.count).toBe(2);
  expect(carrying.running()).toBe(false);
  carrying.use(["/dns/three.example/tcp/443/wss"]);
  await carrying.stop();
  expect(started.all).toHaveLength(2);
  await session.close();
});

test("T-137 C-42 an address that a page cannot dial is told and left out", async () => {
  const { session, carrying, started, warnings } = bench();
  carrying.use(["/ip4/127.0.0.1/tcp/4001", "/ip4/127.0.0.1/tcp/5173/ws/p2p/12D3KooW"]);
  expect(await started.nth(1)).toEqual(["/ip4/127.0.0.1/tcp/5173/ws/p2p/12D3KooW"]);
  expect(warnings).toEqual([expect.stringContaining("/ip4/127.0.0.1/tcp/4001")]);
  await carrying.stop();
  await session.close();
});

test("a network that cannot be loaded is a warning, and the database goes on", async () => {
  const { session, carrying, started, warnings } = bench(true);
  carrying.use([]);
  await started.nth(1);
  await carrying.stop();
  expect(carrying.running()).toBe(false);
  expect(warnings).toEqual([expect.stringContaining("no WebRTC here")]);
  expect(session.isOpen()).toBe(true);
  await session.close();
});

test("it starts again when something else is set, and not for the same", async () => {
  const { session, carrying, used, stopped } = bench();
  const set = (change: ConnectionChange): Promise<null> =>
    session.ask((service) => service.configureConnection(change));
  await set({ relayOnly: true });
  carrying.use(["/dns/named.example/tcp/443/wss"]);
  const [named, own] = ["/dns/named.example/tcp/443/wss", "/dns/own.example/tcp/443/wss"];
  expect(await used.nth(1)).toMatchObject({ relays: [named], relayOnly: true });
  await set({ relayOnly: true });
  await set({ relays: [own], iceServers: [{ urls: ["stun:stun.example"] }] });
  expect(await used.nth(2)).toEqual({
    ...{ relays: [own, named], iceServers: [{ urls: ["stun:stun.example"] }], relayOnly: true },
    rendezvous: true,
  });
  await carrying.stop();
  expect([used.all.length, stopped.count]).toEqual([2, 2]);
  await set({ relays: [] });
  await carrying.stop();
  expect(used.all).toHaveLength(2);
  await session.close();
});

test("what could not be loaded is tried again, until it is there", async () => {
  const session = openSession();
  const started = new Told<number>();
  const waits = new Told<() => void>();
  const carry: CarryAs = async () => {
    started.note(started.all.length);
    const load = started.all.length < 3 ? Promise.reject<undefined>(new TypeError("no way")) : null;
    await loadPart(() => load ?? Promise.resolve());
    return () => Promise.resolve(void (stopped += 1));
  };
  let stopped = 0;
  const warnings: string[] = [];
  session.events.on("warning", (text) => warnings.push(text));
  const clock = {
    after: (_milliseconds: number, run: () => void): (() => void) => {
      waits.note(run);
      return () => undefined;
    },
  };
  const carrying = createCarrying(session, carry, clock);
  carrying.use([]);
  (await waits.nth(1))();
  (await waits.nth(2))();
  await started.nth(3);
  await carrying.stop();
  expect(stopped).toBe(1);
  expect(warnings).toHaveLength(2);
  expect(warnings[1]).toContain("the server of this page is out of reach");
  await session.close();
});

test("where there is no network nothing is started", async () => {
  const session = openSession();
  const carrying = createCarrying(session, null);
  carrying.use([]);
  await carrying.stop();
  expect(carrying.running()).toBe(false);
  await session.close();
});
