/**
 * Two browser profiles, of which one's clock is fast, by an hour and by years: they come to hold
 * the same through a real relay, and the app says what is the matter. The app is as it was built;
 * what `Date.now()` gives in page and worker is put in place by the browser.
 */
import { expect, test, type Browser, type BrowserContext, type Page } from "@playwright/test";
import {
  addNote,
  edit,
  makeCollection,
  open,
  openConnection,
  rename,
  row,
  share,
  step,
  syncState,
  watchErrors,
} from "./steps.ts";

const hour = 3_600_000;
const years = 5 * 365 * 24 * hour;

const workerScript = /\/assets\/db\.worker-.*\.js$/;

/** A page of a profile whose clock is so far ahead, until `setRight` and the next page. */
const openAhead = async (context: BrowserContext, ahead: number): Promise<Page> => {
  const change = `{ const now = Date.now; Date.now = () => now() + ${String(ahead)}; }`;
  await context.route(workerScript, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${change}\n${await response.text()}` });
  });
  const page = await context.newPage();
  await page.addInitScript(change);
  await openShared(page);
  return page;
};

const setRight = (context: BrowserContext): Promise<void> => context.unroute(workerScript);

const openShared = async (page: Page): Promise<void> => {
  watchErrors(page);
  await open(page);
};

/** Each with the collection in the network. */
const shareNotes = async (network: string, ...pages: readonly Page[]): Promise<void> => {
  for (const page of pages) {
    await makeCollection(page, "notes");
    await share(page, network, "notes");
  }
};

const openSound = async (browser: Browser): Promise<Page> => {
  const page = await (await browser.newContext()).newPage();
  await openShared(page);
  return page;
};

/** A service worker would answer for the worker's script. */
const newFast = (browser: Browser): Promise<BrowserContext> =>
  browser.newContext({ serviceWorkers: "block" });

const isEqual = async (...pages: readonly Page[]): Promise<void> => {
  for (const page of pages) {
    await expect(syncState(page)).toHaveText(/Verified equal with 1 device$/);
  }
};

/** Whether the document is marked as one whose time is still to come, in the grid and beside it. */
const expectMark = async (page: Page, title: string, isMarked: boolean): Promise<void> => {
  const inGrid = row(page, title).getByTitle("By a clock ahead of this one");
  await expect(inGrid).toHaveCount(isMarked ? 1 : 0);
  const dialog = await edit(page, title);
  const mark = dialog.getByText(
    "A device's clock is fast, or this one's is slow: the time of title",
  );
  await expect(dialog.getByRole("group", { name: "title" })).toBeVisible();
  if (isMarked) await expect(mark).toBeVisible();
  else await expect(mark).toHaveCount(0);
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(dialog).toBeHidden();
};

const expectStep = async (page: Page, text: string): Promise<void> => {
  const dialog = await openConnection(page);
  await expect(step(dialog, text)).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
};

test("a clock that is an hour fast: both hold the same, and its values are marked", async ({
  browser,
}, info) => {
  test.slow();
  const sound = await openSound(browser);
  const fast = await openAhead(await newFast(browser), hour);
  await shareNotes(`home ${info.testId.slice(-8)} ${String(Date.now())}`, sound, fast);

  await addNote(sound, "Written in time");
  await expect(row(fast, "Written in time")).toBeVisible();
  await addNote(fast, "An hour ahead");
  await expect(row(sound, "An hour ahead")).toBeVisible();
  await isEqual(sound, fast);
  await expectMark(sound, "An hour ahead", true);
  await expectMark(sound, "Written in time", false);
  await expectMark(fast, "An hour ahead", false);

  // Whoever saw it replaces it all the same
  await rename(sound, "An hour ahead", "Set right");
  await expect(row(fast, "Set right")).toBeVisible();
  await isEqual(sound, fast);
  await expectMark(sound, "Set right", false);
  await expectStep(sound, "Works: This device's clock agrees with the server of this page.");
  await expectStep(fast, "Does not work: This device's clock is fast.");
});

test("a clock that is years fast says so, and all is shared once it is set right", async ({
  browser,
}, info) => {
  test.slow();
  const sound = await openSound(browser);
  const context = await newFast(browser);
  const fast = await openAhead(context, years);
  await shareNotes(`home ${info.testId.slice(-8)} ${String(Date.now())}`, sound, fast);
  await addNote(sound, "Written in time");
  await addNote(fast, "Years ahead");
  await expectStep(fast, "Does not work: This device's clock is fast.");

  await setRight(context);
  await fast.close();
  const right = await context.newPage();
  await openShared(right);
  await expect(row(sound, "Years ahead")).toBeVisible();
  await expect(row(right, "Written in time")).toBeVisible();
  await addNote(right, "Set right");
  await expect(row(sound, "Set right")).toBeVisible();
  await isEqual(sound, right);
  for (const page of [sound, right]) {
    await expectMark(page, "Years ahead", true);
    await expectMark(page, "Set right", false);
  }
  await expectStep(right, "Works: This device's clock agrees with the server of this page.");
});
