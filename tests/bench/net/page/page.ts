/**
 * A page of the benchmark: the built library as an application uses it, on a profile of its own.
 * `steps/` drive it through `window.netBench`; an address with `watch` makes it measure its own
 * load.
 */
import { measureMemory } from "../../peers/page/memory.ts";
import { expectDocuments } from "../../support/checks.ts";
import { makeDocument, type BenchDocument } from "../../support/documents.ts";
import { createBareChannel } from "./bare.ts";
import { createDevice, wallClock } from "./device.ts";
import type { Counted, Loaded, NetPage, Timed } from "./protocol.ts";
import { tapFrames } from "./tap.ts";
import { watchAnswers, watchMemory, watchTasks } from "./watch.ts";

const tapped = tapFrames();
const device = createDevice();
const perCall = 10_000;
/** Of writes that are looked at one by one. */
const spacing = { milliseconds: 15, idPrefix: "seen-" };

const documentsOf = (from: number, count: number, seed: number): readonly BenchDocument[] =>
  Array.from({ length: count }, (_, index) => makeDocument(from + index, seed));

const timed = async (run: () => Promise<unknown>): Promise<Timed> => {
  const started = wallClock();
  await run();
  return { started, ended: wallClock() };
};

const take: NetPage["take"] = async (name, wanted) => {
  const started = wallClock();
  await device.attach(name);
  return { started, ended: await device.settled(name, wanted) };
};

const takeWatched: NetPage["takeWatched"] = async (name, wanted, asked) => {
  const tasks = watchTasks();
  const taking = take(name, wanted);
  const answers = await watchAnswers(device.collection(asked.collection), asked, taking);
  const time = await taking;
  return {
    ...{ ...time, longestTask: tasks.stop() },
    ...{ answers: answers.spread, answerCount: answers.count },
  };
};

const fill: NetPage["fill"] = async (name, documents, seed, from = 0) => {
  const notes = device.collection(name);
  const calls: (readonly BenchDocument[])[] = [];
  for (let at = 0; at < documents; at += perCall) {
    calls.push(documentsOf(from + at, Math.min(perCall, documents - at), seed));
  }
  return timed(async () => {
    for (const call of calls) await notes.insertBatch(call);
  });
};

const fillLarge: NetPage["fillLarge"] = async (name, documents, bytes) => {
  const notes = device.collection(name);
  for (let at = 0; at < documents; at++) {
    await notes.insert({ ...makeDocument(at, 1), ...{ large: randomBytes(bytes) } });
  }
};

const randomBytes = (count: number): Uint8Array => {
  const bytes = new Uint8Array(count);
  // It gives 65,536 at once at most
  for (let at = 0; at < count; at += 65_536)
    crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return bytes;
};

const writeEach: NetPage["writeEach"] = (name, documents, seed) => {
  const notes = device.collection(name);
  const all = documentsOf(0, documents, seed);
  return timed(async () => {
    for (const document of all) await notes.insert(document);
  });
};

const writeAll: NetPage["writeAll"] = (name, documents, seed, from) => {
  const notes = device.collection(name);
  const all = documentsOf(from, documents, seed);
  return timed(() => Promise.all(all.map((document) => notes.insert(document))));
};

const writeSpaced: NetPage["writeSpaced"] = async (name, count) => {
  const notes = device.collection(name);
  const made: number[] = [];
  for (let at = 0; at < count; at++) {
    const document = { ...makeDocument(at, 1), id: `${spacing.idPrefix}${at}` };
    made.push(wallClock());
    await notes.insert(document);
    await new Promise((resolve) => {
      setTimeout(resolve, spacing.milliseconds);
    });
  }
  return made;
};

const seen: NetPage["seen"] = (name, count) =>
  new Promise((resolve, reject) => {
    const at = new Map<string, number>();
    let stop = (): void => undefined;
    const onRows = (rows: readonly BenchDocument[]): void => {
      const now = wallClock();
      for (const { id } of rows) if (!at.has(id)) at.set(id, now);
      if (at.size < count) return;
      queueMicrotask(() => {
        stop();
      });
      const order = Array.from({ length: count }, (_, each) => `${spacing.idPrefix}${each}`);
      resolve(order.map((id) => at.get(id) ?? Number.NaN));
    };
    stop = device.collection(name).subscribe({}, onRows, reject);
  });

const counted = (): Counted => {
  const now = tapped();
  const since = { sent: now.sent - last.sent, received: now.received - last.received };
  last = now;
  return since;
};
let last: Counted = { sent: 0, received: 0 };

const netBench: NetPage = {
  ...device,
  ...{ take, takeWatched, fill, fillLarge, writeEach, writeAll, writeSpaced, seen, counted },
  takeWeighed: (name, wanted) => watchMemory(() => take(name, wanted)),
  async check(name, documents, seed) {
    expectDocuments(await device.collection(name).find({}), documentsOf(0, documents, seed));
  },
  memory: () => measureMemory(0),
  bare: createBareChannel(),
};

const load = async (watched: string): Promise<Loaded> => {
  await device.open();
  await device.settled(watched, { operations: 1, devices: 1 });
  const ended = performance.now();
  const { sent, received, bytes, firstAt } = tapped();
  return {
    milliseconds: ended,
    sessionMilliseconds: ended - (firstAt ?? Number.NaN),
    path: device.peers()[0]?.path ?? "",
    ...{ frames: sent + received, bytes },
  };
};

const watched = new URL(location.href).searchParams.get("watch");
Object.assign(window, {
  netBench,
  netLoaded: watched === null ? undefined : load(watched),
});
