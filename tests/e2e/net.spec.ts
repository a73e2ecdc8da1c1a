/**
 * Browsers meet through the relay as people run it: frames go from worker to page to libp2p to page
 * to worker, directly over WebRTC, through the relay where WebRTC is blocked, and on after the
 * relay was away.
 */
import { expect, test as base, type Browser, type Page } from "@playwright/test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "vite";
import type { ChannelPath } from "../../src/core/net/carrier.ts";
import { blockIce, removeWebrtc, swapFingerprint } from "../support/brokenWebrtc.ts";
import type { Seen, StartOptions } from "../support/netPage/protocol.ts";
import { startRelayProcess, type RelayProcess } from "../support/relayProcess.ts";

const tag = "5".repeat(32);
const whenLoaded = { timeout: 30_000 };

interface Fixtures {
  readonly relay: Pick<RelayProcess, "url" | "port" | "stop"> & {
    readonly restart: () => Promise<void>;
  };
}
interface WorkerFixtures {
  /** The test page, built once. */
  readonly site: string;
}

const test = base.extend<Fixtures, WorkerFixtures>({
  site: [
    // Playwright reads from the pattern which fixtures this one uses: none.
    async ({}, use) => {
      const directory = await mkdtemp(join(tmpdir(), "nebulus-net-"));
      await build({
        configFile: false,
        logLevel: "error",
        root: resolve(import.meta.dirname, "../support/netPage"),
        worker: { format: "es" },
        build: { target: "esnext", outDir: directory, assetsInlineLimit: 0, emptyOutDir: true },
      });
      await use(directory);
      await rm(directory, { recursive: true, force: true });
    },
    { scope: "worker", timeout: 120_000 },
  ],
  relay: async ({ site }, use) => {
    const data = await mkdtemp(join(tmpdir(), "nebulus-relay-"));
    const startOn = (port: number): Promise<RelayProcess> =>
      startRelayProcess(["--port", String(port), "--static", site, "--data", data]);
    let process = await startOn(0);
    const { url, port } = process;
    await use({
      url,
      port,
      stop: () => process.stop(),
      restart: async () => {
        process = await startOn(port);
      },
    });
    expect(await process.stop()).toBe(0);
    await rm(data, { recursive: true, force: true });
  },
});

/**
 * A page in a profile of its own. Fails the test if the policy of the served page blocks anything.
 */
const openPage = async (
  browser: Browser,
  url: string,
  before: () => void = () => undefined,
): Promise<Page> => {
  const page = await (await browser.newContext()).newPage();
  await page.addInitScript(before);
  page.on("console", (message) => {
    expect(message.text()).not.toContain("Content Security Policy");
  });
  await page.goto(url);
  await page.waitForFunction(() => "netPage" in window);
  return page;
};

const start = (page: Page, options: Partial<StartOptions> = {}): Promise<void> =>
  page.evaluate(
    (all) => {
      window.netPage.start(all);
    },
    { tags: [tag], ...options },
  );

const seen = (page: Page): Promise<Seen | null> => page.evaluate(() => window.netPage.seen);

/** The place of the newest open channel to that peer over this path, once there is one. */
const channelOf = async (page: Page, to: Page, path: ChannelPath): Promise<number> => {
  const find = async (): Promise<number> => {
    const peer = (await seen(to))?.peerId;
    const channels = (await seen(page))?.channels ?? [];
    return channels.findLastIndex(
      (one) => one.isOpen && one.path === path && one.remotePeer === peer,
    );
  };
  await expect.poll(find, whenLoaded).toBeGreaterThanOrEqual(0);
  return find();
};

const exchange = async (
  [from, to]: readonly [Page, Page],
  path: ChannelPath,
  { frames, bytes }: { readonly frames: number; readonly bytes: number },
): Promise<void> => {
  const [channel, other] = [await channelOf(from, to, path), await channelOf(to, from, path)];
  const before = (await seen(to))?.channels[other]?.received ?? 0;
  await from.evaluate(
    (request) => {
      window.netPage.post(request);
    },
    { kind: "send" as const, channel, frames, bytes },
  );
  const receipt = async (): Promise<unknown> => {
    const one = (await seen(to))?.channels[other];
    return one === undefined ? undefined : [one.received - before, one.isOrdered];
  };
  await expect.poll(receipt, whenLoaded).toEqual([frames, true]);
  expect((await seen(from))?.errors).toEqual([]);
};

test("two browsers exchange frames over WebRTC", async ({ browser, relay }) => {
  // One came by name, the other by number: the relay is the same.
  const pages = [
    await openPage(browser, relay.url),
    await openPage(browser, relay.url.replace("localhost", "127.0.0.1")),
  ] as const;
  await Promise.all(pages.map((page) => start(page)));
  await exchange(pages, "direct", { frames: 3, bytes: 5 });
  await exchange([pages[1], pages[0]], "direct", { frames: 200, bytes: 256 * 1024 });

  const [one, two] = [await seen(pages[0]), await seen(pages[1])];
  expect(one?.channels.at(-1)?.remotePeer).toBe(two?.peerId);
  expect(one?.channels.at(-1)?.initiator).toBe((one?.peerId ?? "") < (two?.peerId ?? ""));
  expect(one?.status.peers).toMatchObject([{ peer: two?.peerId, path: "direct", fault: null }]);
  // Counted by who connects
  const attempts = [one, two].map((each) => each?.status.direct?.succeeded).sort();
  expect(attempts).toEqual([0, 1]);
  expect(one?.status.relays).toMatchObject([
    { state: "reserved", isRegistered: true, fault: null },
  ]);
});

test("where WebRTC is blocked, the relay carries the frames", async ({ browser, relay }) => {
  const pages = [
    await openPage(browser, relay.url, blockIce),
    await openPage(browser, relay.url, blockIce),
  ] as const;
  await Promise.all(pages.map((page) => start(page)));
  await exchange(pages, "relayed", { frames: 3, bytes: 5 });
  await exchange([pages[1], pages[0]], "relayed", { frames: 40, bytes: 64 * 1024 });
});

test("P-034 P-112 a fingerprint that was swapped in between makes no direct connection", async ({
  browser,
  relay,
}) => {
  const pages = [
    await openPage(browser, relay.url, swapFingerprint),
    await openPage(browser, relay.url),
  ] as const;
  await Promise.all(pages.map((page) => start(page)));
  await exchange(pages, "relayed", { frames: 3, bytes: 5 });
  const faults = async (): Promise<unknown> =>
    (await Promise.all(pages.map(seen))).flatMap((one) =>
      (one?.status.peers ?? []).flatMap(({ isDialer, fault }) => (isDialer ? [fault] : [])),
    );
  await expect.poll(faults, whenLoaded).toEqual(["direct"]);
  const direct = (await Promise.all(pages.map(seen))).map((one) => one?.status.direct);
  expect(Math.max(...direct.map((one) => one?.tried ?? 0))).toBeGreaterThan(0);
  expect(direct.map((one) => one?.succeeded)).toEqual([0, 0]);
  for (const page of pages) {
    const paths = (await seen(page))?.channels.map(({ path }) => path);
    expect(new Set(paths)).toEqual(new Set(["relayed"]));
  }
});

test("a browser without WebRTC, and one that shows no address, are met through the relay", async ({
  browser,
  relay,
}) => {
  const without = await openPage(browser, relay.url, removeWebrtc);
  const hidden = await openPage(browser, relay.url);
  await hidden.evaluate(() => {
    const { RTCPeerConnection: Original } = globalThis;
    let count = 0;
    globalThis.RTCPeerConnection = class extends Original {
      constructor(...parameters: ConstructorParameters<typeof Original>) {
        super(...parameters);
        count += 1;
      }
    };
    Object.assign(globalThis, { connectionsMade: () => count });
  });
  await Promise.all([start(without), start(hidden, { relayOnly: true })]);
  await exchange([without, hidden], "relayed", { frames: 3, bytes: 5 });
  await exchange([hidden, without], "relayed", { frames: 3, bytes: 5 });
  expect(await hidden.evaluate("connectionsMade()")).toBe(0);
});

test("a direct channel outlives the relay; after its return newcomers meet everyone", async ({
  browser,
  relay,
}) => {
  const pages = [await openPage(browser, relay.url), await openPage(browser, relay.url)] as const;
  const newcomer = await openPage(browser, relay.url);
  await Promise.all(pages.map((page) => start(page)));
  await exchange(pages, "direct", { frames: 1, bytes: 100 });
  expect(await relay.stop()).toBe(0);
  const relayState = async (): Promise<string | undefined> =>
    (await seen(pages[0]))?.status.relays[0]?.state;
  await expect.poll(relayState, whenLoaded).toBe("connecting");
  await exchange([pages[1], pages[0]], "direct", { frames: 1, bytes: 100 });

  await relay.restart();
  await expect.poll(relayState, whenLoaded).toBe("reserved");
  await start(newcomer);
  const reached = async (): Promise<unknown> =>
    (await seen(newcomer))?.status.peers.map(({ path }) => path);
  await expect.poll(reached, whenLoaded).toEqual(["direct", "direct"]);
  await exchange([pages[1], pages[0]], "direct", { frames: 1, bytes: 100 });
});

test("a page that reloads keeps its peer id and is met again", async ({ browser, relay }) => {
  const pages = [await openPage(browser, relay.url), await openPage(browser, relay.url)] as const;
  await Promise.all(pages.map((page) => start(page)));
  await exchange(pages, "direct", { frames: 1, bytes: 100 });
  const before = await seen(pages[1]);
  await pages[1].reload();
  await pages[1].waitForFunction(() => "netPage" in window);
  await start(pages[1], { privateKey: before?.privateKey ?? [] });
  await exchange(pages, "direct", { frames: 1, bytes: 100 });
  expect((await seen(pages[1]))?.peerId).toBe(before?.peerId);
});

test("a page that was killed and opened again is met again, whoever dials", async ({
  browser,
  relay,
}) => {
  const survivor = await openPage(browser, relay.url);
  const first = await openPage(browser, relay.url);
  await Promise.all([start(survivor), start(first)]);
  await exchange([survivor, first], "direct", { frames: 1, bytes: 100 });
  const privateKey = (await seen(first))?.privateKey ?? [];
  // The renderer dies without a word to anyone, so the survivor's end still looks open.
  await first.goto("chrome://crash").catch(() => undefined);

  const second = await openPage(browser, relay.url);
  await start(second, { privateKey });
  const openChannels = async (): Promise<unknown> =>
    (await seen(survivor))?.channels.map(({ isOpen }) => isOpen);
  await expect.poll(openChannels, whenLoaded).toEqual([false, true]);
  await exchange([second, survivor], "direct", { frames: 1, bytes: 100 });
});
