/**
 * Tabs of one database, timed by the clock that all pages of a machine share.
 */
import type { BrowserContext, Page } from "playwright";
import { openStorage } from "../../e2e/storageSite.ts";

/** `leaves`: by shutdown, so that it hands over; `closes`: its tab is closed. */
export type Leaving = "leaves" | "closes";

const openTab = async (context: BrowserContext, url: string): Promise<Page> => {
  const page = await context.newPage();
  await openStorage(page, url);
  await page.evaluate(() => window.storagePage.database("timed").ready);
  return page;
};

/** Milliseconds between the last write that the leader of before answered and the next answer. */
export const handOver = async (
  context: BrowserContext,
  url: string,
  how: Leaving,
  count: number,
): Promise<readonly number[]> => {
  const measured: number[] = [];
  let leader = await openTab(context, url);
  for (let round = 0; round < count; round++) {
    const next = await openTab(context, url);
    await next.evaluate((run) => {
      const notes = window.storagePage.database("timed").collection("notes");
      const answered: number[] = [];
      Object.assign(window, { answered, isWriting: true });
      const write = async (n: number): Promise<void> => {
        await notes.insert({ id: `${run}-${n}`, n, body: "" });
        answered.push(performance.now());
        // Ended from outside
        if ((window as unknown as { isWriting: boolean }).isWriting) await write(n + 1);
      };
      void write(0);
    }, `${how}-${round}`);
    await answersBeyond(next, 20);
    if (how === "closes") await leader.close();
    else {
      await leader.evaluate(() => window.storagePage.close("timed"));
      await leader.close();
    }
    await answersBeyond(next, (await answersIn(next)) + 20);
    measured.push(
      await next.evaluate(() => {
        // Put there above
        const page = window as unknown as { isWriting: boolean; answered: readonly number[] };
        page.isWriting = false;
        return Math.max(
          ...page.answered.slice(1).map((at, index) => at - (page.answered[index] ?? at)),
        );
      }),
    );
    leader = next;
  }
  await leader.close();
  return measured;
};

const answersIn = (page: Page): Promise<number> =>
  // Put there above
  page.evaluate(() => (window as unknown as { answered: readonly number[] }).answered.length);

const answersBeyond = async (page: Page, count: number): Promise<void> => {
  await page.waitForFunction(
    // As above
    (least) => (window as unknown as { answered: readonly number[] }).answered.length > least,
    count,
  );
};

/** From the call of a write in one tab to what it changes in a live query of the other. */
export const latency = async (
  context: BrowserContext,
  url: string,
  count: number,
): Promise<{ readonly toLeader: readonly number[]; readonly toFollower: readonly number[] }> => {
  const leader = await openTab(context, url);
  const follower = await openTab(context, url);
  const toFollower = await oneWay(leader, follower, "down", count);
  const toLeader = await oneWay(follower, leader, "up", count);
  await follower.close();
  await leader.close();
  return { toLeader, toFollower };
};

const oneWay = async (
  from: Page,
  to: Page,
  name: string,
  count: number,
): Promise<readonly number[]> => {
  await to.evaluate((id) => {
    const seen: number[] = [];
    Object.assign(window, { seen });
    const notes = window.storagePage.database("timed").collection("notes");
    notes.subscribe({ id }, ([note]) => {
      if (note !== undefined) seen[note.n] = performance.timeOrigin + performance.now();
    });
  }, name);
  const sent: number[] = [];
  for (let n = 0; n < count; n++) {
    sent.push(
      await from.evaluate(
        async ([id, value]) => {
          const at = performance.timeOrigin + performance.now();
          const notes = window.storagePage.database("timed").collection("notes");
          await notes.upsert({ id, n: value, body: "" });
          return at;
        },
        [name, n] as const,
      ),
    );
    // Put there above
    await to.waitForFunction(
      (value) => (window as unknown as { seen: readonly number[] }).seen[value] !== undefined,
      n,
    );
  }
  // As above
  const seen = await to.evaluate(() => (window as unknown as { seen: readonly number[] }).seen);
  return sent.map((at, n) => (seen[n] ?? Number.NaN) - at);
};
