/**
 * A database's service as a worker offers it to its page: one tab at a time, Comlink for calls,
 * plain messages for events on the same port, so that they arrive before an answer that follows
 * them. The page's side is `client/connect.ts`. Apart from the worker's root, which says what it
 * all stands on, so that tests can serve the same over other bounds.
 */
import { expose, transfer } from "comlink";
import type { ErrorValue } from "../core/base/errors.ts";
import type { RowsAnswer, WriteRequest } from "../core/wire/requests.ts";
import { errorValueOf } from "../engine/failure.ts";
import type { StorageAdapter } from "../storage/store.ts";
import type { Answer, DatabaseService, OpenInfo, OpenRequest, ServiceEvent } from "./api.ts";
import { takeDatabaseLock, type Release } from "./databaseLock.ts";

/** In a dedicated worker, before its first turn ends: what the page asks until then waits. */
export const serveDatabase = (adapter: StorageAdapter, service: DatabaseService): void => {
  let release: Release | null = null;

  const letGo = async (): Promise<void> => {
    const held = release;
    release = null;
    await held?.();
  };

  const open = async (request: OpenRequest): Promise<Answer<OpenInfo>> => {
    if (!isSecureContext) return refused(insecure);
    release ??= await takeDatabaseLock(navigator.locks, request.name);
    if (release === null) return refused(alreadyOpen(request.name));
    const answer = await service.open(request, post);
    if (!answer.ok) await letGo();
    return answer;
  };

  const close = async (): Promise<Answer<null>> => {
    try {
      return await service.close();
    } finally {
      await letGo();
    }
  };

  const destroy = async (name: string): Promise<Answer<null>> => {
    release ??= await takeDatabaseLock(navigator.locks, name);
    if (release === null) return refused(alreadyOpen(name));
    try {
      // Whatever closing says: it is to be deleted.
      await service.close();
      await adapter.destroy(name);
      return { ok: true, value: null };
    } catch (error) {
      return refused(errorValueOf(error));
    } finally {
      await letGo();
    }
  };

  expose({
    ...service,
    open,
    close,
    destroy,
    // Many at once cost one message each way
    writeAll: (requests: readonly WriteRequest[]) =>
      Promise.all(requests.map((request) => service.write(request))),
    find: (...parameters: Parameters<DatabaseService["find"]>) =>
      movingRows(service.find(...parameters)),
    get: (...parameters: Parameters<DatabaseService["get"]>) =>
      movingRows(service.get(...parameters)),
  });
};

const post = (event: ServiceEvent): void => {
  postMessage({ event }, { transfer: rowsOf(event).map(({ buffer }) => buffer) });
};

const rowsOf = (event: ServiceEvent): readonly Uint8Array[] => {
  if (event.kind === "arrived") return [event.before, event.after];
  return event.kind === "live" && event.change.kind !== "failed" ? [event.change.rows] : [];
};

/** Rows are moved to the page, not copied. */
const movingRows = async (answering: Promise<Answer<RowsAnswer>>): Promise<Answer<RowsAnswer>> => {
  const answer = await answering;
  return answer.ok ? transfer(answer, [answer.value.rows.buffer]) : answer;
};

const refused = (error: ErrorValue): { readonly ok: false; readonly error: ErrorValue } => ({
  ok: false,
  error,
});

const alreadyOpen = (name: string): ErrorValue => ({
  code: "AlreadyOpen",
  message: `The database "${name}" is open in another tab. Close it there, or use that tab.`,
  retryable: true,
  path: name,
});

const insecure: ErrorValue = {
  code: "NotSupported",
  message: "Browsers have no cryptography on plain http: open this page by https or on localhost.",
  retryable: false,
};
