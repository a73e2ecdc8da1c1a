/**
 * Two browser profiles meet through the relay, in an open network and in a closed one: what one
 * writes the other shows, live, and after both were apart; and nothing more once it was removed.
 */
import { expect, test, type Browser, type Locator, type Page } from "@playwright/test";
import {
  addAsJson,
  addNote,
  attach,
  edit,
  invite,
  makeClosed,
  makeCollection,
  open,
  openSharing,
  rename,
  row,
  share,
  syncState,
  watchErrors,
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
  const many = '"x1": 1, "x2": 2, "x3": 3, "x4": 4, "x5": 5';
  await addAsJson(one, `{ "title": "Plan", "place": "Basel", "when": "noon", ${many} }`);
  await expect(row(two, "Plan")).toContainText("Basel", { timeout: 30_000 });

  const there = await edit(two, "Plan");
  const here = await edit(one, "Plan");
  await here.getByRole("group", { name: "place" }).getByLabel("Value").fill("Bern");
  await here.getByRole("button", { name: "Save" }).click();
  // however long the form is
  await expect(there.getByText("Changed elsewhere while you edit.")).toBeInViewport();
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
  const dialog = await openSharing(two);
  await dialog.getByRole("radio", { name: "Use a shared secret" }).check();
  await dialog.getByLabel("Name of the network").fill(network);
  await dialog.getByLabel("Shared secret", { exact: true }).fill("too short");
  await dialog.getByRole("button", { name: "Join or make" }).click();
  await expect(dialog.getByText("23 characters more needed.")).toBeVisible();
  await dialog.getByRole("button", { name: "Make a secret and copy it" }).click();
  await dialog.getByRole("button", { name: "Join or make" }).click();
  const card = dialog.getByRole("region", { name: network });
  await expect(card.getByText("Open network")).toBeVisible();
  await expect(card.getByText("No other device is connected.")).toBeVisible();
});

/** Not their devices, which are lists in it. */
const membersOf = (card: Locator): Locator =>
  card.getByRole("list", { name: "Members" }).locator("> li");

test("an invite lets somebody into a closed network, until they are removed", async ({
  browser,
}, info) => {
  test.slow();
  const network = `house ${info.testId.slice(-8)} ${Date.now()}`;
  const [one, two] = await twoProfiles(browser);
  for (const page of [one, two]) watchErrors(page);
  await open(one);
  await makeCollection(one, "notes");
  await addNote(one, "From one");
  const ours = await openSharing(one);
  const card = await makeClosed(ours, network);
  await attach(ours, network, "notes");
  const link = await invite(card);

  // the link opens the app, which asks, and keeps it nowhere
  await two.goto(link);
  const theirs = two.getByRole("dialog", { name: "Sharing" });
  await expect(theirs.getByRole("heading", { name: `Join “${network}”` })).toBeVisible();
  await expect(theirs.getByRole("button", { name: "Join", exact: true })).toBeFocused();
  expect(two.url()).not.toContain("join");
  await two.keyboard.press("Enter");
  const theirCard = theirs.getByRole("region", { name: network });
  await expect(theirCard.getByText("You are an editor")).toBeVisible();
  await expect(membersOf(theirCard)).toHaveCount(2);
  await expect(card.getByText("1 use left")).toBeHidden();
  await two.keyboard.press("Escape");
  await expect(two.getByRole("main")).toBeFocused();
  await makeCollection(two, "notes");
  await attach(await openSharing(two), network, "notes");
  await two.keyboard.press("Escape");
  await expect(row(two, "From one")).toBeVisible();
  await addNote(two, "From two");
  await card.getByRole("button", { name: "Done" }).click();
  await one.keyboard.press("Escape");
  await expect(row(one, "From two")).toBeVisible();

  await openSharing(one);
  await card.getByRole("button", { name: /^Remove Member/ }).press("Enter");
  const question = card.getByRole("group", { name: /^Remove Member/ });
  await expect(question.getByRole("button", { name: "Cancel" })).toBeFocused();
  await expect(question).toContainText("What they already have stays with them.");
  await one.screenshot({ path: info.outputPath("remove.png") });
  await question.getByRole("button", { name: "Remove" }).click();
  await expect(membersOf(card)).toHaveCount(1);
  await one.keyboard.press("Escape");
  await addNote(one, "After the removal");

  await openSharing(two);
  await expect(theirCard.getByText("This device was removed.")).toBeVisible();
  await two.screenshot({ path: info.outputPath("removed.png") });
  await two.keyboard.press("Escape");
  await expect(syncState(two)).toContainText(`Removed from ${network}`);
  await expect(two.getByRole("main")).toContainText(`Removed from ${network}`);
  const editor = await edit(two, "From one");
  await editor.getByRole("group", { name: "title" }).getByLabel("Value").fill("In vain");
  await editor.getByRole("button", { name: "Save" }).click();
  await expect(editor.getByRole("alert").filter({ hasText: /\w/ })).toBeInViewport();
  await two.screenshot({ path: info.outputPath("refused.png") });
  await two.reload();
  await expect(row(two, "From one")).toBeVisible();
  await expect(row(two, "From two")).toBeVisible();
  await expect(row(two, "After the removal")).toBeHidden();
});

/** Opens the link in a page that then is in the network. */
const joinBy = async (page: Page, link: string, network: string): Promise<Locator> => {
  await page.goto(link);
  const dialog = page.getByRole("dialog", { name: "Sharing" });
  await dialog.getByRole("button", { name: "Join", exact: true }).click();
  const card = dialog.getByRole("region", { name: network });
  await expect(card.getByText(/^You are an? /)).toBeVisible();
  return card;
};

/** To the first device of the member. */
const handOver = async (member: Locator): Promise<void> => {
  await member.getByText("1 device").click();
  await member.getByRole("button", { name: /^Let it keep the order: Device/ }).press("Enter");
  const question = member.getByRole("group", { name: /^Let Device \w+ of .* keep the order/ });
  await expect(question).toContainText("Choose one that is often online.");
  await question.getByRole("button", { name: "Hand over" }).click();
  await expect(question).toBeHidden();
};

test("one of a person's two devices goes; what a reader wrote in vain is written again", async ({
  browser,
}, info) => {
  test.slow();
  const network = `house ${info.testId.slice(-8)} ${Date.now()}`;
  let [one, two] = await twoProfiles(browser);
  const three = await (await browser.newContext()).newPage();
  for (const page of [one, two, three]) watchErrors(page);
  await open(one);
  await makeCollection(one, "notes");
  await addNote(one, "From one");
  const ours = await openSharing(one);
  const card = await makeClosed(ours, network);
  await attach(ours, network, "notes");
  const theirCard = await joinBy(two, await invite(card, "Ben"), network);

  // it comes with the name that it was invited by, and takes another
  const own = membersOf(theirCard).filter({ hasText: "you" });
  await own.getByRole("button", { name: "Change the name: Ben" }).press("Enter");
  await expect(own.getByLabel("Name", { exact: true })).toBeFocused();
  await two.keyboard.type("Benedikt");
  await two.keyboard.press("Enter");
  await expect(own.getByRole("button", { name: "Change the name: Benedikt" })).toBeFocused();
  await expect(card.getByRole("combobox", { name: "Role of Benedikt" })).toBeVisible();

  // the order is handed on, and back by whoever keeps it
  await handOver(membersOf(card).filter({ hasText: "Benedikt" }));
  await expect(own).toContainText("keeps the order of decisions");
  await handOver(membersOf(theirCard).filter({ hasNotText: "you" }));
  await expect(own).not.toContainText("keeps the order of decisions");
  await expect(membersOf(card).filter({ hasText: "you" })).toContainText("keeps the order");

  // what others share comes first, is added with one click, and the focus stays near
  await expect(theirCard.getByRole("heading").nth(1)).toHaveText("Shared collections");
  await two.screenshot({ path: info.outputPath("offered.png"), fullPage: true });
  await theirCard.getByRole("button", { name: "Add notes" }).press("Enter");
  await expect(theirCard.getByRole("switch", { name: "notes" })).toBeChecked();
  await expect(two.getByText("Shared by others, not on this device yet")).toBeHidden();

  // a second device of the same person, let in by the one that keeps the order
  await theirCard.getByRole("button", { name: "A device of mine" }).click();
  const link = await theirCard.getByLabel("Link of the invite").inputValue();
  const thirdCard = await joinBy(three, link, network);
  await expect(membersOf(thirdCard).filter({ hasText: "you" })).toContainText("2 devices");
  await thirdCard.getByRole("button", { name: "Add notes" }).click();
  await three.keyboard.press("Escape");
  await expect(row(three, "From one")).toBeVisible();

  // and it goes again: by whoever's it is
  await theirCard.getByRole("button", { name: "Done" }).click();
  await own.getByText("2 devices").click();
  await own.getByRole("button", { name: /^Remove Device/ }).press("Enter");
  const question = own.getByRole("group", { name: /^Remove Device \w+ of Benedikt/ });
  await expect(question).toContainText("What it already has stays on it.");
  await two.screenshot({ path: info.outputPath("remove a device.png") });
  await question.getByRole("button", { name: "Remove" }).click();
  await expect(own).toContainText("1 device");
  await openSharing(three);
  await expect(thirdCard.getByText("This device was removed.")).toBeVisible();
  await three.close();
  await two.keyboard.press("Escape");
  await expect(row(two, "From one")).toBeVisible();
  await isEqual(two);

  // what that rests on
  await two.getByRole("button", { name: /^Sync:/ }).press("Enter");
  const rests = two.getByRole("dialog", { name: "Sync", exact: true });
  await expect(rests.getByText(/^Last verified equal: /)).toBeVisible();
  await expect(rests.getByText(/^Compared with: Device \w+ of Member \w+$/)).toBeVisible();
  await two.screenshot({ path: info.outputPath("what sync rests on.png") });
  await two.keyboard.press("Escape");
  await two.close();

  // it writes without knowing that it may not any more
  await card.getByRole("button", { name: "Done" }).click();
  await card.getByRole("combobox", { name: /^Role of/ }).selectOption("reader");
  await expect(card.getByRole("combobox", { name: /^Role of/ })).toHaveValue("reader");
  await one.close();
  two = await reopen(two);
  await addNote(two, "In vain");
  // a decision waits, and says for whom
  await openSharing(two);
  const again = two.getByRole("region", { name: network });
  await again.getByRole("button", { name: "Change the name: Benedikt" }).click();
  await two.keyboard.type("Ben");
  await two.keyboard.press("Enter");
  const waits = again.getByText(/^Not decided yet: a name\. Waiting since .* is connected\.$/);
  await expect(waits).toBeVisible();
  await two.screenshot({ path: info.outputPath("a decision waits.png") });
  one = await reopen(one);
  await expect(syncState(two)).toHaveText(/\d changes? (is|are) not accepted$/);
  await expect(waits).toBeHidden();
  await expect(
    again.getByRole("button", { name: "Change the name: Ben", exact: true }),
  ).toBeVisible();
  await expect(row(two, "In vain")).toBeHidden();
  const notice = again.getByRole("region", { name: "Not accepted" });
  await expect(notice).toContainText(/\d changes? in notes: document /);
  await expect(notice.getByRole("button", { name: "Write it again" })).toBeHidden();
  await two.screenshot({ path: info.outputPath("not accepted.png") });

  await openSharing(one);
  await one
    .getByRole("region", { name: network })
    .getByRole("combobox", { name: /^Role of/ })
    .selectOption("editor");
  await one.keyboard.press("Escape");
  await notice.getByRole("button", { name: "Write it again" }).click();
  await expect(notice).toBeHidden();
  await two.keyboard.press("Escape");
  for (const page of [one, two]) await expect(row(page, "In vain")).toBeVisible();
});
