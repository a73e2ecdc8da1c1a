/**
 * Tabs that share one database, in a real browser: leaders that close, crash and freeze in the
 * middle of everybody's writes. Nothing that was acknowledged is lost, nothing takes effect twice,
 * and every tab sees the same.
 */
import {
  expect,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Page,
  type Route,
} from "@playwright/test";
import type { Note, TabReport } from "../support/storagePage/protocol.ts";
import { openStorage, test } from "./storageSite.ts";

test.describe.configure({ timeout: 240_000 });

interface Tab {
  readonly name: string;
  readonly page: Page;
}

class Tabs {
  readonly open: Tab[] = [];
  /** What tabs that are gone had acknowledged when they were last asked. */
  readonly gone = new Map<string, number>();
  readonly context: BrowserContext;
  #made = 0;
  readonly #site: string;

  constructor(context: BrowserContext, site: string) {
    this.context = context;
    this.#site = site;
  }

  async add(): Promise<Tab> {
    this.#made += 1;
    const tab = { name: `t${this.#made}`, page: await this.context.newPage() };
    await openStorage(tab.page, this.#site);
    await tab.page.evaluate((name) => {
      window.storagePage.useWorker("small");
      return window.storagePage.startTab(name);
    }, tab.name);
    this.open.push(tab);
    return tab;
  }

  report({ page }: Tab): Promise<TabReport> {
    return page.evaluate(() => window.storagePage.tab());
  }

  async leader(): Promise<Tab> {
    const leader: { tab?: Tab } = {};
    await expect(async () => {
      const reports = await Promise.all(this.open.map((tab) => this.report(tab)));
      const leading = this.open.filter((_, at) => reports[at]?.leads === true);
      expect(leading).toHaveLength(1);
      Object.assign(leader, { tab: leading[0] });
    }).toPass();
    if (leader.tab === undefined) throw new Error("nobody leads");
    return leader.tab;
  }

  /** Each has written some more. */
  async allGoOn(): Promise<void> {
    const before = await Promise.all(this.open.map((tab) => this.report(tab)));
    await expect(async () => {
      const now = await Promise.all(this.open.map((tab) => this.report(tab)));
      for (const [at, { acknowledged, problems }] of now.entries()) {
        expect(problems).toEqual([]);
        expect(acknowledged).toBeGreaterThan((before[at]?.acknowledged ?? 0) + 2);
      }
    }).toPass({ timeout: 60_000 });
  }

  async lose(tab: Tab, end: (page: Page) => Promise<void>): Promise<void> {
    const { acknowledged } = await this.report(tab);
    this.gone.set(tab.name, acknowledged);
    this.open.splice(this.open.indexOf(tab), 1);
    await end(tab.page);
  }
}

const threeTabs = async (
  browser: Browser,
  site: string,
  options: BrowserContextOptions = {},
): Promise<Tabs> => {
  const tabs = new Tabs(await browser.newContext(options), site);
  for (let count = 0; count < 3; count++) await tabs.add();
  await tabs.allGoOn();
  return tabs;
};

const crash = async (page: Page): Promise<void> => {
  const session = await page.context().newCDPSession(page);
  const crashed = page.waitForEvent("crash");
  // It never answers
  session.send("Page.crash").catch(() => undefined);
  await crashed;
};

/** What each tab wrote stands there once, and its count says the same. */
const check = async (tabs: Tabs): Promise<void> => {
  const stopped = await Promise.all(
    tabs.open.map(({ page }) => page.evaluate(() => window.storagePage.stopTab())),
  );
  const contents = await Promise.all(
    tabs.open.map(({ page }) =>
      page.evaluate(() => window.storagePage.database("tabs").collection("notes").find()),
    ),
  );
  const [notes = []] = contents;
  for (const other of contents) expect(other).toEqual(notes);
  for (const { problems } of stopped) expect(problems).toEqual([]);
  for (const { page } of tabs.open) {
    await expect.poll(() => page.evaluate(() => window.storagePage.tab().shown)).toBe(notes.length);
  }
  for (const [at, { name }] of tabs.open.entries()) {
    const { acknowledged = 0 } = stopped[at] ?? {};
    expect(written(notes, name)).toEqual({ inserted: acknowledged, counted: acknowledged });
  }
  for (const [name, acknowledged] of tabs.gone) {
    const { inserted, counted } = written(notes, name);
    expect(inserted).toBeGreaterThanOrEqual(acknowledged);
    expect(inserted - counted).toBeLessThanOrEqual(1);
    expect(inserted).toBeGreaterThanOrEqual(counted);
  }
};

const written = (
  notes: readonly Note[],
  tab: string,
): { readonly inserted: number; readonly counted: number } => {
  const own = notes.filter(({ body }) => body === tab).map(({ n }) => n);
  expect(own).toEqual(own.map((_, at) => at));
  return { inserted: own.length, counted: notes.find(({ id }) => id === `count-${tab}`)?.n ?? 0 };
};

test("3 tabs write while their leader closes 6 times and crashes 3 times", async ({
  browser,
  site,
}) => {
  const tabs = await threeTabs(browser, site);
  for (let turn = 0; turn < 9; turn++) {
    const leader = await tabs.leader();
    await tabs.lose(leader, turn % 3 === 2 ? crash : (page) => page.close());
    await tabs.add();
    await tabs.allGoOn();
  }
  await check(tabs);
  await tabs.context.close();
});

/** Of a page: it is told that it goes, or that it is back. */
type Told = (page: Page) => Promise<unknown>;

const tell =
  (name: string): Told =>
  (page) =>
    page.evaluate((type) => document.dispatchEvent(new Event(type)), name);

/** A page in front cannot be hidden by a test: what the browser would say of it is put in place. */
const tellVisibility =
  (visibility: DocumentVisibilityState): Told =>
  (page) =>
    page.evaluate((value) => {
      Object.defineProperty(document, "visibilityState", { configurable: true, value });
      document.dispatchEvent(new Event("visibilitychange"));
    }, visibility);

/** Headless Chromium freezes no page, not even when it is asked to: it is told by the event. */
const goings = [
  {
    title: "a leader that is about to be frozen lets go at once, and follows when it thaws",
    ...{ options: {}, goes: tell("freeze"), returns: tell("resume") },
  },
  {
    title: "Q-028 on iOS a leader that is hidden lets go at once, and follows when it is shown",
    options: { userAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148" },
    ...{ goes: tellVisibility("hidden"), returns: tellVisibility("visible") },
  },
];
for (const { title, options, goes, returns } of goings) {
  test(title, async ({ browser, site }) => {
    const tabs = await threeTabs(browser, site, options);
    for (let turn = 0; turn < 2; turn++) {
      const leader = await tabs.leader();
      await goes(leader.page);
      const others = tabs.open.filter((tab) => tab !== leader);
      await expect(async () => {
        const reports = await Promise.all(others.map((tab) => tabs.report(tab)));
        expect(reports.filter(({ leads }) => leads)).toHaveLength(1);
      }).toPass();
      await returns(leader.page);
      await tabs.leader();
      await tabs.allGoOn();
    }
    await check(tabs);
    await tabs.context.close();
  });
}

test("Q-028 elsewhere a leader that is hidden goes on", async ({ browser, site }) => {
  const tabs = await threeTabs(browser, site);
  const leader = await tabs.leader();
  await tellVisibility("hidden")(leader.page);
  await tabs.allGoOn();
  expect(await tabs.leader()).toBe(leader);
  await check(tabs);
  await tabs.context.close();
});

test("a leader that freezes is replaced, and follows when it thaws", async ({ browser, site }) => {
  const tabs = await threeTabs(browser, site);
  /** Until what it resolves to is called. */
  const freeze = async ({ page }: Tab): Promise<() => Promise<void>> => {
    const address = new URL("/frozen", site).href;
    const asked = new Promise<Route>((resolve, reject) => {
      page.route(address, resolve).catch(reject);
    });
    await page.evaluate((until) => {
      window.storagePage.freeze(until);
    }, address);
    const route = await asked;
    return async () => {
      await route.fulfill({ body: "" });
      await page.unroute(address);
    };
  };
  const nextLeader = async (before: Tab): Promise<Tab> => {
    const others = tabs.open.filter((tab) => tab !== before);
    const found: Tab[] = [];
    await expect(async () => {
      for (const tab of others) if ((await tabs.report(tab)).leads) found.push(tab);
      expect(found).not.toHaveLength(0);
    }).toPass();
    const [next] = found;
    if (next === undefined) throw new Error("nobody leads");
    return next;
  };

  const first = await tabs.leader();
  const thawFirst = await freeze(first);
  await nextLeader(first);
  await thawFirst();
  // It hears that it was replaced when it thaws
  await tabs.leader();
  await tabs.allGoOn();

  // Once more, with a third that has led and gone before it thaws
  const second = await tabs.leader();
  const thawSecond = await freeze(second);
  const third = await nextLeader(second);
  await tabs.lose(third, (page) => page.close());
  await nextLeader(second);
  await thawSecond();
  await tabs.leader();
  await tabs.allGoOn();
  await check(tabs);
  await tabs.context.close();
});
