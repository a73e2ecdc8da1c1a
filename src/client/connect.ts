/**
 * A page's connection: a dedicated worker behind Comlink. Events arrive as plain messages on the
 * same port as the answers, so that whoever waited for an answer finds the snapshots that it
 * changed.
 */
// The declaration must reach every program that takes in this file, and a type import is none.
// eslint-disable-next-line @typescript-eslint/triple-slash-reference
/// <reference path="./workerUrl.d.ts" />
import { transfer, wrap } from "comlink";
import type { WriteRequest, WriteResult } from "../core/wire/requests.ts";
import type {
  Answer,
  DatabaseService,
  OpenInfo,
  OpenRequest,
  ServiceEvent,
} from "../worker/api.ts";
import workerUrl from "../worker/db.worker.ts?worker&url";
import type { Connection } from "./connection.ts";
import { createGroupedWrites } from "./groupedWrites.ts";
import { watchPage } from "./pageLife.ts";
import { ownScriptUrl } from "./trusted.ts";

/**
 * What `db.worker.ts` exposes: the contract, but for events, and what only the worker's root can
 * do.
 */
export type WorkerService = Omit<DatabaseService, "open"> & {
  open(request: OpenRequest): Promise<Answer<OpenInfo>>;
  destroy(name: string): Promise<Answer<null>>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  writeAll(requests: readonly WriteRequest[]): Promise<readonly Answer<WriteResult>[]>;
};

/** What the worker posts by itself; Comlink leaves messages without an `id` alone. */
export interface WorkerMessage {
  readonly event: ServiceEvent;
}

export const connectWorker = (name: string): Connection => {
  const worker = new Worker(ownScriptUrl(workerUrl), {
    type: "module",
    name: `nebulusdb ${name}`,
  });
  const remote = wrap<WorkerService>({
    postMessage: (message: unknown, moved: Transferable[] = []) => {
      // Whatever is asked goes behind the writes that were made before
      grouped.flush();
      worker.postMessage(message, moved);
    },
    addEventListener: worker.addEventListener.bind(worker),
    removeEventListener: worker.removeEventListener.bind(worker),
  });
  const grouped = createGroupedWrites({
    write: (request) => remote.write(request),
    writeAll: (requests) => remote.writeAll(requests),
  });
  const service: DatabaseService = {
    open(request, emit) {
      worker.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
        if (isWorkerMessage(data)) emit(data.event);
      });
      return remote.open(request);
    },
    write: (request) => (isOfDocuments(request) ? grouped.write(request) : remote.write(request)),
    find: (request, marks) => remote.find(request, marks),
    get: (request, marks) => remote.get(request, marks),
    count: (request) => remote.count(request),
    collections: () => remote.collections(),
    subscribe: (subscription, request) => remote.subscribe(subscription, request),
    unsubscribe: (subscription) => remote.unsubscribe(subscription),
    makeNetwork: (request) => remote.makeNetwork(request),
    leaveNetwork: (networkId) => remote.leaveNetwork(networkId),
    manageNetwork: (request) => remote.manageNetwork(request),
    askPeers: (request) => remote.askPeers(request),
    forceSync: (collection) => remote.forceSync(collection),
    carry: (port) => remote.carry(port === null ? null : transfer(port, [port])),
    configureConnection: (change) => remote.configureConnection(change),
    health: () => remote.health(),
    close: () => remote.close(),
  };
  const unwatch = watchPage({
    pause: () => void remote.pause(),
    resume: () => void remote.resume(),
  });
  return {
    service,
    onLost(handler) {
      worker.addEventListener("error", (event: Event) => {
        event.preventDefault();
        // A worker that could not be loaded tells by a plain event, one that failed in what words.
        const words = event instanceof ErrorEvent ? event.message : "";
        handler(words === "" ? "its worker could not be loaded" : words);
      });
    },
    destroy: (target) => remote.destroy(target),
    end() {
      unwatch();
      worker.terminate();
    },
  };
};

/** Those that may take long, and have no rows, go alone. */
const isOfDocuments = ({ write }: WriteRequest): boolean => documentKinds.has(write.kind);

const documentKinds: ReadonlySet<string> = new Set([
  ...["insert", "upsert", "replace", "update", "delete", "batch"],
]);

const isWorkerMessage = (data: unknown): data is WorkerMessage =>
  typeof data === "object" && data !== null && "event" in data;
