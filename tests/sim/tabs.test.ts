/**
 * Tabs at random: they write, close, crash, freeze, thaw, are put away and come back, all over one
 * disk. What was acknowledged is there and counted once; every tab sees the same; no call hangs.
 */
import { expect, test } from "vitest";
import { decodeRows, rowToDocument } from "../../src/core/wire/rows.ts";
import type { Answer, ServiceEvent } from "../../src/worker/api.ts";
import { createRandom, type Random } from "../support/random.ts";
import { createTabWorld, type Tab, type TabWorld } from "../support/tabWorld.ts";
import { findOf, rowsOf, shownBy, updateOf } from "../unit/engine/world.ts";

const seeds = 150;
const commandsMax = 60;
const tabsMax = 4;
/** Longer than any silence that is put up with. */
const silenceMilliseconds = 30_000;
const answerMillisecondsMax = 600_000;

test(`${seeds} lives of tabs`, { timeout: 300_000 }, async () => {
  const from = Number(process.env["SIM_SEED"] ?? 1);
  const count = process.env["SIM_SEED"] === undefined ? seeds : 1;
  let handovers = 0;
  for (let seed = from; seed < from + count; seed++) {
    try {
      handovers += await live(seed);
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      throw new Error(`SIM_SEED=${seed}: ${what}`, { cause: error });
    }
  }
  // They do take over from each other
  if (count > 1) expect(handovers).toBeGreaterThan(count * 3);
});

interface Page {
  readonly tab: Tab;
  readonly events: ServiceEvent[];
  /** What it asked and was not answered. */
  readonly waiting: Set<Promise<unknown>>;
  isOpen: boolean;
  isPaused: boolean;
}

interface Life {
  readonly world: TabWorld;
  readonly random: Random;
  readonly pages: Page[];
  /** What acknowledged writes added, by document. */
  readonly acknowledged: Map<string, number>;
  /** What the others would add: of tabs that died, each once or not at all. */
  readonly unanswered: Map<string, Set<number>>;
  readonly problems: string[];
}

const live = async (seed: number): Promise<number> => {
  const random = createRandom(seed);
  const life: Life = {
    ...{ world: createTabWorld(seed), random, pages: [], problems: [] },
    ...{ acknowledged: new Map(), unanswered: new Map() },
  };
  const { clock } = life.world;
  openPage(life);
  openPage(life);
  const [first] = life.pages;
  if (first === undefined) throw new Error("there is a page");
  const rows = rowsOf(documents.map((id) => ({ id, n: 0 })));
  const insert = { kind: "insert", collection: "c", rows, visibility: null } as const;
  expectAnswer(life, first, first.tab.member.write({ commandId: "first", write: insert }));
  await clock.pass(silenceMilliseconds);
  for (let command = 0; command < commandsMax; command++) {
    write(life, `${seed}-${command}`);
    if (random.chance(0.3)) happen(life);
    await clock.pass(random.pick([0, 0, 1, 5, 500, silenceMilliseconds]));
  }
  await settle(life);
  await check(life);
  if (life.problems.length > 0) throw new Error(life.problems.join("\n"));
  const leads = (event: ServiceEvent): boolean => event.kind === "leading" && event.isLeading;
  return life.pages.reduce((sum, { events }) => sum + events.filter(leads).length, 0);
};

const documents = ["a", "b", "c"];

const openPage = (life: Life): void => {
  const bounds = life.random.pick([
    {},
    { pageBytes: 200, dirtyDocuments: 3, pageCacheBytes: 600, journalHeldBytes: 1_000 },
  ]);
  const tab = life.world.open({ bounds });
  const page: Page = { tab, events: [], waiting: new Set(), isOpen: true, isPaused: false };
  life.pages.push(page);
  const opened = tab.member.open({ name: "notes", durability: "strict" }, (event) => {
    page.events.push(event);
    if (event.kind === "failed") life.problems.push(`a page was told: ${event.error.message}`);
  });
  expectAnswer(life, page, opened);
  expectAnswer(life, page, tab.member.subscribe(1, findOf("c", {})));
};

/** What it asks must be answered well, unless the page ends. */
const expectAnswer = (life: Life, page: Page, asking: Promise<Answer<unknown>>): void => {
  page.waiting.add(asking);
  void asking.then((answer) => {
    page.waiting.delete(asking);
    if (answer.ok || (!page.isOpen && answer.error.code === "Closed")) return;
    life.problems.push(`${answer.error.code}: ${answer.error.message}`);
  });
};

const write = (life: Life, commandId: string): void => {
  const { random, acknowledged, unanswered } = life;
  const page = pick(life, ({ tab }) => !tab.isFrozen());
  if (page === null) return;
  const id = random.pick(documents);
  // So large that sums tell which were added
  const n = 1 + random.integer(1_000_000_000);
  const open = unanswered.get(id) ?? new Set();
  unanswered.set(id, open.add(n));
  const writing = page.tab.member.write({ commandId, write: updateOf("c", id, { $inc: { n } }) });
  expectAnswer(life, page, writing);
  void writing.then((answer) => {
    if (!answer.ok) return;
    open.delete(n);
    acknowledged.set(id, (acknowledged.get(id) ?? 0) + n);
  });
};

const pick = ({ random, pages }: Life, isFit: (page: Page) => boolean): Page | null => {
  const fit = pages.filter((page) => page.isOpen && isFit(page));
  return fit.length === 0 ? null : random.pick(fit);
};

const happen = (life: Life): void => {
  const { random } = life;
  const page = pick(life, () => true);
  if (page === null) {
    openPage(life);
    return;
  }
  const { tab } = page;
  const dice = random.integer(100);
  if (dice < 25) {
    if (life.pages.filter(({ isOpen }) => isOpen).length < tabsMax) openPage(life);
  } else if (dice < 45) {
    page.isOpen = false;
    page.waiting.clear();
    tab.kill();
  } else if (dice < 60) {
    tab.freeze();
  } else if (dice < 75) {
    tab.thaw();
  } else if (tab.isFrozen()) {
    tab.thaw();
  } else if (dice < 82) {
    page.isOpen = false;
    expectAnswer(life, page, tab.member.close());
  } else if (page.isPaused) {
    page.isPaused = false;
    tab.member.resume();
  } else {
    page.isPaused = true;
    void tab.member.pause();
  }
};

/** All come back, and everything is answered. */
const settle = async ({ world, pages, problems }: Life): Promise<void> => {
  for (const page of pages) {
    page.tab.thaw();
    if (page.isPaused && page.isOpen) page.tab.member.resume();
  }
  for (let waited = 0; pages.some(({ waiting }) => waiting.size > 0); waited += 1_000) {
    if (waited > answerMillisecondsMax) {
      problems.push("a call hangs");
      return;
    }
    await world.clock.pass(1_000);
  }
  await world.clock.pass(silenceMilliseconds);
};

const check = async (life: Life): Promise<void> => {
  const { world, pages, problems } = life;
  openPage(life);
  await world.clock.pass(silenceMilliseconds);
  const open = pages.filter(({ isOpen }) => isOpen);
  const leaders = open.filter(({ events }) => lastLeading(events)?.isLeading === true).length;
  if (leaders !== 1) problems.push(`${leaders} lead`);
  for (const { tab, events } of open) {
    const asking = tab.member.find(findOf("c", {}), []);
    await world.clock.pass(1_000);
    const answer = await asking;
    if (!answer.ok) throw new Error(answer.error.message);
    const found = decodeRows(answer.value.rows).map(rowToDocument);
    problems.push(...wrongSums(life, found));
    expect(shownBy(events, 1)).toEqual(found);
  }
};

const lastLeading = (
  events: readonly ServiceEvent[],
): (ServiceEvent & { readonly kind: "leading" }) | undefined =>
  events.findLast((event) => event.kind === "leading");

const wrongSums = (
  { acknowledged, unanswered }: Life,
  found: readonly Record<string, unknown>[],
): readonly string[] =>
  documents.flatMap((id) => {
    const is = Number(found.find((document) => document["id"] === id)?.["n"]);
    const more = is - (acknowledged.get(id) ?? 0);
    return isSum(more, [...(unanswered.get(id) ?? [])]) ? [] : [`${id} is off by ${more}`];
  });

const isSum = (sum: number, of: readonly number[]): boolean => {
  const [first, ...rest] = of;
  if (first === undefined) return sum === 0;
  return isSum(sum, rest) || isSum(sum - first, rest);
};
