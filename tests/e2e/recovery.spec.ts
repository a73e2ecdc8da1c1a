/**
 * A network of three recovery keys, of which two bring it back: its maker's device is lost, and who
 * has two of the keys goes on without it.
 */
import { expect, test } from "@playwright/test";
import { readFile } from "node:fs/promises";
import {
  addNote,
  attach,
  invite,
  makeCollection,
  makeSplit,
  open,
  openSharing,
  readRecoveryKeys,
  row,
  syncState,
  watchErrors,
} from "./steps.ts";

test("of two keys that are shown the one is printed that was asked for", async ({ page }) => {
  await page.addInitScript(() => {
    window.print = () => undefined;
  });
  watchErrors(page);
  await open(page);
  const dialog = await openSharing(page);
  for (const network of ["Here", "There"]) {
    const card = await makeSplit(dialog, network, 2, 2);
    await card.getByRole("button", { name: /^Show the recovery keys/ }).click();
    await card.getByRole("button", { name: "Show the first" }).click();
  }
  for (const [asked, other] of [
    ["Here", "There"],
    ["There", "Here"],
  ] as const) {
    const card = dialog.getByRole("region", { name: asked, exact: true });
    await card.getByRole("button", { name: "Print" }).click();
    await page.emulateMedia({ media: "print" });
    await expect(page.getByRole("heading", { name: `network “${asked}”` })).toBeVisible();
    await expect(page.getByRole("heading", { name: `network “${other}”` })).toBeHidden();
    await page.emulateMedia({ media: "screen" });
  }
});

test("two of three recovery keys bring a network back whose maker is lost", async ({
  browser,
}, info) => {
  test.slow();
  const network = `house ${info.testId.slice(-8)} ${String(Date.now())}`;
  const [maker, other] = [
    await (await browser.newContext()).newPage(),
    await (await browser.newContext()).newPage(),
  ];
  for (const page of [maker, other]) watchErrors(page);
  await open(maker);
  await makeCollection(maker, "notes");
  await addNote(maker, "Soup");
  const ours = await openSharing(maker);
  const card = await makeSplit(ours, network, 3, 2);
  await attach(ours, network, "notes");
  await expect(card.getByText("There are 3 recovery keys")).toContainText("3 of them are on this");

  const keys = await readRecoveryKeys(card);
  expect(new Set(keys).size).toBe(3);
  // one of them as a file
  await card.getByRole("button", { name: /^Show the recovery keys/ }).click();
  await card.getByRole("button", { name: "Show the first" }).click();
  const saving = maker.waitForEvent("download");
  await card.getByRole("button", { name: "Save as a file" }).click();
  const saved = await saving;
  expect(saved.suggestedFilename()).toBe("Recovery key 1 of 3.txt");
  const text = await readFile(await saved.path(), "utf8");
  expect(text).toContain(`“${network}”`);
  expect(text.split("\n")).toContain(keys[0]);
  await card.getByRole("button", { name: "Done" }).click();
  await card.getByRole("button", { name: /^Forget the recovery keys/ }).click();
  await card.getByRole("button", { name: "Forget them here" }).click();
  await expect(card.getByText("There are 3 recovery keys")).toContainText("None of them is on");

  const link = await invite(card);
  await other.goto(link);
  const theirs = other.getByRole("dialog", { name: "Sharing" });
  await theirs.getByRole("button", { name: "Join", exact: true }).click();
  await theirs.getByRole("button", { name: "Add notes" }).click();
  await other.keyboard.press("Escape");
  await expect(row(other, "Soup")).toBeVisible();
  await expect(syncState(other)).toHaveText(/Verified equal with 1 device$/);
  await maker.context().close();

  await openSharing(other);
  const theirCard = theirs.getByRole("region", { name: network });
  await theirCard.getByText("Order and keys").click();
  const field = theirCard.getByRole("textbox", { name: "Recovery key" });
  const enter = async (key = ""): Promise<void> => {
    await field.fill(key);
    await theirCard.getByRole("button", { name: "Enter a recovery key" }).click();
  };
  await enter(keys[2]);
  await expect(theirCard.getByText("There are 3 recovery keys")).toContainText("1 of them is on");
  await enter(keys[0]);
  await expect(field).toBeHidden();
  await theirCard.getByRole("button", { name: /^Make this device keep the order/ }).click();
  await theirCard.getByRole("button", { name: "Take it over" }).click();
  await expect(theirCard.getByText("This device keeps the order now.")).toBeVisible();
  await expect(theirCard.getByText(/^This device keeps the order of decisions/)).toBeVisible();
});
