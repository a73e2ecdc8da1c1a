/**
 * A database as a worker offers it to its page: Comlink for calls, plain messages for events on the
 * same port, so that they arrive before an answer that follows them. The page's side is
 * `client/connect.ts`. Apart from the worker's root, which says what it all stands on, so that
 * tests can serve the same over other bounds.
 */
import { expose, transfer } from "comlink";
import type { ErrorValue } from "../core/base/errors.ts";
import type { RowsAnswer, WriteRequest } from "../core/wire/requests.ts";
import { loadClosedParts } from "../engine/closedParts.ts";
import type { StorageAdapter } from "../storage/store.ts";
import { answer } from "./answer.ts";
import type {
  Answer,
  DatabaseService,
  EngineService,
  OpenInfo,
  OpenRequest,
  ServiceEvent,
} from "./api.ts";
import { createMember, type Member } from "./tabs/member.ts";
import type { TabPlatform } from "./tabs/platform.ts";

export interface ServedDatabase {
  readonly adapter: StorageAdapter;
  readonly createService: () => EngineService;
  /** null: this tab has a database of its own. */
  readonly tabs: TabPlatform | null;
}

/** In a dedicated worker, before its first turn ends: what the page asks until then waits. */
export const serveDatabase = ({ adapter, createService, tabs }: ServedDatabase): void => {
  const destroyData = (name: string): Promise<void> => adapter.destroy(name);
  const service =
    tabs === null
      ? alone(createService(), destroyData)
      : createMember({ platform: tabs, createService, loadClosedParts, destroyData });

  const open = async (request: OpenRequest): Promise<Answer<OpenInfo>> =>
    isSecureContext ? service.open(request, post) : { ok: false, error: insecure };

  expose({
    ...service,
    open,
    // Many at once cost one message each way
    writeAll: (requests: readonly WriteRequest[]) =>
      Promise.all(requests.map((request) => service.write(request))),
    find: (...parameters: Parameters<DatabaseService["find"]>) =>
      movingRows(service.find(...parameters)),
    get: (...parameters: Parameters<DatabaseService["get"]>) =>
      movingRows(service.get(...parameters)),
  });
};

const alone = (service: EngineService, destroyData: (name: string) => Promise<void>): Member => ({
  ...service,
  destroy: (name) =>
    answer(async () => {
      // Whatever closing says: it is to be deleted
      await service.close();
      await destroyData(name);
      return null;
    }),
  pause: () => Promise.resolve(),
  resume: () => undefined,
});

const post = (event: ServiceEvent): void => {
  postMessage({ event }, { transfer: rowsOf(event).map(({ buffer }) => buffer) });
};

const rowsOf = (event: ServiceEvent): readonly Uint8Array[] => {
  if (event.kind === "arrived") return [event.before, event.after];
  return event.kind === "live" && event.change.kind !== "failed" ? [event.change.rows] : [];
};

/** Rows are moved to the page, not copied. */
const movingRows = async (answering: Promise<Answer<RowsAnswer>>): Promise<Answer<RowsAnswer>> => {
  const given = await answering;
  return given.ok ? transfer(given, [given.value.rows.buffer]) : given;
};

const insecure: ErrorValue = {
  code: "NotSupported",
  message: "Browsers have no cryptography on plain http: open this page by https or on localhost.",
  retryable: false,
};
