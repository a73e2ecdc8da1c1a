/**
 * A session over an engine that answers only when the test says so: what ends a call before its
 * answer, and what nobody waits for.
 */
import { expect, test } from "vitest";
import type { Connection } from "../../../src/client/connection.ts";
import { createFailedConnection } from "../../../src/client/connectionFailed.ts";
import { createSession, type Session } from "../../../src/client/session.ts";
import { NebulusError, type ErrorValue } from "../../../src/core/base/errors.ts";
import type { LiveChange } from "../../../src/core/wire/requests.ts";
import type { Answer, DatabaseService, ServiceEvent } from "../../../src/worker/api.ts";
import { expectRejection, rejection } from "../../contract/api/bench.ts";

interface SilentEngine {
  readonly session: Session;
  readonly emit: (event: ServiceEvent) => void;
  readonly lose: (reason: string) => void;
  readonly ended: () => number;
}

/** Opens at once, answers to nothing else but closing. */
const silentEngine = (service: Partial<DatabaseService> = {}): SilentEngine => {
  let lose: (reason: string) => void = () => undefined;
  let emit: (event: ServiceEvent) => void = () => undefined;
  let ended = 0;
  const never = (): Promise<Answer<never>> => new Promise(() => undefined);
  const failed = createFailedConnection(
    new NebulusError({ code: "Closed", message: "unused", retryable: false }),
  );
  const connection: Connection = {
    ...failed,
    service: {
      ...failed.service,
      open: (_request, tell) => {
        emit = tell;
        const recovery = { rolledBack: null, tornBytes: 0, damage: [] };
        const value = { storageMode: "memory", deviceId: "d", recovery } as const;
        return Promise.resolve({ ok: true, value });
      },
      write: never,
      count: never,
      subscribe: never,
      close: () => Promise.resolve({ ok: true, value: null }),
      ...service,
    },
    onLost: (handler) => {
      lose = handler;
    },
    end: () => {
      ended += 1;
    },
  };
  const session = createSession(connection, { name: "silent", durability: "strict" });
  return {
    session,
    emit: (event) => {
      emit(event);
    },
    lose: (reason) => {
      lose(reason);
    },
    ended: () => ended,
  };
};

const query = {
  ...{ collection: "c", filter: {}, sort: [], limit: null, offset: 0, after: null },
  ...{ fields: null, includeDeleted: false, meta: false },
};
const count = (session: Session, signal?: AbortSignal): Promise<number> =>
  session.ask((service) => service.count(query), signal);

test("a worker that is lost ends every call, subscription and later call", async () => {
  const { session, lose, ended } = silentEngine();
  await session.opened;
  const told: unknown[] = [];
  session.events.on("failed", (error) => told.push(error.code));
  const changes: LiveChange[] = [];
  session.follow(
    query,
    (change) => changes.push(change),
    (error) => told.push(error.message),
  );
  const counting = count(session);
  const writing = session.write({ kind: "make-collection", collection: "c" });
  const outcome = rejection(writing);
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  lose("it crashed");
  await expectRejection(counting, "StorageFailed");
  // Nobody can say whether the write was committed, so nothing is said.
  expect((await outcome).outcome).toBeUndefined();
  expect(told).toEqual([expect.stringContaining("it crashed"), "StorageFailed"]);
  await expectRejection(count(session), "StorageFailed");
  await session.close();
  expect(ended()).toBe(1);
  expect(changes).toEqual([]);
});

test("what the engine says of a write's outcome is told as it is", async () => {
  const answers: readonly Partial<ErrorValue>[] = [
    {},
    { outcome: "not committed" },
    { outcome: "committed" },
  ];
  for (const said of answers) {
    const error: ErrorValue = { code: "StorageFailed", message: "x", retryable: true, ...said };
    const { session } = silentEngine({ write: () => Promise.resolve({ ok: false, error }) });
    const writing = session.write({ kind: "make-collection", collection: "c" });
    expect((await rejection(writing)).outcome).toBe(said.outcome);
  }
});

test("an engine that says it failed ends everything, and can still be closed", async () => {
  const { session, emit, ended } = silentEngine();
  await session.opened;
  const counting = count(session);
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  emit({
    kind: "failed",
    error: { code: "Replaced", message: "opened elsewhere", retryable: false },
  });
  await expectRejection(counting, "Replaced");
  await expectRejection(
    session.during(() => Promise.resolve(1)),
    "Replaced",
  );
  expect(session.isOpen()).toBe(false);
  await session.close();
  expect(ended()).toBe(1);
});

test("a read is given up at once when its signal says so; what was sent is not heard", async () => {
  const { session } = silentEngine();
  const controller = new AbortController();
  const counting = count(session, controller.signal);
  await session.opened;
  controller.abort();
  await expectRejection(counting, "Aborted");
});

test("closing waits for what is under way, and refuses what comes then", async () => {
  const { session } = silentEngine();
  let finish: (value: number) => void = () => undefined;
  const working = session.during(
    () =>
      new Promise<number>((resolve) => {
        finish = resolve;
      }),
  );
  let isClosed = false;
  const closing = session.close().then(() => (isClosed = true));
  await expectRejection(
    session.during(() => Promise.resolve(1)),
    "Closed",
  );
  expect(isClosed).toBe(false);
  finish(7);
  expect(await working).toBe(7);
  await closing;
});

test("an answer that never could be an error of ours still is one for the caller", async () => {
  const { session } = silentEngine();
  const cause = new TypeError("not cloneable");
  const asking = session.ask(() => Promise.reject(cause));
  expect(await rejection(asking)).toMatchObject({ code: "StorageFailed", cause });
});

test("changes of a subscription that has ended are dropped", async () => {
  const { session, emit } = silentEngine();
  await session.opened;
  const changes: LiveChange[] = [];
  const stop = session.follow(query, (change) => changes.push(change), session.report);
  const change: LiveChange = { kind: "rows", rows: new Uint8Array() };
  emit({ kind: "live", subscription: 1, change });
  stop();
  stop();
  emit({ kind: "live", subscription: 1, change });
  expect(changes).toEqual([change]);
});
