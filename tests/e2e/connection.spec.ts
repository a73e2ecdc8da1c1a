/**
 * What a person sees of the connection, over a relay of the test's own: all well, a relay that is
 * gone, WebRTC that is blocked, who is connected with whom, and the settings.
 */
import { expect, test as base, type Browser, type Locator, type Page } from "@playwright/test";
import { blockIce, removeWebrtc } from "../support/brokenWebrtc.ts";
import { withRelay, type RelayOfOwn } from "./relayOfOwn.ts";
import {
  addNote,
  attach,
  invite,
  makeClosed,
  makeCollection,
  openConnection,
  openSharing,
  part,
  row,
  share,
  step,
  syncState,
  watchErrors,
} from "./steps.ts";

interface Fixtures {
  /** Serves the app as `npm start` does. */
  readonly relay: RelayOfOwn;
  /** Another one, which knows nothing of the first. */
  readonly otherRelay: RelayOfOwn;
}

const test = base.extend<Fixtures>({
  // Playwright reads from the pattern which fixtures these use: none.
  relay: ({}, use) => withRelay(use),
  otherRelay: ({}, use) => withRelay(use),
});

const openPage = async (browser: Browser, url: string, before?: () => void): Promise<Page> => {
  const page = await (await browser.newContext()).newPage();
  if (before !== undefined) await page.addInitScript(before);
  await page.goto(url);
  await expect(page.getByText("Kept on this device").first()).toBeVisible();
  return page;
};

test("all well: every step works, and who is connected is drawn and listed", async ({
  browser,
  relay,
}, info) => {
  test.slow();
  const [one, two] = [await openPage(browser, relay.url), await openPage(browser, relay.url)];
  for (const page of [one, two]) watchErrors(page);
  const dialog = await openConnection(one);
  await expect(dialog.getByText("This device is ready. It is in no network yet")).toBeVisible();
  await one.screenshot({ path: info.outputPath("ready.png"), fullPage: true });
  await one.keyboard.press("Escape");

  for (const page of [one, two]) {
    await makeCollection(page, "notes");
    await share(page, `home ${info.testId.slice(-8)}`, "notes");
  }
  await openConnection(one);
  await expect(dialog.getByText("1 device connected, all directly.")).toBeVisible();
  for (const text of [
    "This browser has a network.",
    "Direct connections are possible in this browser.",
    "The relay is reached.",
    "Others can reach this device through it.",
    "It knows for whom this device looks.",
    "Connected directly.",
  ]) {
    await expect(step(dialog, text)).toContainText(`Works: ${text}`);
  }
  const devices = part(dialog, "Devices");
  await expect(devices.getByRole("img")).toHaveAccessibleName(/^This device has 1 direct connec/);
  await expect(devices.getByRole("listitem")).toHaveText(
    /^Device \w+ home \w+ connected directly ·\s+round trip .* ·\s+.* sent, .* received$/,
  );
  await expect(part(dialog, "Relays").getByRole("listitem")).toContainText(
    "The relay that serves this app · ready",
  );
  await one.screenshot({ path: info.outputPath("connected.png") });
  for (const page of [one, two]) await page.close();
});

test("frames are noted while that is switched on, with whom, never what is in them", async ({
  browser,
  relay,
}, info) => {
  test.slow();
  const [one, two] = [await openPage(browser, relay.url), await openPage(browser, relay.url)];
  await one.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  watchErrors(one);
  for (const page of [one, two]) {
    await makeCollection(page, "notes");
    await share(page, `home ${info.testId.slice(-8)}`, "notes");
  }
  await expect(syncState(one)).toHaveText(/Verified equal with 1 device$/);
  const dialog = await openConnection(one);
  const frames = part(dialog, "Log of frames");
  await expect(frames.getByText("never shown")).toBeVisible();
  await expect(frames.getByRole("list")).toBeHidden();
  await frames.getByRole("switch").click();
  await expect(frames.getByRole("switch")).toBeChecked();
  const device = await part(dialog, "Devices").getByRole("strong").textContent();

  // While nobody looks too
  await one.keyboard.press("Escape");
  await addNote(two, "Canary");
  await expect(row(one, "Canary")).toBeVisible();
  await openConnection(one);
  const operations = frames
    .getByRole("listitem")
    .filter({ hasText: `from ${device ?? ""}` })
    .filter({ has: one.getByText("operation", { exact: true }) });
  await expect(operations.first()).toHaveText(/^\d\d:\d\d:\d\d\.\d{3} from .* operation [\d,]+ B$/);
  // What comes while somebody looks
  await addNote(two, "Another");
  await expect(operations.nth(1)).toBeVisible();
  await operations.first().scrollIntoViewIfNeeded();
  await one.screenshot({ path: info.outputPath("frames.png") });
  await frames.getByRole("button", { name: "Copy as text" }).click();
  await expect(frames.getByText("Copied: times")).toBeVisible();
  const text = await one.evaluate(() => navigator.clipboard.readText());
  expect(text).toContain(`from ${device ?? ""}\tdirect\toperation\t`);
  expect(text).not.toMatch(/Canary|Another/);

  await frames.getByRole("switch").click();
  await expect(frames.getByRole("list")).toBeHidden();
  await expect(frames.getByRole("switch")).not.toBeChecked();
  for (const page of [one, two]) await page.close();
});

test("a relay that is gone is named with what to do, and its return too", async ({
  browser,
  relay,
}) => {
  test.slow();
  const page = await openPage(browser, relay.url);
  const dialog = await openConnection(page);
  await expect(step(dialog, "The relay is reached.")).toBeVisible();
  await relay.stop();
  const gone = step(dialog, "Nobody answers as a relay at this address.");
  await expect(gone).toContainText("Does not work");
  await expect(gone).toContainText("Check that the relay runs and that the address is right.");
  await expect(part(dialog, "What works").getByRole("status").first()).toContainText(
    "Something stands in the way: Nobody answers",
  );
  await relay.restart();
  await expect(step(dialog, "The relay is reached.")).toBeVisible();
  await expect(gone).toBeHidden();

  await page.context().setOffline(true);
  await expect(step(dialog, "Does not work: This browser is offline.")).toBeVisible();
  await expect(step(dialog, "Not reached while this browser is offline.")).toBeVisible();
  await page.context().setOffline(false);
  await expect(step(dialog, "This browser has a network.")).toBeVisible();
});

test("WebRTC that is blocked is told, and that the relay carries everything", async ({
  browser,
  relay,
}, info) => {
  test.slow();
  const blocked = await openPage(browser, relay.url, blockIce);
  const without = await openPage(browser, relay.url, removeWebrtc);
  for (const page of [blocked, without]) {
    await makeCollection(page, "notes");
    await share(page, `home ${info.testId.slice(-8)}`, "notes");
  }
  for (const [page, cause, path] of [
    [blocked, "WebRTC finds no address", "sealed end to end: WebRTC does not work in this"],
    [without, "This browser has no WebRTC, so", "sealed end to end: this browser has no WebRTC."],
  ] as const) {
    const dialog = await openConnection(page);
    await expect(step(dialog, cause)).toContainText("Does not work");
    await expect(step(dialog, cause)).toContainText("Relays carry everything, sealed");
    await expect(step(dialog, path)).toContainText("Works: Connected through a relay");
    await expect(part(dialog, "Devices").getByRole("img")).toHaveAccessibleName(
      /1 connection through a relay/,
    );
  }
});

test("relays, servers and privacy are set, kept, and used without a reload", async ({
  browser,
  relay,
}, info) => {
  test.slow();
  const page = await openPage(browser, relay.url);
  watchErrors(page);
  const dialog = await openConnection(page);
  const relays = part(dialog, "Relays");
  await expect(relays.getByRole("listitem")).toHaveCount(1);
  await relays.getByText("Add a relay").first().click();
  const address = relays.getByLabel("Address of the relay");
  await address.fill("relay.example");
  await relays.getByRole("button", { name: "Add", exact: true }).click();
  await expect(relays.getByText("A browser cannot use this address.")).toBeVisible();
  await expect(address).toBeFocused();
  // The same relay by another name: nothing else answers in a test
  await address.fill(`http://127.0.0.1:${String(relay.port)}`);
  await page.keyboard.press("Enter");
  await expect(relays.getByText("Added. It is being connected.")).toBeVisible();
  await expect(step(dialog, "This is the same relay as at another address")).toBeVisible();
  await expect(relays.getByText("ready: others reach this device through it")).toHaveCount(1);

  const privacy = part(dialog, "Privacy").getByRole("switch");
  await privacy.click();
  await expect(privacy).toBeChecked();
  await expect(step(dialog, "This device is set to show its address to nobody")).toBeVisible();
  await privacy.press("Space");
  await expect(privacy).not.toBeChecked();
  await expect(step(dialog, "Direct connections are possible")).toBeVisible();

  const servers = part(dialog, "STUN and TURN servers");
  await servers.getByText("Add a server").first().click();
  await servers.getByLabel("Address of the server").fill("turn:127.0.0.1:9");
  await servers.getByRole("button", { name: "Add", exact: true }).click();
  await expect(servers.getByText("A TURN server needs it.").first()).toBeVisible();
  await expect(servers.getByLabel("User name")).toBeFocused();
  await servers.getByLabel("User name").fill("ann");
  await servers.getByLabel("Password").fill("secret");
  await page.keyboard.press("Enter");
  await expect(servers.getByRole("listitem")).toHaveText(/^turn:127\.0\.0\.1:9/);
  await page.screenshot({ path: info.outputPath("settings.png") });

  await page.reload();
  await openConnection(page);
  await expect(servers.getByRole("listitem")).toHaveText(/^turn:127\.0\.0\.1:9/);
  await expect(relays.getByRole("button", { name: /^Remove / })).toHaveCount(2);
  await servers.getByRole("button", { name: "Remove turn:127.0.0.1:9" }).click();
  await expect(servers.getByRole("listitem")).toHaveCount(0);
  await expect(servers).toBeFocused();
  await relays.getByRole("button", { name: `Remove 127.0.0.1:${String(relay.port)}` }).click();
  await expect(relays.getByRole("button", { name: /^Remove / })).toHaveCount(1);
  await page.close();
});

test("who is found by the common list alone is met there, and that is kept", async ({
  browser,
  relay,
}, info) => {
  test.slow();
  const [one, two] = [await openPage(browser, relay.url), await openPage(browser, relay.url)];
  const byList = (page: Page): Locator =>
    part(page.getByRole("dialog", { name: "Connection" }), "Relays").getByRole("switch");
  for (const page of [one, two]) {
    watchErrors(page);
    await openConnection(page);
    await expect(byList(page)).not.toBeChecked();
    await byList(page).click();
    await expect(byList(page)).toBeChecked();
    await page.keyboard.press("Escape");
    await makeCollection(page, "notes");
    await share(page, `home ${info.testId.slice(-8)}`, "notes");
  }
  await expect(syncState(one)).toHaveText(/Verified equal with 1 device$/);
  const dialog = await openConnection(one);
  await expect(step(dialog, "It is not asked who is there")).toContainText("Not tried");
  await one.reload();
  await openConnection(one);
  await expect(byList(one)).toBeChecked();
  await expect(step(dialog, "It is not asked who is there")).toBeVisible();
  await byList(one).click();
  await expect(step(dialog, "It knows for whom this device looks.")).toBeVisible();
  for (const page of [one, two]) await page.close();
});

test("a second device of one's own has everything after joining, adding, and no more", async ({
  browser,
  relay,
}, info) => {
  test.slow();
  const first = await openPage(browser, relay.url);
  for (const name of ["notes", "recipes"]) await makeCollection(first, name);
  await addNote(first, "Soup");
  const ours = await openSharing(first);
  const card = await makeClosed(ours, "Mine");
  for (const name of ["notes", "recipes"]) await attach(ours, "Mine", name);
  await card.getByRole("button", { name: "A device of mine" }).click();
  const link = await card.getByLabel("Link of the invite").inputValue();

  const second = await (await browser.newContext()).newPage();
  await second.goto(link);
  const dialog = second.getByRole("dialog", { name: "Sharing" });
  await expect(dialog.getByRole("heading", { name: /^Join “Mine”/ })).toBeVisible();
  await expect(dialog.getByText("Make or join a network")).toBeHidden();
  await second.screenshot({ path: info.outputPath("join.png") });
  await dialog.getByRole("button", { name: "Join", exact: true }).click();
  await dialog.getByRole("button", { name: "Add all that others share" }).click();
  const theirs = dialog.getByRole("region", { name: "Mine" });
  for (const name of ["notes", "recipes"]) {
    await expect(theirs.getByRole("switch", { name })).toBeChecked();
  }
  await expect(dialog.getByRole("button", { name: "Add all that others share" })).toBeHidden();
  await second.keyboard.press("Escape");
  await expect(syncState(second)).toHaveText(/Verified equal with 1 device$/);
  await second.getByRole("link", { name: /^recipes/ }).click();
  await expect(row(second, "Soup")).toBeVisible();
});

test("who comes from another relay is met by the invite alone, and can forget its relay", async ({
  browser,
  relay,
  otherRelay,
}, info) => {
  test.slow();
  const maker = await openPage(browser, relay.url);
  await makeCollection(maker, "notes");
  await addNote(maker, "Soup");
  const ours = await openSharing(maker);
  const card = await makeClosed(ours, "Team");
  await attach(ours, "Team", "notes");
  const link = await invite(card);

  const joiner = await (await browser.newContext()).newPage();
  watchErrors(joiner);
  await joiner.goto(`${otherRelay.url}/${new URL(link).hash}`);
  const dialog = joiner.getByRole("dialog", { name: "Sharing" });
  const where = `localhost:${String(relay.port)}`;
  await expect(dialog.getByText(`Its members are met at ${where} too`)).toBeVisible();
  await joiner.screenshot({ path: info.outputPath("invited.png") });
  await dialog.getByRole("button", { name: "Join", exact: true }).click();
  await dialog.getByRole("button", { name: "Add notes" }).click();
  await joiner.keyboard.press("Escape");
  await expect(syncState(joiner)).toHaveText(/Verified equal with 1 device$/);

  await joiner.reload();
  await expect(syncState(joiner)).toHaveText(/Verified equal with 1 device$/);
  const connection = await openConnection(joiner);
  const relays = part(connection, "Relays");
  const named = relays.getByRole("listitem").filter({ hasText: String(relay.port) });
  await expect(named).toContainText(
    "Named by the invite into Team: asked about that alone · ready",
  );
  await expect(relays.getByRole("listitem")).toHaveCount(2);
  await joiner.screenshot({ path: info.outputPath("named.png") });
  await named.getByRole("button", { name: `Remove ${where} of Team` }).click();
  await expect(relays.getByRole("listitem")).toHaveCount(1);
  await expect(relays.getByRole("listitem")).toContainText("The relay that serves this app");
  await expect(relays).toBeFocused();
  await joiner.reload();
  await openConnection(joiner);
  await expect(relays.getByRole("listitem")).toHaveCount(1);
  for (const page of [maker, joiner]) await page.close();
});
