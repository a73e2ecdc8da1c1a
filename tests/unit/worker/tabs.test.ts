/**
 * Tabs that share a database: one leads, the others ask it, and whichever way it goes, the next one
 * goes on with all that was asked.
 */
import { beforeEach, expect, test } from "vitest";
import { heartbeatMilliseconds, heartbeatsMissedMax } from "../../../src/core/base/limits.ts";
import type { Write } from "../../../src/core/wire/requests.ts";
import { decodeRows, rowToDocument } from "../../../src/core/wire/rows.ts";
import type { Answer, OpenInfo, ServiceEvent } from "../../../src/worker/api.ts";
import {
  createTabWorld,
  type Tab,
  type TabOptions,
  type TabWorld,
} from "../../support/tabWorld.ts";
import { findOf, rowsOf, shownBy, updateOf } from "../engine/world.ts";

let world: TabWorld;
beforeEach(() => {
  world = createTabWorld();
});

/** A tab and its page: what the page was told, and what it asks. */
class Page {
  readonly events: ServiceEvent[] = [];
  readonly opened: Promise<Answer<OpenInfo>>;
  readonly tab: Tab;

  constructor(options: TabOptions = {}) {
    this.tab = world.open(options);
    this.opened = this.tab.member.open({ name: "notes", durability: "strict" }, (event) => {
      this.events.push(event);
    });
  }

  get leads(): boolean {
    const told = this.events.findLast((event) => event.kind === "leading");
    return told?.isLeading ?? false;
  }

  write(write: Write, commandId = nextId()): Promise<Answer<unknown>> {
    return this.tab.member.write({ commandId, write });
  }

  insert(...ids: readonly string[]): Promise<Answer<unknown>> {
    const rows = rowsOf(ids.map((id) => ({ id, n: 0 })));
    return this.write({ kind: "insert", collection: "c", rows, visibility: null });
  }

  add(id: string, n: number): Promise<Answer<unknown>> {
    return this.write(updateOf("c", id, { $inc: { n } }));
  }

  async found(): Promise<readonly object[]> {
    const answer = await soon(this.tab.member.find(findOf("c", {}), []));
    if (!answer.ok) throw new Error(answer.error.message);
    return decodeRows(answer.value.rows).map(rowToDocument);
  }

  follow(subscription: number): () => readonly object[] {
    void this.tab.member.subscribe(subscription, findOf("c", {}));
    return () => shownBy(this.events, subscription);
  }

  count(kind: ServiceEvent["kind"]): number {
    return this.events.filter((event) => event.kind === kind).length;
  }
}

let commands = 0;
const nextId = (): string => `command-${++commands}`;

/** Lets time pass until it is answered. */
const soon = async <T>(answer: Promise<T>): Promise<T> => {
  const box: { value?: T } = {};
  void answer.then((value) => (box.value = value));
  for (let waited = 0; !("value" in box); waited += 10) {
    if (waited > 60_000) throw new Error("no answer in a minute");
    await world.clock.pass(10);
  }
  return answer;
};

const openPage = async (options: TabOptions = {}): Promise<Page> => {
  const page = new Page(options);
  expect(await soon(page.opened)).toMatchObject({ ok: true });
  return page;
};

const openTwo = async (): Promise<readonly [Page, Page]> => [await openPage(), await openPage()];

const openThree = async (): Promise<readonly [Page, Page, Page]> => [
  ...(await openTwo()),
  await openPage(),
];

const silence = heartbeatMilliseconds * (heartbeatsMissedMax + 2);
const ok = { ok: true };

test("one tab leads, and all see what each writes", async () => {
  const [one, two, three] = await openThree();
  expect([one.leads, two.leads, three.leads]).toEqual([true, false, false]);
  const shown = three.follow(7);
  expect(await soon(two.insert("a"))).toMatchObject(ok);
  expect(await soon(one.insert("b"))).toMatchObject(ok);
  const all = [
    { id: "a", n: 0 },
    { id: "b", n: 0 },
  ];
  for (const page of [one, two, three]) expect(await page.found()).toEqual(all);
  await world.clock.settle();
  expect(shown()).toEqual(all);
  expect(await soon(three.insert("a"))).toMatchObject({ error: { code: "DuplicateId" } });
});

test("who follows has all that a closed network asks before its turn comes", async () => {
  let prepared = 0;
  const onPrepared = (): void => void (prepared += 1);
  const [one, two] = [await openPage({ onPrepared }), await openPage({ onPrepared })];
  const join = (networkId: string, kind: "open" | "closed"): Promise<Answer<unknown>> =>
    one.tab.member.makeNetwork({ networkId, name: networkId, kind, sharedSecret: null });
  expect(await soon(join("street", "open"))).toMatchObject(ok);
  await world.clock.settle();
  expect(two.events.some(({ kind }) => kind === "networks")).toBe(true);
  expect(prepared).toBe(0);
  expect(await soon(join("house", "closed"))).toMatchObject(ok);
  await world.clock.settle();
  expect(prepared).toBeGreaterThan(0);
});

test("a leader that dies is followed by the next, which answers what waited", async () => {
  const [one, two, three] = await openThree();
  await soon(two.insert("a"));
  const shown = three.follow(1);
  await world.clock.settle();
  one.tab.freeze();
  const adding = [two.add("a", 1), three.add("a", 2)];
  await world.clock.settle();
  one.tab.kill();
  for (const each of adding) expect(await soon(each)).toMatchObject(ok);
  expect([two.leads, three.leads]).toEqual([true, false]);
  expect(await three.found()).toEqual([{ id: "a", n: 3 }]);
  await world.clock.settle();
  expect(shown()).toEqual([{ id: "a", n: 3 }]);
});

test("what took effect and was not answered takes effect once", async () => {
  const [one, two] = await openTwo();
  await soon(one.insert("a"));
  const adding = two.add("a", 1);
  // On disk, with the answer on its way
  for (let turn = 0; turn < 40 && (await one.found()).length > 0; turn++) {
    if (JSON.stringify(await one.found()).includes('"n":1')) break;
  }
  one.tab.kill();
  expect(await soon(adding)).toMatchObject(ok);
  expect(await two.found()).toEqual([{ id: "a", n: 1 }]);
});

test("a leader that is frozen is replaced, and only fails when it thaws", async () => {
  const [one, two] = await openTwo();
  await soon(one.insert("a"));
  const late = one.add("a", 10);
  one.tab.freeze();
  const adding = two.add("a", 1);
  await world.clock.pass(silence);
  expect(await soon(adding)).toMatchObject(ok);
  expect(two.leads).toBe(true);
  one.tab.thaw();
  expect(await soon(late)).toMatchObject(ok);
  expect(one.leads).toBe(false);
  for (const page of [one, two]) expect(await page.found()).toEqual([{ id: "a", n: 11 }]);
  expect(one.count("failed")).toBe(0);
});

test("so is one that thaws when a third has led and gone", async () => {
  const [one, two, three] = await openThree();
  await soon(one.insert("a"));
  const late = one.add("a", 100);
  one.tab.freeze();
  await world.clock.pass(silence);
  await soon(two.add("a", 1));
  const leader = two.leads ? two : three;
  const other = two.leads ? three : two;
  leader.tab.kill();
  expect(await soon(other.add("a", 10))).toMatchObject(ok);
  expect(other.leads).toBe(true);
  one.tab.thaw();
  expect(await soon(late)).toMatchObject(ok);
  expect(await other.found()).toEqual([{ id: "a", n: 111 }]);
});

test("a tab that sleeps does not take its own sleep for silence", async () => {
  const [one, two] = await openTwo();
  two.tab.freeze();
  await world.clock.pass(silence * 10);
  two.tab.thaw();
  await world.clock.pass(silence);
  expect([one.leads, two.leads]).toEqual([true, false]);
});

test("a leader that closes hands over what others asked", async () => {
  const [one, two] = await openTwo();
  await soon(one.insert("a"));
  const [closing, adding] = [one.tab.member.close(), two.add("a", 1)];
  expect(await soon(closing)).toEqual({ ok: true, value: null });
  expect(await soon(adding)).toMatchObject(ok);
  expect(two.leads).toBe(true);
  expect(await soon(one.add("a", 1))).toMatchObject({ error: { code: "Closed" } });
});

test("a paused tab lets go, and asks when it is back", async () => {
  const [one, two] = await openTwo();
  await soon(one.insert("a"));
  const shown = one.follow(1);
  await soon(one.tab.member.pause());
  expect(await soon(two.add("a", 1))).toMatchObject(ok);
  expect(two.leads).toBe(true);
  const waiting = one.add("a", 1);
  await world.clock.pass(silence);
  one.tab.member.resume();
  expect(await soon(waiting)).toMatchObject(ok);
  await world.clock.settle();
  expect(shown()).toEqual([{ id: "a", n: 2 }]);
  expect(one.leads).toBe(false);
});

test("back before it has let go, it goes on", async () => {
  const one = await openPage();
  await soon(one.insert("a"));
  const pausing = one.tab.member.pause();
  one.tab.member.resume();
  await soon(pausing);
  expect(await one.found()).toEqual([{ id: "a", n: 0 }]);
  expect(one.leads).toBe(true);
});

test("alone, it leads again when it is back", async () => {
  const one = await openPage();
  await soon(one.insert("a"));
  await soon(one.tab.member.pause());
  expect(one.leads).toBe(false);
  one.tab.member.resume();
  expect(await one.found()).toEqual([{ id: "a", n: 0 }]);
  expect(one.leads).toBe(true);
});

test("what a transaction read under one leader does not hold under the next", async () => {
  const [one, two] = await openTwo();
  await soon(one.insert("a"));
  const answer = await soon(two.tab.member.get({ collection: "c", ids: ["a"], meta: false }, []));
  const at = answer.ok ? answer.value.at : 0;
  one.tab.kill();
  const reads = [{ collection: "c", at, ids: ["a"], filter: null }];
  const batch = { kind: "batch", writes: [], together: true, reads } as const;
  expect(await soon(two.write(batch))).toMatchObject({ error: { code: "TransactionConflict" } });
});

test("a tab that goes takes its live queries with it", async () => {
  const [one, two] = await openTwo();
  two.follow(1);
  await world.clock.settle();
  const told = (): number => two.count("live");
  await soon(one.insert("a"));
  await world.clock.settle();
  expect(told()).toBe(2);
  expect(await soon(two.tab.member.close())).toEqual({ ok: true, value: null });
  await soon(one.insert("b"));
  await world.clock.settle();
  expect(told()).toBe(2);
});

test("deleting it from any tab tells every other, and none makes it anew", async () => {
  for (const by of [0, 1] as const) {
    const pages = await openThree();
    await soon(pages[0].insert("a"));
    const adding = pages[2].add("a", 1);
    const answer = await soon(pages[by].tab.member.destroy("notes"));
    expect(answer).toEqual({ ok: true, value: null });
    await soon(adding);
    await world.clock.pass(silence);
    expect(pages.map((page) => page.count("failed"))).toEqual([0, 1, 2].map((at) => +(at !== by)));
    for (const { tab } of pages) {
      expect(await tab.member.find(findOf("c", {}), [])).toMatchObject({ ok: false });
    }
    const fresh = await openPage();
    expect(await fresh.found()).toEqual([]);
    await soon(fresh.tab.member.destroy("notes"));
  }
});

test("a newer program leads, and the older ones say that it is there", async () => {
  const [one, two] = await openTwo();
  await soon(one.insert("a"));
  const [adding, more] = [two.add("a", 1), one.add("a", 2)];
  const newer = await openPage({ build: 2 });
  expect(await soon(adding)).toMatchObject(ok);
  expect(await soon(more)).toMatchObject(ok);
  await world.clock.pass(silence);
  expect([one.leads, two.leads, newer.leads]).toEqual([false, false, true]);
  expect([one, two, newer].map((page) => page.count("outdated"))).toEqual([1, 1, 0]);
  expect(await one.found()).toEqual([{ id: "a", n: 3 }]);
});
