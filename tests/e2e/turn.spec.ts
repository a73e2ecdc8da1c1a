/**
 * Direct connections through a real TURN server, as people who show their address to nobody have
 * them: both ends name no other address, documents travel, and a wrong password is told.
 */
import { expect, test, type Browser, type Page } from "@playwright/test";
import { startTurnServer, type TurnServer } from "../support/turnServer.ts";
import { addNote, makeCollection, open, row, share, syncState, watchErrors } from "./steps.ts";

declare global {
  interface Window {
    /** What WebRTC found to be reached by. */
    candidates?: string[];
  }
}

const noteCandidates = (): void => {
  const { RTCPeerConnection: Original } = globalThis;
  const candidates: string[] = [];
  window.candidates = candidates;
  globalThis.RTCPeerConnection = class extends Original {
    constructor(given?: RTCConfiguration) {
      super(given);
      this.addEventListener("icecandidate", ({ candidate }) => {
        if (candidate !== null && candidate.candidate !== "") candidates.push(candidate.candidate);
      });
    }
  };
};

/** Shows its address to nobody, and knows a TURN server. */
const openThrough = async (browser: Browser, turn: TurnServer, password: string): Promise<Page> => {
  const page = await (await browser.newContext()).newPage();
  await page.addInitScript(noteCandidates);
  await open(page);
  await page.getByRole("button", { name: "Connection of this device…" }).first().click();
  const dialog = page.getByRole("dialog", { name: "Connection" });
  await dialog.getByRole("region", { name: "Privacy" }).getByRole("switch").click();
  const servers = dialog.getByRole("region", { name: "STUN and TURN servers" });
  await servers.getByText("Add a server").first().click();
  await servers.getByLabel("Address of the server").fill(turn.url);
  await servers.getByLabel("User name").fill(turn.username);
  await servers.getByLabel("Password").fill(password);
  await servers.getByRole("button", { name: "Add", exact: true }).click();
  await expect(servers.getByRole("listitem")).toHaveText(new RegExp(`^${turn.url}`));
  // The dialog itself tried what was possible before
  await page.evaluate(() => window.candidates?.splice(0));
  return page;
};

test("who shows no address is connected through a TURN server, and names that alone", async ({
  browser,
}, info) => {
  test.slow();
  const turn = await startTurnServer();
  test.skip(turn === null, "coturn is not here and cannot be installed");
  if (turn === null) return;
  const wrong = await openThrough(browser, turn, "not the password");
  const whatWorks = wrong.getByRole("region", { name: "What works" });
  await expect(
    whatWorks.getByRole("listitem").filter({ hasText: "WebRTC finds no address" }),
  ).toContainText("Does not work");
  await wrong.close();

  const openSharingPage = async (): Promise<Page> => {
    const page = await openThrough(browser, turn, turn.credential);
    watchErrors(page);
    await page.keyboard.press("Escape");
    await makeCollection(page, "notes");
    await share(page, `home ${info.testId.slice(-8)}`, "notes");
    return page;
  };
  const [one, two] = [await openSharingPage(), await openSharingPage()];
  await one.getByRole("button", { name: "Connection of this device…" }).first().click();
  const dialog = one.getByRole("dialog", { name: "Connection" });
  await expect(dialog.getByText("1 device connected, all directly.")).toBeVisible();
  await dialog.press("Escape");
  await addNote(one, "Soup");
  await expect(row(two, "Soup")).toBeVisible();
  await expect(syncState(two)).toHaveText(/Verified equal with 1 device$/);
  for (const page of [one, two]) {
    const candidates = await page.evaluate(() => window.candidates ?? []);
    expect(candidates.length).toBeGreaterThan(0);
    expect(candidates.filter((each) => !each.includes(" typ relay raddr 0.0.0.0 "))).toEqual([]);
  }
  expect(turn.said()).toContain("CREATE_PERMISSION processed, success");
  for (const page of [one, two]) await page.close();
  await turn.stop();
});
