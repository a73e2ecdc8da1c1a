/**
 * What can happen to a database's storage in a browser, through the public API: half of it is
 * missing, deleted, damaged, newer, held or full. Each gives its typed error or its report, and
 * nothing that was acknowledged and can be read is lost.
 */
import { expect, type BrowserContext, type Page } from "@playwright/test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launchOn } from "../bench/support/site.ts";
import type { Found, WorkerKind } from "../support/storagePage/protocol.ts";
import type { TableChoice } from "../support/storagePage/tamper.ts";
import { openStorage, test } from "./storageSite.ts";

test.describe.configure({ timeout: 180_000 });

const name = "tried";

const useWorker = (page: Page, kind: WorkerKind): Promise<void> =>
  page.evaluate((one) => {
    window.storagePage.useWorker(one);
  }, kind);

const insert = (
  page: Page,
  from: number,
  to: number,
  how: "batch" | "singly" = "batch",
): Promise<void> =>
  page.evaluate((all) => window.storagePage.insert(...all), [name, from, to, how] as const);

const find = (page: Page): Promise<Found> =>
  page.evaluate((one) => window.storagePage.find(one), name);

const close = (page: Page): Promise<void> =>
  page.evaluate((one) => window.storagePage.close(one), name);

const killWorkers = (page: Page): Promise<void> =>
  page.evaluate((one) => window.storagePage.killWorkers(one), name);

/** What opening it rejects with, by code. */
const openingError = async (page: Page): Promise<string> => {
  const error = await page.evaluate((one) => {
    const { database, refusal } = window.storagePage;
    return refusal(database(one).ready);
  }, name);
  await close(page);
  return error.code;
};

const flipInTable = (page: Page, choice: TableChoice): Promise<number> =>
  page.evaluate(([one, what]) => window.storagePage.tamper.flipInTable(one, what), [
    name,
    choice,
  ] as const);

const numbers = ({ notes }: Found): readonly number[] => notes.map(({ n }) => n);
const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n);

/** Ends with the journal's last file and its size. */
const lastJournalFile = async (page: Page): Promise<readonly [string, number]> => {
  const files = await page.evaluate((one) => window.storagePage.tamper.journalFiles(one), name);
  const last = files.at(-1);
  if (last === undefined) throw new Error("there is no journal file");
  return last;
};

test.describe("a browser that lacks something", () => {
  test("without IndexedDB everything works in memory, and says so", async ({ storage: page }) => {
    await useWorker(page, "without-tables");
    await insert(page, 0, 20);
    const found = await find(page);
    expect(numbers(found)).toEqual(upTo(20));
    expect(found.health).toMatchObject({ storageMode: "memory", journal: "memory", usage: null });
    await close(page);
    expect(numbers(await find(page))).toEqual([]);
  });

  for (const kind of ["without-handles", "without-folder"] as const) {
    test(`${kind}: the journal stands in IndexedDB, and lasts`, async ({ storage: page }) => {
      await useWorker(page, kind);
      await insert(page, 0, 300);
      await insert(page, 300, 310, "singly");
      await killWorkers(page);
      const killed = await find(page);
      expect(numbers(killed)).toEqual(upTo(310));
      expect(killed.health).toMatchObject({ journal: "table", damage: [] });
      await close(page);
      const closed = await find(page);
      expect(numbers(closed)).toEqual(upTo(310));
      expect(closed.health.damage).toEqual([]);
    });
  }

  test("files that come later take over, and those that go are told", async ({ storage: page }) => {
    await useWorker(page, "without-handles");
    await insert(page, 0, 10, "singly");
    await killWorkers(page);
    await useWorker(page, "product");
    expect(numbers(await find(page))).toEqual(upTo(10));
    await insert(page, 10, 20, "singly");
    await killWorkers(page);
    await useWorker(page, "without-handles");
    const found = await find(page);
    // What only the files hold is out of reach here, and must not be taken for gone in silence
    expect(numbers(found)).toEqual(upTo(10));
    expect(found.health.recovery.rolledBack).toBe("journal");
  });
});

test.describe("one half is deleted", () => {
  test("OPFS behind a database that was closed in order: all is there", async ({
    storage: page,
  }) => {
    await insert(page, 0, 300);
    await insert(page, 300, 310, "singly");
    await close(page);
    await page.evaluate((one) => window.storagePage.tamper.deleteFiles(one), name);
    const found = await find(page);
    expect(numbers(found)).toEqual(upTo(310));
    await insert(page, 310, 320, "singly");
    await killWorkers(page);
    const later = await find(page);
    expect(numbers(later)).toEqual(upTo(320));
    expect(later.health.damage).toEqual([]);
  });

  test("OPFS behind one that was not closed: what was absorbed is there, the rest told", async ({
    storage: page,
  }) => {
    await insert(page, 0, 300);
    await close(page);
    await insert(page, 300, 310, "singly");
    await killWorkers(page);
    await page.evaluate((one) => window.storagePage.tamper.deleteFiles(one), name);
    const found = await find(page);
    expect(numbers(found)).toEqual(upTo(300));
    expect(found.health.recovery.rolledBack).toBe("journal");
    await insert(page, 310, 320, "singly");
    await killWorkers(page);
    const later = await find(page);
    expect(numbers(later)).toEqual([...upTo(300), ...upTo(320).slice(310)]);
    expect(later.health.recovery.rolledBack).toBeNull();
  });

  test("OPFS some seconds after the last write: nothing is missing", async ({ storage: page }) => {
    await insert(page, 0, 30, "singly");
    await expect.poll(async () => (await find(page)).health.lastCheckpoint).not.toBeNull();
    await killWorkers(page);
    await page.evaluate((one) => window.storagePage.tamper.deleteFiles(one), name);
    const found = await find(page);
    expect(numbers(found)).toEqual(upTo(30));
    expect(found.health.recovery.rolledBack).toBe("journal");
    await killWorkers(page);
    expect(numbers(await find(page))).toEqual(upTo(30));
  });

  for (const how of ["closed", "killed"] as const) {
    test(`IndexedDB behind OPFS, ${how}: StorageLost, until it is destroyed`, async ({
      storage: page,
    }) => {
      await insert(page, 0, 20, "singly");
      await (how === "closed" ? close(page) : killWorkers(page));
      await page.evaluate((one) => window.storagePage.tamper.deleteTables(one), name);
      expect(await openingError(page)).toBe("StorageLost");
      expect(await openingError(page)).toBe("StorageLost");
      await page.evaluate(async (one) => {
        await window.storagePage.database(one).destroy();
        await window.storagePage.close(one);
      }, name);
      expect(numbers(await find(page))).toEqual([]);
      await insert(page, 0, 5, "singly");
      await close(page);
      const found = await find(page);
      expect(numbers(found)).toEqual(upTo(5));
      expect(found.health.damage).toEqual([]);
    });
  }
});

test.describe("a flipped bit", () => {
  test("in a record of the journal: told, all others are there, and writing goes on", async ({
    storage: page,
  }) => {
    await insert(page, 0, 5, "singly");
    await close(page);
    const before = await find(page);
    expect(numbers(before)).toEqual(upTo(5));
    await insert(page, 5, 8, "singly");
    const [file, at] = await lastJournalFile(page);
    await insert(page, 8, 12, "singly");
    await killWorkers(page);
    // In the middle of the record of note 8
    await page.evaluate(
      ([one, what, where]) => window.storagePage.tamper.flipInFile(one, what, where),
      [name, file, at + 200] as const,
    );
    const found = await find(page);
    const others = [...upTo(8), 9, 10, 11];
    expect(numbers(found)).toEqual(others);
    expect(found.health.damage).toContainEqual(
      expect.objectContaining({ where: "journal", lost: "unknown" }),
    );
    await insert(page, 12, 14, "singly");
    await close(page);
    const later = await find(page);
    expect(numbers(later)).toEqual([...others, 12, 13]);
    expect(later.health.damage).toEqual([]);
  });

  test("in a head of a journal file: the other head does", async ({ storage: page }) => {
    await insert(page, 0, 12, "singly");
    await killWorkers(page);
    const [file] = await lastJournalFile(page);
    await page.evaluate(([one, what]) => window.storagePage.tamper.flipInFile(one, what, 8_200), [
      name,
      file,
    ] as const);
    expect(numbers(await find(page))).toEqual(upTo(12));
  });

  const repaired: readonly TableChoice[] = [
    "one document page",
    "document pages",
    "directories",
    "home records",
    "header pages",
  ];
  for (const choice of repaired) {
    test(`in ${choice}: told, and read from the log`, async ({ storage: page }) => {
      await insert(page, 0, 600);
      await insert(page, 600, 610, "singly");
      await close(page);
      expect(await flipInTable(page, choice)).toBeGreaterThan(0);
      const found = await find(page);
      expect(numbers(found)).toEqual(upTo(610));
      expect(found.health.damage).toContainEqual(
        expect.objectContaining({ where: "page", lost: false }),
      );
      await insert(page, 610, 620, "singly");
      await close(page);
      const later = await find(page);
      expect(numbers(later)).toEqual(upTo(620));
      expect(later.health.damage).toEqual([]);
    });
  }

  test("in the segments, pages being whole: nothing is missing", async ({ storage: page }) => {
    await insert(page, 0, 600);
    await close(page);
    expect(await flipInTable(page, "segments")).toBeGreaterThan(0);
    expect(numbers(await find(page))).toEqual(upTo(600));
    await insert(page, 600, 610, "singly");
    await close(page);
    expect(numbers(await find(page))).toEqual(upTo(610));
  });

  test("in segments and pages: what can not be read is told, and writing goes on", async ({
    storage: page,
  }) => {
    await insert(page, 0, 600);
    await close(page);
    expect(await flipInTable(page, "document pages")).toBeGreaterThan(0);
    expect(await flipInTable(page, "one segment")).toBe(1);
    const found = await find(page);
    const left = numbers(found);
    expect(left.length).toBeLessThan(600);
    // Those behind the lost segment are written anew
    expect(left.length).toBeGreaterThan(300);
    expect((await find(page)).health.damage).toContainEqual(
      expect.objectContaining({ where: "segment", lost: true }),
    );
    await insert(page, 600, 610, "singly");
    await killWorkers(page);
    expect(numbers(await find(page))).toEqual([...left, ...upTo(610).slice(600)]);
  });

  test("in the journal's note: told, and the files are read all the same", async ({
    storage: page,
  }) => {
    await insert(page, 0, 12, "singly");
    await killWorkers(page);
    expect(await flipInTable(page, "journal note")).toBe(1);
    const found = await find(page);
    expect(numbers(found)).toEqual(upTo(12));
    expect(found.health.damage.length).toBeGreaterThan(0);
  });

  test("in one record of its keys: told, and the other does", async ({ storage: page }) => {
    await insert(page, 0, 12, "singly");
    await close(page);
    expect(await flipInTable(page, "one of two identities")).toBe(1);
    const found = await find(page);
    expect(numbers(found)).toEqual(upTo(12));
    expect(found.health.damage).toContainEqual(
      expect.objectContaining({ where: "meta", lost: false }),
    );
    await close(page);
    const later = await find(page);
    expect(numbers(later)).toEqual(upTo(12));
    expect(later.health.damage).toEqual([]);
  });

  test("in both records of its keys: StorageLost, and nothing is begun anew", async ({
    storage: page,
  }) => {
    await insert(page, 0, 12, "singly");
    await close(page);
    expect(await flipInTable(page, "identity")).toBe(2);
    expect(await openingError(page)).toBe("StorageLost");
    expect(await flipInTable(page, "identity")).toBe(2);
    expect(numbers(await find(page))).toEqual(upTo(12));
  });
});

test("a newer version of the tables is NewerFormat, and is left alone", async ({
  storage: page,
}) => {
  await insert(page, 0, 12, "singly");
  await close(page);
  const raised = await page.evaluate((one) => window.storagePage.tamper.raiseVersion(one), name);
  expect(await openingError(page)).toBe("NewerFormat");
  expect(await openingError(page)).toBe("NewerFormat");
  const version = await page.evaluate(async (one) => {
    const all = await indexedDB.databases();
    return all.find((each) => each.name === one)?.version;
  }, name);
  expect(version).toBe(raised);
});

test.describe("a file that somebody holds", () => {
  const hold = async (page: Page, file: string): Promise<() => Promise<void>> => {
    const release = await page.evaluateHandle(
      async ([one, what]) => {
        const { hold: holdFile, tamper } = window.storagePage;
        return { letGo: await holdFile(tamper.pathOf(one, what)) };
      },
      [name, file] as const,
    );
    return () =>
      release.evaluate(({ letGo }) => {
        letGo();
      });
  };

  test("the journal's, as a frozen leader does: it is read, and writing goes on", async ({
    storage: page,
  }) => {
    await insert(page, 0, 12, "singly");
    await killWorkers(page);
    const [file] = await lastJournalFile(page);
    const letGo = await hold(page, file);
    const found = await find(page);
    expect(numbers(found)).toEqual(upTo(12));
    expect(found.health.damage).toEqual([]);
    await insert(page, 12, 20, "singly");
    await killWorkers(page);
    expect(numbers(await find(page))).toEqual(upTo(20));
    await letGo();
    await insert(page, 20, 24, "singly");
    await close(page);
    const later = await find(page);
    expect(numbers(later)).toEqual(upTo(24));
    expect(later.health.damage).toEqual([]);
  });

  test("the fence, alone: AlreadyOpen until it is let go", async ({ storage: page }) => {
    await insert(page, 0, 12, "singly");
    await close(page);
    const letGo = await hold(page, "fence");
    expect(await openingError(page)).toBe("AlreadyOpen");
    await letGo();
    expect(numbers(await find(page))).toEqual(upTo(12));
  });
});

test.describe("a full disk", () => {
  /** null takes it back; so would the end of the session. */
  type SetQuota = (bytes: number | null) => Promise<void>;

  const quotaOf = async (context: BrowserContext, page: Page): Promise<SetQuota> => {
    const session = await context.newCDPSession(page);
    const { origin } = new URL(page.url());
    return async (bytes) => {
      const quota = bytes === null ? {} : { quotaSize: bytes };
      await session.send("Storage.overrideQuotaForOrigin", { origin, ...quota });
    };
  };

  const insertError = (page: Page, from: number, to: number): Promise<unknown> =>
    page.evaluate(
      ([one, first, last]) => {
        const { refusal, insert: insertNotes } = window.storagePage;
        return refusal(insertNotes(one, first, last, "batch"));
      },
      [name, from, to] as const,
    );

  /**
   * Chromium remembers for half a minute how much space IndexedDB may take: it is asked again when
   * that is up. How many there are then.
   */
  const insertUntilFull = (page: Page, from: number): Promise<number> =>
    page.evaluate(
      async ([one, first]) => {
        for (let at = first; ; at += 100) {
          try {
            await window.storagePage.insert(one, at, at + 100, "batch");
          } catch (error) {
            if (error instanceof Error && "code" in error && error.code === "QuotaExceeded") {
              return at;
            }
            throw error;
          }
        }
      },
      [name, from] as const,
    );

  for (const kind of ["product", "without-handles"] as const) {
    test(`${kind}: QuotaExceeded, wholly absent, and all goes on with more space`, async ({
      site,
    }) => {
      const profile = await mkdtemp(join(tmpdir(), "nebulus-quota-"));
      const context = await launchOn(profile);
      try {
        const page = await context.newPage();
        await openStorage(page, site);
        const setQuota = await quotaOf(context, page);
        // A file grows in larger steps than what is written to it
        await setQuota(6 * 1024 * 1024);
        await useWorker(page, kind);
        await insert(page, 0, 2_000);
        for (let attempt = 0; attempt < 2; attempt++) {
          const error = await insertError(page, 2_000, 32_000);
          expect(error).toMatchObject({ code: "QuotaExceeded", outcome: "not committed" });
        }
        expect(numbers(await find(page))).toEqual(upTo(2_000));
        await setQuota(null);
        await insert(page, 2_000, 12_000);
        await insert(page, 12_000, 12_010, "singly");
        await killWorkers(page);
        const found = await find(page);
        expect(numbers(found)).toEqual(upTo(12_010));
        expect(found.health.damage).toEqual([]);
        await setQuota(1);
        const stored = await insertUntilFull(page, 12_010);
        // Closing can not absorb, and loses nothing for it
        await close(page);
        await setQuota(null);
        const later = await find(page);
        expect(numbers(later)).toEqual(upTo(stored));
        expect(later.health.damage).toEqual([]);
      } finally {
        await context.close();
        await rm(profile, { recursive: true, force: true, maxRetries: 5 });
      }
    });
  }
});
