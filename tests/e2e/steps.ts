/**
 * What a person does on the page, as steps that several tests take. Each waits for what is shown,
 * never for time.
 */
import { expect, type Locator, type Page } from "@playwright/test";

export const secret = "a secret of these tests, long enough";

/** Nothing may fail unseen: neither in scripts nor against the content security policy. */
export const watchErrors = (page: Page): void => {
  page.on("pageerror", (error) => expect.soft(error.message).toBe(""));
  page.on("console", (message) => {
    if (message.type() === "error") expect.soft(message.text()).toBe("");
  });
};

export const open = async (page: Page): Promise<void> => {
  await page.goto("/");
  await expect(page.getByText("Kept on this device").first()).toBeVisible();
};

/** The first one on an empty device, or one more. */
export const makeCollection = async (page: Page, name: string): Promise<void> => {
  const field = page.getByLabel("Name of the collection");
  const another = page.getByRole("button", { name: "New collection" });
  await expect(field.or(another)).toBeVisible();
  if (!(await field.isVisible())) await another.click();
  await field.fill(name);
  await page.getByRole("button", { name: "Make collection" }).click();
  await expect(page.getByRole("heading", { level: 2, name, exact: true })).toBeVisible();
};

/** Opens the editor of a new document. */
export const startDocument = async (page: Page): Promise<Locator> => {
  await page.getByRole("button", { name: "Add document" }).click();
  return page.getByRole("dialog", { name: /^New document in/ });
};

export const addAsJson = async (page: Page, json: string): Promise<void> => {
  const dialog = await startDocument(page);
  await dialog.getByRole("radio", { name: "JSON" }).check();
  await dialog.getByLabel("Document as JSON").fill(json);
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog).toBeHidden();
};

export const addNote = async (page: Page, title: string): Promise<void> => {
  await addAsJson(page, JSON.stringify({ title }));
  await expect(row(page, title)).toBeVisible();
};

/** Not the head of the table, whose columns may have any name. */
export const row = (page: Page, title: string): Locator =>
  page.locator("[role=row][data-at]").filter({ has: page.getByRole("button", { name: title }) });

export const edit = async (page: Page, title: string): Promise<Locator> => {
  await row(page, title).getByRole("button").first().click();
  return page.getByRole("dialog", { name: "Edit document" });
};

/** Changes the title in the form and saves. */
export const rename = async (page: Page, from: string, to: string): Promise<void> => {
  const dialog = await edit(page, from);
  await dialog.getByRole("group", { name: "title" }).getByLabel("Value").fill(to);
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog).toBeHidden();
  await expect(row(page, to)).toBeVisible();
};

export const openSharing = async (page: Page): Promise<Locator> => {
  await page.getByRole("button", { name: "Sharing", exact: true }).click();
  return page.getByRole("dialog", { name: "Sharing" });
};

/** Joins the open network in the sharing dialog and shares the collection with it. */
export const share = async (page: Page, network: string, collection: string): Promise<void> => {
  const dialog = await openSharing(page);
  await dialog.getByRole("radio", { name: "Use a shared secret" }).check();
  await dialog.getByLabel("Name of the network").fill(network);
  await dialog.getByLabel("Shared secret", { exact: true }).fill(secret);
  await dialog.getByRole("button", { name: "Join or make" }).click();
  await attach(dialog, network, collection);
  await dialog.getByRole("button", { name: "Close" }).click();
  await expect(dialog).toBeHidden();
};

/** Shares the collection with a network that the sharing dialog shows. */
export const attach = async (
  dialog: Locator,
  network: string,
  collection: string,
): Promise<void> => {
  const toggle = dialog
    .getByRole("region", { name: network })
    .getByRole("switch", { name: collection });
  await toggle.click();
  await expect(toggle).toBeChecked();
};

/** Makes a closed network in the sharing dialog. */
export const makeClosed = async (dialog: Locator, network: string): Promise<Locator> => {
  await dialog.getByLabel("Name of the network").fill(network);
  await dialog.getByRole("button", { name: "Make network" }).click();
  const card = dialog.getByRole("region", { name: network });
  await expect(card.getByText("Closed network")).toBeVisible();
  return card;
};

/** Opens a network's part of order and keys, and shows its recovery keys one by one. */
export const readRecoveryKeys = async (card: Locator): Promise<readonly string[]> => {
  await card.getByRole("button", { name: /^Show the recovery key/ }).click();
  await card.getByRole("button", { name: /^Show (it|the first)$/ }).click();
  const key = card.getByRole("textbox", { name: /recovery key/i });
  const next = card.getByRole("button", { name: "Next key" });
  const keys = [await key.inputValue()];
  while (await next.isVisible()) {
    await next.click();
    await expect(key).not.toHaveValue(keys.at(-1) ?? "");
    keys.push(await key.inputValue());
  }
  await card.getByRole("button", { name: "Done" }).click();
  await expect(key).toBeHidden();
  return keys;
};

/** Makes a closed network of several recovery keys, of which so many are needed. */
export const makeSplit = async (
  dialog: Locator,
  network: string,
  keys: number,
  needed: number,
): Promise<Locator> => {
  await dialog.getByText("More recovery keys").click();
  await dialog.getByLabel("How many recovery keys").fill(String(keys));
  await dialog.getByLabel("How many are needed").fill(String(needed));
  return makeClosed(dialog, network);
};

/** Makes an invite in the card of a closed network, and gives its link. */
export const invite = async (card: Locator, forWhom = ""): Promise<string> => {
  await card.getByRole("button", { name: "Invite somebody" }).click();
  await card.getByLabel("For whom?").fill(forWhom);
  await card.getByRole("button", { name: "Make the invite" }).click();
  await expect(card.getByRole("img", { name: /QR code/ })).toBeVisible();
  return card.getByLabel("Link of the invite").inputValue();
};

/** The sync state in the page's header. */
export const syncState = (page: Page): Locator =>
  page.getByRole("banner").getByText("Sync:").locator("..");

export const openConnection = async (page: Page): Promise<Locator> => {
  await page.getByRole("button", { name: "Connection of this device…" }).first().click();
  return page.getByRole("dialog", { name: "Connection" });
};

/** Of the connection's dialog. */
export const part = (dialog: Locator, name: string): Locator =>
  dialog.getByRole("region", { name });

/** What is said to work there, or not to. */
export const step = (dialog: Locator, text: string): Locator =>
  part(dialog, "What works").getByRole("listitem").filter({ hasText: text });

/** Of this device, and begins anew. */
export const deleteEverything = async (page: Page): Promise<void> => {
  await page.getByRole("button", { name: /^Storage of this device/ }).click();
  const dialog = page.getByRole("dialog", { name: "Storage of this device" });
  await dialog.getByRole("button", { name: /^Delete everything on/ }).click();
  await dialog.getByRole("button", { name: "Delete everything", exact: true }).click();
  await expect(page.getByLabel("Name of the collection")).toBeVisible();
};
