/**
 * Two browser profiles meet through the relay in an open network: what one writes the other shows,
 * live, and after both were apart.
 */
import { expect, test, type Browser, type Page } from "@playwright/test";
import {
  addAsJson,
  addNote,
  edit,
  makeCollection,
  open,
  rename,
  row,
  share,
  syncState,
} from "./steps.ts";

const twoProfiles = async (browser: Browser): Promise<readonly [Page, Page]> => {
  const contexts = await Promise.all([browser.newContext(), browser.newContext()]);
  const [one, two] = await Promise.all(contexts.map((context) => context.newPage()));
  if (one === undefined || two === undefined) throw new Error("the browser made no pages");
  return [one, two];
};

/** A new page of the same profile. */
const reopen = async (closed: Page): Promise<Page> => {
  const page = await closed.context().newPage();
  await open(page);
  return page;
};

const isEqual = async (...pages: readonly Page[]): Promise<void> => {
  for (const page of pages) {
    await expect(syncState(page)).toHaveText(/Verified equal with 1 device$/, { timeout: 30_000 });
  }
};

test("what one writes the other shows, live and after both were apart", async ({
  browser,
}, info) => {
  test.slow();
  const network = `home ${info.testId.slice(-8)} ${Date.now()}`;
  let [one, two] = await twoProfiles(browser);
  await open(one);
  await makeCollection(one, "notes");
  await addNote(one, "Written alone before");
  await expect(syncState(one)).toHaveText(/Only on this device$/);
  await share(one, network, "notes");

  await open(two);
  await makeCollection(two, "notes");
  await share(two, network, "notes");
  await expect(row(two, "Written alone before")).toBeVisible({ timeout: 30_000 });

  // live, both ways
  await addNote(one, "From one");
  await expect(row(two, "From one")).toBeVisible();
  await addNote(two, "From two");
  await expect(row(one, "From two")).toBeVisible();
  await rename(two, "From one", "From one, renamed");
  await expect(row(one, "From one, renamed")).toBeVisible();
  await one.getByRole("button", { name: "Delete From two" }).click();
  await expect(row(two, "From two")).toBeHidden();
  await isEqual(one, two);
  await one.getByRole("button", { name: "Sharing", exact: true }).click();
  const card = one.getByRole("region", { name: network });
  await expect(card.getByText(/^Device \w+ · (direct|relayed, sealed end to end)$/)).toBeVisible();
  await expect(card.getByText(/^Last verified equal: /)).toBeVisible();
  await one.screenshot({ path: info.outputPath("connected.png") });
  await one.keyboard.press("Escape");

  // apart: each writes while the other is away
  await one.close();
  await addNote(two, "Two alone");
  await expect(syncState(two)).toHaveText(
    /Waiting: \d+ changes? (is|are) on no other device yet$/,
    {
      timeout: 30_000,
    },
  );
  await two.close();
  one = await reopen(one);
  await addNote(one, "One alone");
  await expect(row(one, "Two alone")).toBeHidden();

  two = await reopen(two);
  for (const page of [one, two]) {
    for (const title of ["One alone", "Two alone", "Written alone before", "From one, renamed"]) {
      await expect(row(page, title)).toBeVisible({ timeout: 30_000 });
    }
    await expect(row(page, "From two")).toBeHidden();
  }
  await isEqual(one, two);
});

test("what others do meanwhile to a document that is edited here is kept and said", async ({
  browser,
}, info) => {
  test.slow();
  const network = `home ${info.testId.slice(-8)} ${Date.now()}`;
  const [one, two] = await twoProfiles(browser);
  for (const page of [one, two]) {
    await open(page);
    await makeCollection(page, "notes");
    await share(page, network, "notes");
  }
  await addAsJson(one, '{ "title": "Plan", "place": "Basel", "when": "noon" }');
  await expect(row(two, "Plan")).toContainText("Basel", { timeout: 30_000 });

  const there = await edit(two, "Plan");
  const here = await edit(one, "Plan");
  await here.getByRole("group", { name: "place" }).getByLabel("Value").fill("Bern");
  await here.getByRole("button", { name: "Save" }).click();
  await expect(there.getByText("Changed elsewhere while you edit.")).toBeVisible();
  await there.getByRole("group", { name: "when" }).getByLabel("Value").fill("evening");
  await there.getByRole("button", { name: "Save" }).click();
  for (const page of [one, two]) {
    await expect(row(page, "Plan")).toContainText("Bern");
    await expect(row(page, "Plan")).toContainText("evening");
  }

  await edit(two, "Plan");
  await one.getByRole("button", { name: "Delete Plan" }).click();
  await expect(there.getByText("Deleted elsewhere while you edit.")).toBeVisible();
  await there.getByRole("button", { name: "Save" }).click();
  for (const page of [one, two]) await expect(row(page, "Plan")).toContainText("evening");
});

test("another secret is another network", async ({ browser }, info) => {
  const network = `home ${info.testId.slice(-8)} ${Date.now()}`;
  const [one, two] = await twoProfiles(browser);
  await open(one);
  await makeCollection(one, "notes");
  await addNote(one, "Not for two");
  await share(one, network, "notes");
  await open(two);
  await makeCollection(two, "notes");
  await two.getByRole("button", { name: "Sharing" }).click();
  const dialog = two.getByRole("dialog", { name: "Sharing" });
  await dialog.getByLabel("Name of the network").fill(network);
  await dialog.getByLabel("Shared secret").fill("too short");
  await dialog.getByRole("button", { name: "Join or make" }).click();
  await expect(dialog.getByText("23 characters more needed.")).toBeVisible();
  await dialog.getByRole("button", { name: "Make a secret and copy it" }).click();
  await dialog.getByRole("button", { name: "Join or make" }).click();
  const card = dialog.getByRole("region", { name: network });
  await expect(card.getByText("Open network")).toBeVisible();
  await expect(card.getByText("No other device is connected.")).toBeVisible();
});
