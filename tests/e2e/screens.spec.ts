/**
 * Every state of the screen, light and dark, on a telephone and on a desk: axe finds nothing
 * serious, nothing is wider than the window, and a picture of each is left in test-results.
 */
import { AxeBuilder } from "@axe-core/playwright";
import { expect, test, type Page, type TestInfo } from "@playwright/test";
import {
  addAsJson,
  addNote,
  deleteEverything,
  attach,
  edit,
  invite,
  makeClosed,
  makeCollection,
  open,
  openSharing,
  row,
  share,
  startDocument,
  syncState,
} from "./steps.ts";
import { withRelay } from "./relayOfOwn.ts";

const looks = [
  { colorScheme: "light", width: 1280 },
  { colorScheme: "dark", width: 1280 },
  { colorScheme: "light", width: 390 },
  { colorScheme: "dark", width: 390 },
] as const;

/** Takes the picture and looks at it as far as a program can. */
const look = async (page: Page, info: TestInfo, state: string): Promise<void> => {
  await page.screenshot({ path: info.outputPath(`${state}.png`), animations: "disabled" });
  // What is spoken to press a button is what stands on it
  const rules = { "label-content-name-mismatch": { enabled: true } };
  const { violations } = await new AxeBuilder({ page }).options({ rules }).analyze();
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  const found = serious.map(({ id, nodes }) => `${state}: ${id} ${nodes[0]?.html ?? ""}`);
  expect.soft(found).toEqual([]);
  const size = page.viewportSize();
  if (size?.width === 390) await page.setViewportSize({ ...size, width: 360 });
  const overflows = await page.evaluate(() =>
    [document.documentElement, ...document.querySelectorAll("dialog")].map(
      (element) => element.scrollWidth - element.clientWidth,
    ),
  );
  expect.soft(Math.max(...overflows), `${state} is wider than the window`).toBeLessThanOrEqual(0);
  if (size !== null) await page.setViewportSize(size);
};

for (const { colorScheme, width } of looks) {
  test.describe(`${colorScheme} ${width}`, () => {
    test.use({ colorScheme, viewport: { width, height: width === 390 ? 844 : 800 } });

    test("documents", async ({ page }, info) => {
      test.slow();
      await open(page);
      await look(page, info, "01 nothing yet");
      await page.getByRole("button", { name: "Make collection" }).click();
      await look(page, info, "02 a name is missing");
      await makeCollection(page, "notes");
      await look(page, info, "03 empty collection");
      const fresh = await startDocument(page);
      await look(page, info, "04 new document");
      await page.keyboard.press("Escape");
      await expect(fresh).toBeHidden();

      await addAsJson(page, longDocument);
      await addNote(page, "Second");
      await makeCollection(page, "recipes of my grandmother, with a name that is long");
      await page.goBack();
      await look(page, info, "05 documents");
      const dialog = await edit(page, "Moving");
      await look(page, info, "06 edit as fields");
      await dialog.getByRole("group", { name: "rooms" }).getByLabel("Value").fill("many");
      await dialog.getByRole("button", { name: "Save" }).click();
      await look(page, info, "07 a field is wrong");
      await dialog.getByRole("group", { name: "rooms" }).getByLabel("Value").fill("3");
      await dialog.getByRole("radio", { name: "JSON" }).check();
      await dialog.getByLabel("Document as JSON").fill('{ "title": }');
      await dialog.getByRole("button", { name: "Save" }).click();
      await look(page, info, "08 JSON is wrong");
      await page.keyboard.press("Escape");
      await look(page, info, "09 discard");
      await dialog.getByRole("button", { name: "Discard" }).click();

      await page.getByRole("searchbox").fill("moving");
      await expect(page.getByText("1 match", { exact: true })).toBeVisible();
      await look(page, info, "10 filtered");
      await page.getByRole("searchbox").fill("xyz");
      await expect(page.getByRole("heading", { name: "Nothing matches" })).toBeVisible();
      await look(page, info, "11 nothing matches");
      await page.getByRole("button", { name: "Clear the filter" }).click();
      await page.getByRole("button", { name: "Delete Second" }).click();
      await expect(page.getByRole("button", { name: "Undo" })).toBeVisible();
      await look(page, info, "12 deleted");
    });

    test("sharing", async ({ page }, info) => {
      await open(page);
      await makeCollection(page, "notes");
      await addNote(page, "A note");
      const dialog = await openSharing(page);
      await look(page, info, "20 sharing");
      await dialog.getByRole("radio", { name: "Use a shared secret" }).check();
      await dialog.getByRole("button", { name: "Join or make" }).click();
      await look(page, info, "21 name and secret are missing");
      await page.keyboard.press("Escape");
      await share(page, `home ${info.testId.slice(-8)}`, "notes");
      await expect(page.getByText(/^Waiting: /).first()).toBeVisible();
      await look(page, info, "22 waiting");
      await page.getByRole("button", { name: /^Sync: / }).click();
      await expect(page.getByRole("dialog", { name: "Sync" })).toContainText(
        "is on no other device yet",
      );
      await look(page, info, "22a what sync rests on");
      await page.keyboard.press("Escape");
      await expect(page.getByRole("button", { name: /^Sync: / })).toBeFocused();
      const fresh = await startDocument(page);
      await fresh.getByLabel("Value").fill("A private note");
      await fresh.getByRole("checkbox", { name: "Private" }).check();
      await look(page, info, "22b a private document");
      await fresh.getByRole("button", { name: "Save" }).click();
      await expect(row(page, "Private: only on this device: A private note")).toBeVisible();
      await look(page, info, "22c private and shared documents");
      const editor = await edit(page, "A private note");
      await editor.getByRole("checkbox", { name: "Private" }).uncheck();
      await expect(editor.getByText(/^Everybody in home .* gets it\.$/)).toBeVisible();
      await editor.getByRole("button", { name: "Save" }).click();
      await expect(page.getByText("Private: only on this device")).toBeHidden();
      await expect(row(page, "A private note")).toBeVisible();
      await page.getByRole("button", { name: "Sharing", exact: true }).click();
      await look(page, info, "23 a network");
      await dialog.getByRole("button", { name: /^Leave / }).click();
      await dialog.getByRole("button", { name: "Leave", exact: true }).scrollIntoViewIfNeeded();
      await look(page, info, "24 leave");
    });

    test("sharing by invite", async ({ page }, info) => {
      test.slow();
      await open(page);
      await makeCollection(page, "notes");
      const dialog = await openSharing(page);
      const card = await makeClosed(dialog, "The house in the Lindenweg");
      await card.scrollIntoViewIfNeeded();
      await look(page, info, "25 a closed network");
      await card.getByText("1 device", { exact: false }).first().click();
      await card.getByRole("button", { name: /^Give a name: Member/ }).click();
      await expect(card.getByLabel("Name", { exact: true })).toBeFocused();
      await look(page, info, "25a a name");
      await page.keyboard.type("Mara");
      await page.keyboard.press("Enter");
      await expect(card.getByRole("button", { name: "Change the name: Mara" })).toBeFocused();
      await card.getByText("Order and keys").press("Enter");
      await card.getByRole("button", { name: /^Show the recovery key/ }).press("Enter");
      await expect(card.getByRole("button", { name: "Cancel" })).toBeFocused();
      await look(page, info, "25b the recovery key is asked for");
      await card.getByRole("button", { name: "Show it" }).click();
      await expect(card.getByRole("textbox", { name: "Recovery key" })).toHaveValue(
        /^([A-Z2-7]{4}-){13}/,
      );
      await look(page, info, "25c the recovery key");
      await card.getByRole("button", { name: "Done" }).click();
      await card.getByRole("button", { name: /^Renew the keys/ }).click();
      await look(page, info, "25d new keys");
      await card.getByRole("button", { name: "Cancel" }).click();
      await card.getByRole("button", { name: "Invite somebody" }).click();
      await expect(card.getByLabel("For whom?")).toBeFocused();
      await card.getByLabel("How many may use it").fill("0");
      await card.getByRole("button", { name: "Make the invite" }).click();
      await expect(card.getByLabel("How many may use it")).toBeFocused();
      await look(page, info, "26 the number is wrong");
      await card.getByLabel("How many may use it").fill("3");
      await card.getByRole("button", { name: "Make the invite" }).click();
      const picture = card.getByRole("img", { name: /QR code/ });
      await picture.scrollIntoViewIfNeeded();
      expect(await picture.evaluate((img: HTMLImageElement) => img.naturalWidth)).toBeGreaterThan(
        0,
      );
      await look(page, info, "27 an invite");
      const link = await card.getByLabel("Link of the invite").inputValue();
      await card.getByRole("button", { name: "Done" }).click();
      await card.getByText(/^3 uses left · until /).scrollIntoViewIfNeeded();
      await look(page, info, "28 an open invite");
      await card.getByRole("button", { name: /^Revoke the invite: 3 uses left/ }).click();
      await expect(card.getByText("The invite is revoked.")).toBeVisible();
      await expect(card.getByText(/^3 uses left/)).toBeHidden();
      await expect(card.getByRole("button", { name: "Invite somebody" })).toBeFocused();
      await page.keyboard.press("Escape");

      await page.goto(link);
      await expect(dialog.getByRole("heading", { name: /^Join “The house/ })).toBeVisible();
      await look(page, info, "29 invited");
      await dialog.getByRole("button", { name: "Join", exact: true }).click();
      await expect(dialog.getByText("This device is in that network already.")).toBeVisible();
      await expect(dialog.getByLabel("Link of the invite")).toBeFocused();
      await dialog.getByRole("button", { name: "Not now" }).click();
      await expect(dialog.getByRole("heading", { name: /^Join “/ })).toBeHidden();
    });

    test("several recovery keys", async ({ page }, info) => {
      await open(page);
      const dialog = await openSharing(page);
      await dialog.getByText("More recovery keys").click();
      await dialog.getByLabel("How many recovery keys").fill("3");
      await dialog.getByLabel("How many are needed").fill("4");
      await dialog.getByLabel("Name of the network").fill("The house in the Lindenweg");
      await dialog.getByRole("button", { name: "Make network" }).click();
      await expect(dialog.getByText("A whole number from 1 to 3.")).toBeVisible();
      await expect(dialog.getByLabel("How many are needed")).toBeFocused();
      await look(page, info, "60 more keys are needed than there are");
      await dialog.getByLabel("How many are needed").fill("2");
      await dialog.getByRole("button", { name: "Make network" }).click();
      const card = dialog.getByRole("region", { name: "The house" });
      await card.getByText("All recovery keys are still on this device").scrollIntoViewIfNeeded();
      await look(page, info, "61 keys to hand out");
      await card.getByRole("button", { name: /^Show the recovery keys/ }).click();
      await card.getByRole("button", { name: "Show the first" }).click();
      await card.getByRole("button", { name: "Next key" }).click();
      await expect(card.getByRole("textbox", { name: "Recovery key 2 of 3" })).toBeVisible();
      await card.getByRole("button", { name: "Print" }).scrollIntoViewIfNeeded();
      await look(page, info, "62 one of the keys");
      await page.emulateMedia({ media: "print", colorScheme });
      await expect(page.getByRole("heading", { name: /^Recovery key 2 of 3 of/ })).toBeVisible();
      await expect(dialog).toBeHidden();
      await look(page, info, "63 its sheet");
      await page.emulateMedia({ media: "screen", colorScheme });
      await card.getByRole("button", { name: "Done" }).click();
      await card.getByRole("button", { name: /^Forget the recovery keys/ }).click();
      await card.getByRole("button", { name: "Forget them here" }).click();
      await expect(card.getByRole("textbox", { name: "Recovery key" })).toBeVisible();
      await look(page, info, "64 a key is entered");
    });

    test("connection", async ({ page }, info) => {
      await open(page);
      await page.getByRole("button", { name: "Connection of this device…" }).click();
      const dialog = page.getByRole("dialog", { name: "Connection" });
      await expect(dialog.getByText("Others can reach this device through it.")).toBeVisible();
      await look(page, info, "50 connection");
      const relays = dialog.getByRole("region", { name: "Relays" });
      await relays.getByText("Add a relay").click();
      await relays.getByLabel("Address of the relay").fill("relay.example");
      await relays.getByRole("button", { name: "Add", exact: true }).click();
      await expect(relays.getByText("A browser cannot use this address.")).toBeVisible();
      await look(page, info, "51 the address is wrong");
      const servers = dialog.getByRole("region", { name: "STUN and TURN servers" });
      await servers.getByText("Add a server").click();
      await servers.getByLabel("Address of the server").fill("turn:127.0.0.1:9");
      await servers.getByRole("button", { name: "Add", exact: true }).click();
      await expect(servers.getByLabel("User name")).toBeFocused();
      await look(page, info, "52 a user name is missing");
      await page.context().setOffline(true);
      await expect(dialog.getByText("This browser is offline.").last()).toBeVisible();
      await dialog.getByRole("heading", { name: "What works" }).scrollIntoViewIfNeeded();
      await look(page, info, "53 offline");
    });

    test("scanning an invite", async ({ page }, info) => {
      await open(page);
      const dialog = await openSharing(page);
      await dialog.getByRole("radio", { name: "Join with an invite" }).check();
      await look(page, info, "54 join with an invite");
      await dialog.getByRole("button", { name: /^Scan/ }).click();
      await expect(dialog.getByText("There is no camera here.")).toBeVisible();
      await look(page, info, "55 no camera");
    });

    test("deleted in another tab", async ({ context, page }, info) => {
      await open(page);
      const second = await context.newPage();
      await second.goto("/");
      await deleteEverything(page);
      await expect(second.getByText("The database is not open here any more")).toBeVisible();
      await look(second, info, "30 deleted elsewhere");
    });

    test("storage of this device", async ({ page }, info) => {
      await open(page);
      await makeCollection(page, "notes");
      await addNote(page, "A note");
      await page.getByRole("button", { name: /^Storage of this device/ }).click();
      const dialog = page.getByRole("dialog", { name: "Storage of this device" });
      await expect(dialog.getByText("it is flushed to a file on the disk")).toBeVisible();
      await look(page, info, "40 storage");
      await dialog.getByRole("button", { name: /^Delete everything/ }).click();
      await expect(dialog.getByRole("button", { name: "Cancel" })).toBeFocused();
      await expect(dialog.getByRole("listitem")).toHaveText(/notes\s*· 1 document/);
      await dialog.getByRole("button", { name: "Cancel" }).scrollIntoViewIfNeeded();
      await look(page, info, "41 delete everything");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await expect(page.getByRole("heading", { name: "Nothing here yet" })).toBeVisible();
    });

    test("storage that was lost", async ({ page }, info) => {
      await open(page);
      await makeCollection(page, "notes");
      await addNote(page, "A note");
      await loseTables(page);
      await page.goto("/");
      await expect(
        page.getByRole("heading", { name: /part of the database is gone/ }),
      ).toBeVisible();
      await look(page, info, "33 lost");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await expect(page.getByText("It is still as it was.")).toBeVisible();
      await page.getByRole("button", { name: /^Start anew/ }).press("Enter");
      await expect(page.getByRole("button", { name: "Cancel" })).toBeFocused();
      await look(page, info, "34 start anew");
      await page.keyboard.press("Enter");
      await expect(page.getByText("This deletes for good")).toBeHidden();
      await page.getByRole("button", { name: /^Start anew/ }).click();
      await page.getByRole("button", { name: "Delete and start anew" }).click();
      await expect(page.getByRole("heading", { name: "Nothing here yet" })).toBeVisible();
      await makeCollection(page, "notes");
    });

    test("storage of a newer version", async ({ page }, info) => {
      await open(page);
      await onTables(page, async (name) => {
        await new Promise((resolve, reject) => {
          const opening = indexedDB.open(name, 1_000);
          opening.onsuccess = () => {
            opening.result.close();
            resolve(null);
          };
          opening.onerror = reject;
          opening.onblocked = reject;
        });
      });
      await page.goto("/");
      await expect(page.getByRole("heading", { name: /^A newer version/ })).toBeVisible();
      await look(page, info, "35 newer");
      await page.getByRole("button", { name: "Reload" }).click();
      await expect(page.getByRole("heading", { name: /^A newer version/ })).toBeVisible();
    });

    test("storage that fails", async ({ page }, info) => {
      await page.route("**/db.worker-*.js", (route) => route.abort());
      await page.goto("/");
      await expect(page.getByRole("heading", { name: /could not go on/ })).toBeVisible();
      await page.getByText("For a report of this problem").click();
      await look(page, info, "31 failed");
    });
  });
}

// two of the looks: several profiles take their time
for (const { colorScheme, width } of [looks[1], looks[2]]) {
  test(`with others ${colorScheme} ${String(width)}`, async ({ browser }, info) => {
    test.slow();
    const openProfile = async (): Promise<Page> => {
      const viewport = { width, height: width === 390 ? 844 : 800 };
      return (await browser.newContext({ colorScheme, viewport })).newPage();
    };
    const [maker, joiner, late] = [await openProfile(), await openProfile(), await openProfile()];
    await open(maker);
    await makeCollection(maker, "notes");
    await addNote(maker, "Soup");
    const ours = await openSharing(maker);
    const card = await makeClosed(ours, "The house in the Lindenweg");
    await attach(ours, "The house", "notes");
    const link = await invite(card, "Ben");

    await withRelay(async (otherRelay) => {
      await joiner.goto(`${otherRelay.url}/${new URL(link).hash}`);
      const dialog = joiner.getByRole("dialog", { name: "Sharing" });
      await expect(dialog.getByText(/^Its members are met at /)).toBeVisible();
      await look(joiner, info, "70 invited from another relay");
      await maker.context().setOffline(true);
      await dialog.getByRole("button", { name: "Join", exact: true }).click();
      await expect(dialog.getByText("The invite is taken.")).toBeVisible();
      await look(joiner, info, "71 joining");
      await maker.context().setOffline(false);
      await dialog.getByRole("button", { name: "Add notes" }).click();
      await dialog.getByRole("heading", { name: "The house" }).scrollIntoViewIfNeeded();
      await look(joiner, info, "72 a member");
      await card.getByRole("button", { name: "Done" }).click();
      await card.getByRole("button", { name: "Remove Ben" }).scrollIntoViewIfNeeded();
      await look(maker, info, "73 an owner");
      await joiner.keyboard.press("Escape");
      await expect(syncState(joiner)).toHaveText(/Verified equal with 1 device$/);

      await late.goto(link);
      const lateDialog = late.getByRole("dialog", { name: "Sharing" });
      await lateDialog.getByRole("button", { name: "Join", exact: true }).click();
      await expect(lateDialog.getByText("others used the invite up before")).toBeVisible();
      await look(late, info, "74 refused and told why");

      await joiner.getByRole("button", { name: "Connection of this device…" }).click();
      const connection = joiner.getByRole("dialog", { name: "Connection" });
      const devices = connection.getByRole("region", { name: "Devices" });
      await expect(devices.getByText(/round trip \d+ ms/)).toBeVisible();
      await look(joiner, info, "75 what works");
      await devices.getByRole("heading").scrollIntoViewIfNeeded();
      await devices.getByRole("listitem").scrollIntoViewIfNeeded();
      await look(joiner, info, "76 who is connected");
      await connection.getByText("Named by the invite into").scrollIntoViewIfNeeded();
      await connection.getByRole("region", { name: "Privacy" }).scrollIntoViewIfNeeded();
      await look(joiner, info, "77 a relay named by an invite");
      const frames = connection.getByRole("region", { name: "Log of frames" });
      await frames.getByRole("switch").click();
      await expect(frames.getByRole("switch")).toBeChecked();
      await maker.keyboard.press("Escape");
      await addNote(maker, "Bread");
      await expect(frames.getByText("operation", { exact: true }).first()).toBeVisible();
      await frames.getByRole("switch").scrollIntoViewIfNeeded();
      await frames.getByRole("button", { name: "Copy as text" }).scrollIntoViewIfNeeded();
      await look(joiner, info, "78 frames");
      for (const page of [maker, joiner, late]) await page.close();
    });
  });
}

test("storage that was lost is told, where not even its screen can be loaded", async ({
  browser,
}) => {
  // it would have the screen
  const page = await (await browser.newContext({ serviceWorkers: "block" })).newPage();
  await open(page);
  await makeCollection(page, "notes");
  await loseTables(page);
  const screen = "**/LostView-*.js";
  await page.route(screen, (route) => route.abort());
  await page.goto("/");
  await expect(page.getByText(/^The browser has lost the database/)).toBeVisible();
  await page.unroute(screen);
  await page.getByRole("button", { name: "Reload" }).click();
  await expect(page.getByRole("heading", { name: /part of the database is gone/ })).toBeVisible();
});

const loseTables = (page: Page): Promise<void> =>
  onTables(page, async (name) => {
    await new Promise((resolve, reject) => {
      const deleting = indexedDB.deleteDatabase(name);
      deleting.onsuccess = resolve;
      deleting.onerror = reject;
      deleting.onblocked = reject;
    });
  });

/** Runs in a page of this origin that has no database open, with the name of the app's. */
const onTables = async (page: Page, run: (name: string) => Promise<void>): Promise<void> => {
  await page.goto("/favicon.svg");
  const names = await page.evaluate(async () =>
    (await indexedDB.databases()).map(({ name }) => name ?? ""),
  );
  expect(names).toHaveLength(1);
  await page.evaluate(run, names[0] ?? "");
};

const longDocument = JSON.stringify({
  title: "Moving house",
  text: "Boxes, tape and paper are in the cellar.\nThe van comes at eight; the keys are with Mara.",
  rooms: 3,
  done: false,
  tags: ["home", "spring"],
  address: { street: "Lindenweg 4", city: "Basel" },
  when: { $date: "2026-03-01T08:00:00.000Z" },
});
