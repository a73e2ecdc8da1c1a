/**
 * One network of pages that are met over WebRTC, one that only a relay leads to, and a peer in
 * Node: each meets every other by the way there is, and what one writes all show.
 */
import { expect, test, type Browser, type Page } from "@playwright/test";
import { createDistributedDb, createLibP2PNetwork, InMemoryAdapter } from "../../src/index.node.ts";
import { removeWebrtc } from "../support/brokenWebrtc.ts";
import { addNote, makeCollection, open, row, secret, share, syncState } from "./steps.ts";

const openProfile = async (browser: Browser, before: () => void): Promise<Page> => {
  const page = await (await browser.newContext()).newPage();
  await page.addInitScript(before);
  await open(page);
  await makeCollection(page, "notes");
  return page;
};

test("P-120 over WebRTC, over a relay and from Node, all are in one network", async ({
  browser,
  baseURL,
}, info) => {
  test.slow();
  const network = `home ${info.testId.slice(-8)} ${Date.now()}`;
  const usual = (): void => undefined;
  const [one, two, apart] = await Promise.all([
    openProfile(browser, usual),
    openProfile(browser, usual),
    openProfile(browser, removeWebrtc),
  ]);
  for (const page of [one, two, apart]) await share(page, network, "notes");
  const relay = `/dns/localhost/tcp/${new URL(baseURL ?? "").port}/ws`;
  const database = createDistributedDb({
    adapter: new InMemoryAdapter(),
    distributed: { enabled: true, network: createLibP2PNetwork({ relays: [relay] }) },
  });
  try {
    const encryption = { sharedSecret: secret };
    await database.createNetwork({ networkId: network, name: network, encryption });
    const notes = database.collection("notes");
    await database.addCollectionToNetwork(network, "notes");

    await notes.insert({ title: "From Node" });
    await addNote(one, "From one");
    await addNote(apart, "From apart");
    for (const page of [one, two, apart]) {
      for (const title of ["From Node", "From one", "From apart"]) {
        await expect(row(page, title)).toBeVisible();
      }
      await expect(syncState(page)).toHaveText(/Verified equal with 3 devices$/);
    }
    const titles = async (): Promise<readonly string[]> =>
      (await notes.find()).map(({ title }) => String(title)).toSorted();
    await expect.poll(titles).toEqual(["From Node", "From apart", "From one"]);

    // By the way there is: Node is relayed to all, and only the two have WebRTC
    const layers = database
      .getNetworkManager()
      .getConnectedPeers()
      .map((peer) => peer.layers.join());
    expect(layers).toEqual(Array(3).fill("websocket,circuit,noise,yamux"));
    await expectPaths(one, network, ["direct", "relayed", "relayed"]);
    await expectPaths(two, network, ["direct", "relayed", "relayed"]);
    await expectPaths(apart, network, ["relayed", "relayed", "relayed"]);
  } finally {
    await database.shutdown();
  }
});

/** As the network's card says them, sorted. */
const expectPaths = async (
  page: Page,
  network: string,
  paths: readonly string[],
): Promise<void> => {
  await page.getByRole("button", { name: "Sharing", exact: true }).click();
  const devices = page.getByRole("region", { name: network }).getByText(/^Device \w+ · /);
  const shown = async (): Promise<unknown> =>
    (await devices.allTextContents())
      .map((text) => (text.includes("· direct") ? "direct" : "relayed"))
      .toSorted();
  await expect.poll(shown).toEqual(paths);
};
