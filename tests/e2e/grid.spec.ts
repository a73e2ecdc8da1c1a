/**
 * Many documents on one screen: imported from a file, scrolled, ordered, filtered, edited in two
 * tabs, reached by keys alone, and exported again.
 */
import { expect, test, type Page } from "@playwright/test";
import { readFile } from "node:fs/promises";
import { edit, makeCollection, open, row, watchErrors } from "./steps.ts";

test.beforeEach(({ page }) => {
  watchErrors(page);
});

const importFile = async (page: Page, name: string, text: string, said: RegExp): Promise<void> => {
  await page.getByRole("button", { name: "Import, export…" }).click();
  const dialog = page.getByRole("dialog", { name: /^Import and export/ });
  await dialog
    .getByLabel("File")
    .setInputFiles({ name, mimeType: "text/plain", buffer: Buffer.from(text) });
  await dialog.getByRole("button", { name: "Import", exact: true }).click();
  await expect(dialog.getByText(said)).toBeVisible({ timeout: 120_000 });
  await expect(dialog.getByRole("button", { name: "Import", exact: true })).toBeFocused();
};

const closeDialog = async (page: Page): Promise<void> => {
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
  await expect(page.getByRole("dialog")).toBeHidden();
};

const exported = async (page: Page, format: string): Promise<string> => {
  await page.getByRole("button", { name: "Import, export…" }).click();
  const dialog = page.getByRole("dialog", { name: /^Import and export/ });
  await dialog.getByLabel("Format").selectOption(format);
  const downloading = page.waitForEvent("download");
  await dialog.getByRole("button", { name: "Export", exact: true }).click();
  const path = await (await downloading).path();
  await closeDialog(page);
  return readFile(path, "utf8");
};

const numbered = (count: number): string =>
  Array.from({ length: count }, (_, n) => {
    const id = `n${String(n).padStart(6, "0")}`;
    const city = ["Oslo", "Rome", "Bern"][n % 3];
    return JSON.stringify({ id, title: `Document ${n}`, city, rank: (n * 7_919) % count });
  }).join("\n");

test("100,000 documents: imported, scrolled, ordered, filtered, edited in two tabs", async ({
  context,
  page,
}) => {
  test.setTimeout(300_000);
  await open(page);
  await makeCollection(page, "many");
  await importFile(page, "many.ndjson", numbered(100_000), /^100,000 documents imported$/);
  await closeDialog(page);

  const table = page.getByRole("table", { name: "Documents of many" });
  await expect(table).toHaveAttribute("aria-rowcount", "100001");
  await expect(row(page, "Document 99999")).toBeVisible();
  // A hundred thousand rows are not a hundred thousand elements
  expect(await table.getByRole("row").count()).toBeLessThan(100);

  await table.evaluate((element) => {
    element.scrollTop = element.scrollHeight / 2;
  });
  await expect(row(page, "Document 49999").first()).toBeVisible();
  await row(page, "Document 49999").getByRole("button").first().focus();
  await page.keyboard.press("End");
  await expect(page.locator(":focus")).toHaveText("Document 0");
  await page.keyboard.press("ArrowUp");
  await expect(page.locator(":focus")).toHaveText("Document 1");

  // At once, before the browser tells of any scrolling
  const drawn = await table.evaluate(async (element) => {
    const sort = [...element.querySelectorAll<HTMLElement>("button.sort")];
    sort.find(({ title }) => title.includes("rank"))?.click();
    await Promise.resolve();
    return [...element.querySelectorAll<HTMLElement>("[data-at]")].map(({ dataset }) => dataset.at);
  });
  expect(drawn).toContain("0");
  expect(drawn).not.toContain("99975");
  await expect(table.getByRole("columnheader", { name: /^rank/ })).toHaveAttribute(
    "aria-sort",
    "ascending",
  );
  await expect(table.getByRole("row").nth(1)).toContainText("Document 0");

  const second = await context.newPage();
  await second.goto("/");
  await expect(second.getByRole("table")).toHaveAttribute("aria-rowcount", "100001");
  await second.getByRole("searchbox", { name: "Filter" }).fill("Document 77777");
  const dialog = await edit(second, "Document 77777");
  const title = dialog.getByRole("group", { name: "title" }).getByLabel("Value");
  await title.fill("Changed in the second tab");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(second.getByRole("heading", { name: "Nothing matches" })).toBeVisible();

  await page.getByRole("searchbox", { name: "Filter" }).fill("changed second");
  await expect(row(page, "Changed in the second tab")).toBeVisible();
  await edit(page, "Changed in the second tab");
});

test("files of every kind come in, and what is wrong with a line is said", async ({ page }) => {
  await open(page);
  await makeCollection(page, "things");
  const json = [
    { id: "a", title: "As JSON", at: { $date: "2026-03-01T12:00:00.000Z" } },
    { id: "b", title: 7 },
  ];
  await importFile(page, "a.json", JSON.stringify(json), /^2 documents imported$/);
  await closeDialog(page);
  const lines = '{"id":"c","title":"As a line"}\n\nnot json\n{"id":"a","title":"taken"}\n[1]\n';
  const said = /^1 document imported · 1 left alone: the id is taken · 2 could not be read$/;
  await importFile(page, "b.jsonl", lines, said);
  await expect(page.getByRole("dialog").getByRole("listitem")).toHaveCount(2);
  await closeDialog(page);
  const csv = 'id,title,n,tags\nd,"Quoted, with ""marks""\nand a line",12,"[""x""]"\ne,007,,\n';
  await importFile(page, "c.csv", csv, /^2 documents imported$/);
  await closeDialog(page);
  await importFile(page, "d.json", "{", /could not be read/);
  await closeDialog(page);

  const all: unknown = JSON.parse(await exported(page, "json"));
  expect(all).toEqual([
    { id: "a", at: { $date: "2026-03-01T12:00:00.000Z" }, title: "As JSON" },
    { id: "b", title: 7 },
    { id: "c", title: "As a line" },
    { id: "d", n: 12, tags: ["x"], title: 'Quoted, with "marks"\nand a line' },
    { id: "e", title: "007" },
  ]);
  expect((await exported(page, "ndjson")).trim().split("\n")).toHaveLength(5);
  const table = await exported(page, "csv");
  expect(table.split("\n")[0]).toBe("id,at,title,n,tags");
  expect(table).toContain('"Quoted, with ""marks""\nand a line",12,"[""x""]"');
});

test("the focus that an invite leaves does not take the head of the page away", async ({
  page,
}) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await open(page);
  await makeCollection(page, "many");
  await importFile(page, "few.ndjson", numbered(50), /^50 documents imported$/);
  await page.goto("about:blank");
  await page.goto("/#join=x");
  await expect(page.getByRole("dialog", { name: "Sharing" })).toBeVisible();
  await expect(page.locator("[data-at='0']")).toContainText("Document");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("main")).toBeFocused();
  await expect(page.getByRole("banner")).toBeInViewport({ ratio: 1 });
});

test("columns are chosen, and an import can be cancelled", async ({ page }) => {
  await open(page);
  await makeCollection(page, "many");
  await importFile(page, "few.ndjson", numbered(50), /^50 documents imported$/);
  // what came of it is no news of another file
  const other = { name: "few.txt", mimeType: "text/plain", buffer: Buffer.from("x") };
  await page.getByLabel("File").setInputFiles(other);
  await expect(page.getByText("Choose a file that ends in")).toBeVisible();
  await expect(page.getByText("50 documents imported")).toBeHidden();
  await closeDialog(page);
  const table = page.getByRole("table");
  await expect(table.getByRole("columnheader")).toHaveText([/Newest/, /city/, /rank/, /Actions/]);
  await page.getByText("Columns", { exact: true }).click();
  const city = page.getByRole("checkbox", { name: "city" });
  await city.uncheck();
  await expect(table.getByRole("columnheader")).toHaveText([/Newest/, /rank/, /Actions/]);
  await page.keyboard.press("Escape");
  await expect(city).toBeHidden();
  await expect(page.locator("summary:focus")).toHaveText("Columns");
  await page.keyboard.press("Enter");
  await expect(city).toBeVisible();
  await page.getByRole("heading", { name: "many", exact: true }).click();
  await expect(city).toBeHidden();

  // titles have no head of a column
  await page.getByRole("combobox", { name: "Order" }).selectOption("title, falling");
  await expect(page.locator("[data-at='0']")).toContainText("Document 9");

  await page.getByRole("button", { name: "Import, export…" }).click();
  const dialog = page.getByRole("dialog", { name: /^Import and export/ });
  const file = {
    name: "more.ndjson",
    mimeType: "text/plain",
    buffer: Buffer.from(numbered(200_000)),
  };
  await dialog.getByLabel("File").setInputFiles(file);
  await dialog.getByRole("button", { name: "Import", exact: true }).click();
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(dialog.getByText(/^Cancelled\. [\d,]+ documents? imported/)).toBeVisible();
  await expect(dialog.locator(":focus")).toContainText("Cancelled.");
});
