/**
 * The page of the benchmark. Loaded with `?answer=<participant>` it opens that database at once and
 * tells when the first answer was there; otherwise it waits for steps.
 */
import type { Sample, Task } from "../protocol.ts";
import { mergeSamples, syncSamples } from "./engineSteps.ts";
import { loadEngine, loadStore } from "./load.ts";
import {
  fill,
  fillNetwork,
  measureGetMany,
  measureGets,
  measureOpenMemory,
  measureScan,
  measureScanMemory,
  measureSingles,
  measureUpdate,
  openAndGet,
  openSample,
  type Opened,
} from "./storeSteps.ts";

let opened: Opened | undefined;

const openOne = (): Opened => {
  if (opened === undefined) throw new Error("nothing is open: an earlier step failed");
  return opened;
};

const close = async (): Promise<readonly Sample[]> => {
  await opened?.store.close();
  opened = undefined;
  return [];
};

window.runStep = async ({ participant, seed, step }: Task) => {
  switch (step.kind) {
    case "fill":
      return fill(await loadStore(participant), { ...step, seed });
    case "fill-network":
      return fillNetwork(await loadStore(participant), { ...step, seed });
    case "open": {
      const openStore = await loadStore(participant);
      const result = await openAndGet(openStore, { ...step, seed }, performance.now());
      opened = result.opened;
      return [openSample(step.documents, result.milliseconds)];
    }
    case "get":
      return measureGets(openOne(), step.count);
    case "get-many":
      return measureGetMany(openOne(), step.count);
    case "update":
      return measureUpdate(openOne(), step.count);
    case "scan":
      return measureScan(openOne());
    case "memory-open":
      return measureOpenMemory(openOne());
    case "worker-scan":
      return measureScanMemory(openOne());
    case "close":
      return close();
    case "single-strict":
    case "single-relaxed":
    case "at-once":
      return measureSingles(await loadStore(participant), step.kind, { ...step, seed });
    case "sync":
      return syncSamples(await loadEngine(participant), { ...step, seed });
    case "merge":
      return mergeSamples(await loadEngine(participant), { ...step, seed });
  }
};

/** From the start of the navigation, which is where the page's clock begins. */
const answerFirst = async (query: URLSearchParams): Promise<number> => {
  const openStore = await loadStore(query.get("answer") ?? "");
  const [seed, documents] = [Number(query.get("seed")), Number(query.get("documents"))];
  const durability = query.get("durability") === "strict" ? "strict" : "relaxed";
  const result = await openAndGet(openStore, { seed, documents, durability }, 0);
  opened = result.opened;
  return result.milliseconds;
};

const query = new URLSearchParams(location.search);
if (query.has("answer")) {
  window.firstAnswer = answerFirst(query);
  // Whoever asks for it is told; nothing else is to be heard of it.
  window.firstAnswer.catch(() => undefined);
}
