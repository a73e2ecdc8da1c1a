/**
 * What one person does with the page in one browser: documents come, change, go and come back, and
 * all of it is there after a reload.
 */
import { expect, test } from "@playwright/test";
import {
  addAsJson,
  addNote,
  deleteEverything,
  edit,
  makeCollection,
  open,
  rename,
  row,
  startDocument,
  watchErrors,
} from "./steps.ts";

test.beforeEach(({ page }) => {
  watchErrors(page);
});

test("adds as fields, edits, and keeps all of it over a reload", async ({ page }) => {
  await open(page);
  await expect(page.getByRole("heading", { name: "Nothing here yet" })).toBeVisible();
  await makeCollection(page, "people");
  await expect(page.getByRole("heading", { name: "No documents in people yet" })).toBeVisible();
  await expect(page.getByRole("main")).toBeFocused();

  const dialog = await startDocument(page);
  await dialog.getByRole("group", { name: "title" }).getByLabel("Value").fill("Ada");
  await dialog.getByRole("button", { name: "Add field" }).click();
  const born = dialog.getByRole("group").last();
  await born.getByLabel("Name").fill("born");
  await dialog.getByRole("group", { name: "born" }).getByLabel("Kind").selectOption("Number");
  await dialog.getByRole("group", { name: "born" }).getByLabel("Value").fill("1815");
  for (const [kind, name, value] of [
    ["List", "fields", "maths\nengines"],
    ["Date", "met", "1833-06-05"],
    ["Date, time", "seen", "1833-06-05T20:30"],
  ] as const) {
    await dialog.getByRole("button", { name: "Add field" }).click();
    await dialog.getByRole("group").last().getByLabel("Name").fill(name);
    const field = dialog.getByRole("group", { name });
    await field.getByLabel("Kind").selectOption(kind);
    await field.getByLabel("Value").fill(value);
  }
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(row(page, "Ada")).toContainText("1815");
  for (const text of ["maths, engines", "1833-06-05", "1833-06-05 20:30"]) {
    await expect(row(page, "Ada").getByText(text, { exact: true })).toBeVisible();
  }
  await expect(page.getByRole("status").filter({ hasText: /^1 document$/ })).toBeVisible();

  await rename(page, "Ada", "Ada Lovelace");
  await expect(row(page, "Ada Lovelace")).toContainText("1815");

  await page.reload();
  await expect(row(page, "Ada Lovelace")).toContainText("1815");
  await expect(page.getByRole("listitem").filter({ hasText: "people" })).toContainText("1");
});

test("deletes, and undo brings the same document back", async ({ page }) => {
  await open(page);
  await makeCollection(page, "notes");
  await addAsJson(
    page,
    '{ "id": "n1", "title": "Keep me", "when": { "$date": "2026-01-02T03:04:05.000Z" } }',
  );
  await addNote(page, "Other");

  await page.getByRole("button", { name: "Delete Keep me" }).click();
  await expect(row(page, "Keep me")).toBeHidden();
  await page.reload();
  await expect(row(page, "Other")).toBeVisible();
  await expect(row(page, "Keep me")).toBeHidden();

  await page.getByRole("button", { name: "Delete Other" }).click();
  await expect(page.getByRole("heading", { name: "No documents in notes yet" })).toBeVisible();
  const undo = page.getByRole("button", { name: "Undo" });
  await expect(undo).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(row(page, "Other")).toBeVisible();
  await expect(undo).toBeHidden();

  await addAsJson(page, '{ "id": "n1", "title": "Born again" }');
  await expect(row(page, "Born again")).toBeVisible();
  const dialog = await edit(page, "Born again");
  await expect(dialog.getByText("n1", { exact: true })).toBeVisible();
});

test("undoes several deletes, the latest first, with every kind of value", async ({ page }) => {
  await open(page);
  await makeCollection(page, "values");
  const values = {
    title: "All kinds",
    when: { $date: "2026-01-02T03:04:05.678Z" },
    bytes: { $bytes: "AQID" },
    vector: { $vector: [0.5, -2] },
    nested: { list: [1, "two", null, { three: true }] },
  };
  await addAsJson(page, JSON.stringify(values));
  await addNote(page, "Second");
  await page.getByRole("button", { name: "Delete All kinds" }).click();
  await page.getByRole("button", { name: "Delete Second" }).click();
  await expect(page.getByText("1 before it can be undone too.")).toBeVisible();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(row(page, "Second")).toBeVisible();
  await page.getByRole("button", { name: "Undo" }).click();
  const dialog = await edit(page, "All kinds");
  await dialog.getByRole("radio", { name: "JSON" }).check();
  const back: unknown = JSON.parse(await dialog.getByLabel("Document as JSON").inputValue());
  expect(back).toMatchObject(values);
});

test("says in place what is wrong, and keeps what was typed", async ({ page }) => {
  await open(page);
  await makeCollection(page, "notes");
  const dialog = await startDocument(page);
  await dialog.getByRole("radio", { name: "JSON" }).check();
  const json = dialog.getByLabel("Document as JSON");
  const save = dialog.getByRole("button", { name: "Save" });

  await json.fill('{\n  "title": "x",\n}');
  await save.click();
  await expect(dialog.getByRole("alert").filter({ hasText: "Line 3, column 1:" })).toBeVisible();
  await expect(json).toBeFocused();
  await expect(json).toHaveAttribute("aria-invalid", "true");

  await json.fill('{ "address": { "a.b": 1 } }');
  await save.click();
  await expect(dialog.getByRole("alert").filter({ hasText: "address.a.b" })).toBeVisible();

  await json.fill('{ "$where": 1 }');
  await save.click();
  await expect(dialog.getByRole("alert").filter({ hasText: "$where" })).toBeVisible();

  await json.fill("[1, 2]");
  await save.click();
  await expect(dialog.getByRole("alert").filter({ hasText: "JSON object" })).toBeVisible();

  await json.fill('{ "count": 12345678901234567890 }');
  await dialog.getByRole("radio", { name: "Fields" }).click();
  await expect(dialog.getByRole("alert").filter({ hasText: "too large" })).toBeVisible();
  await expect(json).toHaveValue('{ "count": 12345678901234567890 }');

  await json.fill('{ "title": "Right" }');
  await save.click();
  await expect(row(page, "Right")).toBeVisible();
});

test("says at the field what is wrong with it", async ({ page }) => {
  await open(page);
  await makeCollection(page, "notes");
  const dialog = await startDocument(page);
  const field = dialog.getByRole("group").last();
  await field.getByLabel("Name").fill("_private");
  await field.getByLabel("Value").fill("x");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(field.getByRole("alert")).toContainText("leading underscore");
  await field.getByLabel("Name").fill("age");
  await field.getByLabel("Kind").selectOption("Number");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(field.getByRole("alert")).toHaveText("Not a number.");
  await field.getByLabel("Value").fill("-3.5e2");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(row(page, "age: -350")).toBeVisible();
});

test("an id that is alive is refused in words", async ({ page }) => {
  await open(page);
  await makeCollection(page, "notes");
  await addAsJson(page, '{ "id": "same", "title": "First" }');
  const dialog = await startDocument(page);
  await dialog.getByRole("radio", { name: "JSON" }).check();
  await dialog.getByLabel("Document as JSON").fill('{ "id": "same", "title": "Second" }');
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog.getByRole("alert").filter({ hasText: "same" })).toBeVisible();
  await expect(dialog).toBeVisible();
});

test("asks before typed text is thrown away", async ({ page }) => {
  await open(page);
  await makeCollection(page, "notes");
  const dialog = await startDocument(page);
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(page.getByRole("button", { name: "Add document" })).toBeFocused();

  await startDocument(page);
  await dialog.getByRole("group", { name: "title" }).getByLabel("Value").fill("typed");
  await page.keyboard.press("Escape");
  const keep = dialog.getByRole("button", { name: "Keep editing" });
  await expect(keep).toBeFocused();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  await dialog.getByRole("button", { name: "Discard" }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByRole("heading", { name: "No documents in notes yet" })).toBeVisible();
});

test("what documents hold is shown as text, never as markup", async ({ page }) => {
  await open(page);
  const hostile = '<img src=x onerror="window[`hit`]=1"><script>window[`hit`]=2</script>';
  await makeCollection(page, hostile);
  await addAsJson(page, JSON.stringify({ title: hostile, [hostile]: `</span>${hostile}` }));
  await expect(page.getByRole("button", { name: `Delete ${hostile}` })).toBeVisible();
  const dialog = await edit(page, hostile);
  await expect(dialog.getByRole("group", { name: "title" }).getByLabel("Value")).toHaveValue(
    hostile,
  );
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: `Delete ${hostile}` }).click();
  await expect(page.getByText(`Deleted “${hostile}`)).toHaveCount(2);
  await expect(page.locator("#app script, #app img[src=x]")).toHaveCount(0);
  expect(await page.evaluate(() => "hit" in window)).toBe(false);
});

test("a filter looks through all documents", async ({ page }) => {
  await open(page);
  await makeCollection(page, "notes");
  await addAsJson(page, '{ "title": "Needle (1+1)", "tags": ["sewing", "Tools"] }');
  for (let at = 1; at <= 5; at++) await addNote(page, `Hay ${at}`);

  const filter = page.getByRole("searchbox", { name: "Filter" });
  await filter.fill("tools (1+1)");
  await expect(page.getByText("in: id, tags, title.")).toBeVisible();
  await expect(row(page, "Needle")).toBeVisible();
  await expect(page.getByText("1 match", { exact: true })).toBeVisible();
  await filter.fill("nothing has this");
  await expect(page.getByRole("heading", { name: "Nothing matches" })).toBeVisible();
  await page.getByRole("button", { name: "Clear the filter" }).click();
  await expect(row(page, "Hay 5")).toBeVisible();
});

test("collections are kept apart and stand in the address", async ({ page }) => {
  await open(page);
  await makeCollection(page, "notes");
  await addNote(page, "A note");
  await makeCollection(page, "links/of mine");
  await expect(page.getByRole("heading", { name: "No documents in links/of mine" })).toBeVisible();
  await page.goBack();
  await expect(row(page, "A note")).toBeVisible();
  await page.getByRole("link", { name: "links/of mine" }).click();
  await page.reload();
  await expect(page.getByRole("heading", { name: "links/of mine", exact: true })).toBeVisible();
});

test("two tabs show the same, live, and the second goes on when the first is closed", async ({
  context,
  page,
}) => {
  await open(page);
  await makeCollection(page, "notes");
  await addNote(page, "From the first tab");

  const second = await context.newPage();
  await second.goto("/");
  await expect(row(second, "From the first tab")).toBeVisible();
  await addNote(second, "From the second tab");
  await expect(row(page, "From the second tab")).toBeVisible();

  await page.close();
  await addNote(second, "From the second tab alone");
  await second.reload();
  for (const text of ["From the first tab", "From the second tab alone"]) {
    await expect(row(second, text)).toBeVisible();
  }
});

test("a tab says that the database was deleted in another one", async ({ context, page }) => {
  await open(page);
  await makeCollection(page, "notes");
  const second = await context.newPage();
  await second.goto("/");
  await expect(second.getByRole("heading", { name: "notes", exact: true })).toBeVisible();
  await deleteEverything(page);
  await expect(
    second.getByRole("heading", { name: "The database is not open here any more" }),
  ).toBeVisible();
  await second.getByRole("button", { name: "Reload" }).click();
  await expect(second.getByLabel("Name of the collection")).toBeVisible();
});

test("it starts offline, with what was written, once it was visited", async ({ context, page }) => {
  await open(page);
  await makeCollection(page, "notes");
  await addNote(page, "Written online");
  // The worker that keeps the app has all of it
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
  });
  const manifest = await page.evaluate(async () => {
    const link = document.querySelector<HTMLLinkElement>("link[rel=manifest]");
    const answer = await fetch(link?.href ?? "");
    // Ours, of the shape that vite.config.ts says
    return (await answer.json()) as { name: string; icons: readonly unknown[] };
  });
  expect(manifest.name).toBe("NebulusDB");
  expect(manifest.icons.length).toBeGreaterThan(2);
  await page.close();

  await context.setOffline(true);
  const later = await context.newPage();
  await later.goto("/");
  await expect(row(later, "Written online")).toBeVisible();
  await addNote(later, "Written offline");
  await later.reload();
  await expect(row(later, "Written offline")).toBeVisible();
});

test("a database in memory only says what that means", async ({ page }, info) => {
  await page.route("**/db.worker-*.js", async (route) => {
    const response = await route.fetch();
    const none = "Object.defineProperty(self, 'indexedDB', { value: undefined });";
    await route.fulfill({ response, body: none + (await response.text()) });
  });
  await page.goto("/");
  await expect(page.getByText("Memory only: closing this tab loses everything")).toBeVisible();
  await makeCollection(page, "notes");
  await addNote(page, "Not for long");
  await page.screenshot({ path: info.outputPath("memory.png") });
  await page.reload();
  await expect(page.getByRole("heading", { name: "Nothing here yet" })).toBeVisible();
});

test("sizes that come a frame later are no fault, and what nobody caught is told", async ({
  context,
}) => {
  // One that may fail
  const page = await context.newPage();
  await open(page);
  const told = await page.evaluate(
    () =>
      new Promise<string>((resolve) => {
        window.addEventListener("error", ({ message }) => resolve(message), { once: true });
        const wide = document.body.appendChild(document.createElement("div"));
        // As where a column takes the width that a row gave away
        new ResizeObserver((_, observer) => {
          wide.style.width = `${String(wide.clientWidth - 1)}px`;
          if (wide.clientWidth < 100) observer.disconnect();
        }).observe(wide);
      }),
  );
  expect(told).toMatch(/^ResizeObserver loop/);
  await page.evaluate(() => {
    setTimeout(() => {
      throw new Error("nobody caught it");
    });
  });
  const problems = page.getByText("That did not work");
  await expect(page.getByText("nobody caught it")).toBeVisible();
  await expect(problems).toHaveCount(1);
});

test("everything can be done with the keyboard alone", async ({ page }) => {
  await open(page);
  await page.getByLabel("Name of the collection").focus();
  await page.keyboard.type("notes");
  await page.keyboard.press("Enter");
  const add = page.getByRole("button", { name: "Add document" });
  await expect(add).toBeVisible();
  await add.focus();
  await page.keyboard.press("Enter");
  const value = page.getByRole("group", { name: "title" }).getByLabel("Value");
  await expect(page.getByRole("dialog")).toBeVisible();
  await expect(value).toBeFocused();
  await page.keyboard.type("Typed");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  const name = page.getByRole("group").last().getByLabel("Name");
  await expect(name).toBeFocused();
  await page.keyboard.type("more");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Add field" })).toBeFocused();
  for (let steps = 0; steps < 6; steps++) {
    const save = page.getByRole("button", { name: "Save" });
    if (await save.evaluate((element) => element === document.activeElement)) break;
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Enter");
  await expect(row(page, "Typed")).toBeVisible();
});

test("a full disk refuses a write and says so; with space again it is stored", async ({
  context,
  page,
  baseURL,
}) => {
  test.slow();
  const browser = await context.newCDPSession(page);
  const origin = new URL(baseURL ?? "").origin;
  await browser.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 1_000_000 });
  await open(page);
  await makeCollection(page, "notes");
  await addAsJson(page, '{ "title": "Before" }');
  // The tab that leads the others is told as much as one that follows
  const other = await context.newPage();
  await other.goto(page.url());
  await expect(row(other, "Before")).toBeVisible();
  const text = "x".repeat(1_040_000);
  const dialogs = [];
  for (const [tab, title] of [
    [page, "First"],
    [other, "Second"],
  ] as const) {
    const dialog = await startDocument(tab);
    await dialog.getByRole("radio", { name: "JSON" }).check();
    await dialog.getByLabel("Document as JSON").fill(JSON.stringify({ title, text }));
    await dialog.getByRole("button", { name: "Save" }).click();
    await expect(dialog.getByText(/no space left for this site/)).toBeVisible();
    dialogs.push({ tab, title, dialog });
  }
  await browser.send("Storage.overrideQuotaForOrigin", { origin });
  // Chromium may remember for a while how little space there was
  for (const { tab, title, dialog } of dialogs) {
    await expect(async () => {
      await dialog.getByRole("button", { name: "Save" }).click();
      await expect(row(tab, title)).toBeVisible({ timeout: 5_000 });
    }).toPass({ timeout: 90_000 });
  }
  await page.reload();
  for (const tab of [page, other]) {
    for (const title of ["First", "Second", "Before"]) {
      await expect(row(tab, title)).toBeVisible();
    }
  }
});

test("an old tab gives way to a newer version of the storage, and says so", async ({
  context,
  page,
}) => {
  await open(page);
  await makeCollection(page, "notes");
  await addNote(page, "Before");
  const newer = await context.newPage();
  await newer.goto("/favicon.svg");
  const isHeldUp = await newer.evaluate(async () => {
    const [database] = await indexedDB.databases();
    const upgrade = indexedDB.open(database?.name ?? "", 1_000);
    let wasBlocked = false;
    upgrade.onblocked = () => (wasBlocked = true);
    await new Promise((resolve, reject) => {
      upgrade.onsuccess = resolve;
      upgrade.onerror = reject;
    });
    upgrade.result.close();
    return wasBlocked;
  });
  expect(isHeldUp).toBe(false);
  const heading = page.getByRole("heading", { level: 1 });
  await expect(heading).toHaveText(/could not go on|A newer version/);
  await page.reload();
  await expect(heading).toHaveText(/^A newer version/);
});

test("storage that is cleared while it is open is told, and can be begun anew", async ({
  context,
  page,
  baseURL,
}) => {
  await open(page);
  await makeCollection(page, "notes");
  await addNote(page, "Before");
  const browser = await context.newCDPSession(page);
  const origin = new URL(baseURL ?? "").origin;
  await browser.send("Storage.clearDataForOrigin", { origin, storageTypes: "all" });
  const heading = page.getByRole("heading", { level: 1 });
  await expect(heading).toHaveText(/could not go on|A part of the database is gone/);
  const again = page.getByRole("button", { name: /^(Open it again|Start anew on this device…)$/ });
  await again.click();
  await expect(page.getByRole("heading", { name: "Nothing here yet" })).toBeVisible();
  await makeCollection(page, "notes");
  await addNote(page, "After");
  await page.reload();
  await expect(row(page, "After")).toBeVisible();
});
