/**
 * What a device needs of memory while very many documents arrive. It has this process's main
 * thread to itself; the sender runs in a worker with a heap of its own (arrivalSender.ts), and
 * frames cross between them as they do between a page and its worker. Needs `--expose-gc`.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker, type Transferable } from "node:worker_threads";
import { FileAdapter } from "../../../../src/storage/nodeAdapter.ts";
import { createPortCarrier } from "../../../../src/worker/carrier.ts";
import { holding, openDevice, type CreateDatabase, type Device } from "../../engines/devices.ts";
import { expectCount, expectDocument } from "../../support/checks.ts";
import { idAt, makeDocument } from "../../support/documents.ts";

export interface Arrival {
  /** Bytes in use over the start, after a collection: the greatest, and when all have arrived. */
  readonly kept: number;
  readonly after: number;
}

/** What the sender is given. */
export interface SenderTask {
  readonly port: MessagePort;
  readonly documents: number;
  readonly seed: number;
}

export const measureArrival = async (
  createDatabase: CreateDatabase,
  sizes: { readonly documents: number; readonly seed: number },
): Promise<Arrival> => {
  const directory = await mkdtemp(join(tmpdir(), "nebulus-arrival-"));
  const { port1, port2 } = new MessageChannel();
  const sender = new Worker(new URL("arrivalSender.ts", import.meta.url), {
    workerData: { ...sizes, port: port2 } satisfies SenderTask,
    // A port of the platform is one of worker_threads, which the types keep apart
    transferList: [port2 as unknown as Transferable],
  });
  try {
    await told(sender);
    const receiver = await openDevice(createDatabase, {
      ...{ name: "arrival", adapter: new FileAdapter(directory) },
      network: createPortCarrier(port1),
    });
    const arrival = await watch(receiver, sender, sizes.documents);
    await check(receiver, sizes);
    await receiver.database.shutdown();
    return arrival;
  } finally {
    await sender.terminate();
    await rm(directory, { recursive: true, force: true });
  }
};

/** The sender says but two things: that it holds everything, and that it goes on to send it. */
const told = (sender: Worker): Promise<void> =>
  new Promise((resolve, reject) => {
    sender.once("message", () => {
      sender.off("error", reject);
      resolve();
    });
    sender.once("error", reject);
  });

const watch = async (receiver: Device, sender: Worker, documents: number): Promise<Arrival> => {
  const start = bytesInUse();
  let kept = 0;
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    const began = performance.now();
    kept = Math.max(kept, bytesInUse() - start);
    timer = setTimeout(look, (performance.now() - began) * restPerLook);
  };
  look();
  sender.postMessage("send");
  await holding(receiver, documents);
  const after = bytesInUse() - start;
  clearTimeout(timer);
  return { kept: Math.max(kept, after), after };
};

/** Collecting garbage takes the longer the more there is: a tenth of the time is for looking. */
const restPerLook = 9;

/** Of this thread alone, garbage collected. */
const bytesInUse = (): number => {
  if (globalThis.gc === undefined) throw new Error("start it with --expose-gc");
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

const check = async (
  { notes }: Device,
  { documents, seed }: { readonly documents: number; readonly seed: number },
): Promise<void> => {
  expectCount("documents", await notes.count(), documents);
  const last = documents - 1;
  expectDocument(await notes.get(idAt(last)), makeDocument(last, seed));
};
