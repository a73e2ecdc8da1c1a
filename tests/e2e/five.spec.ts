/**
 * Five profiles in one network over a page and a relay behind TLS: three with WebRTC, one whose
 * WebRTC is blocked, one without. What happens to people every day happens to them in one story,
 * and after each part all must find each other by themselves and verify that they hold the same.
 * `npm run net:long` does the same at random, for longer, with real cables.
 */
import { expect, test as base, type Browser, type Page, type Request } from "@playwright/test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "vite";
import { blockIce, removeWebrtc } from "../support/brokenWebrtc.ts";
import { startRelayProcess } from "../support/relayProcess.ts";
import type { WriteRequest } from "../support/sharePage/protocol.ts";
import { startTlsFront } from "../support/tlsFront.ts";

const team = "team";
const notes = "notes";
const sharedSecret = "a secret of these tests, long enough";

interface Fixtures {
  readonly relay: {
    /** By https. */
    readonly url: string;
    readonly stop: () => Promise<void>;
    readonly restart: () => Promise<void>;
  };
}

const test = base.extend<Fixtures>({
  // Playwright reads from the pattern which fixtures this one uses: none.
  relay: async ({}, use) => {
    const directory = await mkdtemp(join(tmpdir(), "nebulus-five-"));
    const [site, data] = [join(directory, "site"), join(directory, "data")];
    await build({
      configFile: false,
      logLevel: "error",
      root: resolve(import.meta.dirname, "../support/sharePage"),
      worker: { format: "es" },
      build: { target: "esnext", outDir: site, assetsInlineLimit: 0, emptyOutDir: true },
    });
    let port = 0;
    const front = await startTlsFront(() => port, "127.0.0.1");
    const start = async () => {
      const flags = ["--port", String(port), "--static", site, "--data", data];
      const announced = `/ip4/127.0.0.1/tcp/${String(front.port)}/tls/ws`;
      const started = await startRelayProcess([...flags, "--announce", announced]);
      port = started.port;
      return started;
    };
    let process = await start();
    await use({
      url: `https://127.0.0.1:${String(front.port)}/`,
      stop: async () => {
        await process.stop();
      },
      restart: async () => {
        process = await start();
      },
    });
    await process.stop();
    await front.close();
    await rm(directory, { recursive: true, force: true });
  },
});

const openProfile = async (browser: Browser, before?: () => void): Promise<Page> => {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  if (before !== undefined) await context.addInitScript(before);
  context.on("weberror", (error) => expect.soft(error.error().message).toBe(""));
  return context.newPage();
};

const load = async (page: Page, url: string): Promise<void> => {
  await page.goto(url);
  await page.waitForFunction(() => "sharePage" in window);
  await page.evaluate(() => window.sharePage.ready());
};

const joinTeam = (page: Page): Promise<void> =>
  page.evaluate(
    async ([networkId, collection, secret]) => {
      const { database } = window.sharePage;
      const encryption = { sharedSecret: secret };
      await database.createNetwork({ networkId, name: "Team", encryption });
      database.collection(collection);
      await database.addCollectionToNetwork(networkId, collection);
    },
    [team, notes, sharedSecret] as const,
  );

const write = (page: Page, request: Omit<WriteRequest, "collection">): Promise<unknown> =>
  page.evaluate((asked) => window.sharePage.write(asked), { collection: notes, ...request });

/** The document, once it is there and, if a field is named, has it. */
const shown = (page: Page, id: string, field = "id"): Promise<unknown> =>
  page.evaluate(
    ([name, wanted, which]) =>
      new Promise((found) => {
        let stop = (): void => undefined;
        stop = window.sharePage.database.collection(name).subscribe({ id: wanted }, ([row]) => {
          if (row === undefined || !(which in row)) return;
          // The first call may come before `stop` is known.
          queueMicrotask(() => {
            stop();
          });
          found(row);
        });
      }),
    [notes, id, field] as const,
  );

/** Each is connected with all the others, and in sync with each by digest. */
const settled = async (pages: readonly Page[]): Promise<void> => {
  await Promise.all(
    pages.map((page) =>
      page.evaluate(([id, others]) => window.sharePage.settled(id, others), [
        team,
        pages.length - 1,
      ] as const),
    ),
  );
};

/** And reads the same. */
const expectEqual = async (pages: readonly Page[]): Promise<number> => {
  await settled(pages);
  const digests = await Promise.all(
    pages.map((page) => page.evaluate((name) => window.sharePage.digest(name), notes)),
  );
  for (const digest of digests) expect(digest).toEqual(digests[0]);
  return digests[0]?.count ?? 0;
};

const holds = (page: Page, id: string): Promise<boolean> =>
  page.evaluate(
    async ([name, wanted]) => {
      const { database } = window.sharePage;
      return (await database.collection(name).get(wanted)) !== null;
    },
    [notes, id] as const,
  );

const pathsOf = (page: Page): Promise<readonly string[]> =>
  page.evaluate(
    (id) =>
      window.sharePage.database
        .getNetworkManager()
        .getConnectedPeers(id)
        .map(({ path }) => path)
        .sort(),
    team,
  );

/** What the page and its worker load from the server. */
const loadingOf = (page: Page) => {
  const [seen, pending] = [new Set<string>(), new Set<Request>()];
  page.on("request", (request) => {
    // Eight letters of a hash, which may be dashes
    seen.add(/([^/]*)-[\w-]{8}\.\w+$/.exec(request.url())?.[1] ?? "");
    pending.add(request);
  });
  const settle = (request: Request): void => void pending.delete(request);
  page.on("requestfinished", settle);
  page.on("requestfailed", settle);
  return { has: (name: string) => seen.has(name), pending: () => pending.size };
};

const thousandOf = (who: string): readonly { readonly id: string; readonly n: number }[] =>
  Array.from({ length: 1_000 }, (_, n) => ({ id: `${who}-${String(n)}`, n }));

test("five profiles through a day of failures end equal and verified", async ({
  browser,
  relay,
}) => {
  test.slow();
  const a = await openProfile(browser);
  let b = await openProfile(browser);
  const c = await openProfile(browser, blockIce);
  const d = await openProfile(browser, removeWebrtc);
  const e = await openProfile(browser);

  await test.step("what a wrote reaches d, though only neighbours ever met", async () => {
    for (const page of [a, b]) {
      await load(page, relay.url);
      await joinTeam(page);
    }
    await write(a, { inserts: [{ id: "plan", place: "Bern" }] });
    await shown(b, "plan");
    await a.goto("about:blank");
    await load(c, relay.url);
    await joinTeam(c);
    await shown(c, "plan");
    await b.goto("about:blank");
    await load(d, relay.url);
    await joinTeam(d);
    await shown(d, "plan");
  });

  await test.step("all are there", async () => {
    await Promise.all([a, b, e].map((page) => load(page, relay.url)));
    await joinTeam(e);
    expect(await expectEqual([a, b, c, d, e])).toBe(1);
    expect(await pathsOf(d)).toEqual(["relayed", "relayed", "relayed", "relayed"]);
  });

  await test.step("parted by the relay's end, those with WebRTC go on, and all write", async () => {
    await relay.stop();
    await Promise.all([
      write(a, { updates: [{ id: "plan", set: { place: "Basel", by: "a" } }] }),
      write(b, { inserts: thousandOf("b") }),
      write(c, { updates: [{ id: "plan", set: { place: "Chur", when: "noon" } }] }),
      write(c, { inserts: thousandOf("c") }),
      write(d, { inserts: thousandOf("d") }),
    ]);
    for (const page of [b, e]) await shown(page, "plan", "by");
    await shown(e, "b-999");
    await relay.restart();
    expect(await expectEqual([a, b, c, d, e])).toBe(3_001);
    for (const field of ["by", "when"]) await shown(e, "plan", field);
  });

  await test.step("a page whose network goes and comes back needs no reload", async () => {
    await write(c, { inserts: [{ id: "before" }] });
    await c.context().setOffline(true);
    await write(c, { inserts: [{ id: "meanwhile" }, { id: "same", by: "c" }] });
    await write(a, { inserts: [{ id: "elsewhere" }, { id: "same", by: "a" }] });
    await a.evaluate(
      (id) =>
        window.sharePage.once(
          () => window.sharePage.database.getNetworkManager().getConnectedPeers(id).length === 3,
        ),
      team,
    );
    await c.context().setOffline(false);
    await Promise.all([shown(c, "elsewhere"), shown(a, "meanwhile")]);
    expect(await expectEqual([a, b, c, d, e])).toBe(3_005);
  });

  await test.step("another tab takes over while the page's server is away", async () => {
    const next = await b.context().newPage();
    const files = loadingOf(next);
    await load(next, relay.url);
    // Whoever leads needs more of the program for a closed network than for an open one
    await b.evaluate(() =>
      window.sharePage.database.createNetwork({ networkId: "house", name: "House" }),
    );
    await expect.poll(() => [files.has("membership"), files.pending()]).toEqual([true, 0]);
    await relay.stop();
    await b.close();
    b = next;
    await write(b, { inserts: [{ id: "from the next tab" }] });
    await relay.restart();
    await shown(d, "from the next tab");
    expect(await expectEqual([a, b, c, d, e])).toBe(3_006);
  });

  await test.step("all write at once, and what is private moves nowhere", async () => {
    const pages = [a, b, c, d, e];
    await write(a, { inserts: [{ id: "diary" }], visibility: "private" });
    await Promise.all(
      pages.map((page, who) =>
        write(page, { inserts: thousandOf(`at once ${String(who)}`).slice(0, 10) }),
      ),
    );
    for (const page of pages) {
      await Promise.all(pages.map((_, who) => shown(page, `at once ${String(who)}-9`)));
    }
    await settled(pages);
    expect(await Promise.all(pages.map((page) => holds(page, "diary")))).toEqual([
      ...[true, false, false, false, false],
    ]);
    await write(a, { deletes: ["diary"] });
    expect(await expectEqual(pages)).toBe(3_056);
  });
});
