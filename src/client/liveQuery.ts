/**
 * A live query as a store: it follows the engine while anyone is subscribed, applies its patches,
 * and tells every subscriber. Rows that a patch leaves alone keep their identity, so that a view
 * can compare them.
 */
import { NebulusError } from "../core/base/errors.ts";
import { applyLiveChange } from "../core/wire/liveChange.ts";
import type { FindRequest, LiveChange } from "../core/wire/requests.ts";
import type { LiveQuery } from "./api.ts";
import type { CollectionContext } from "./context.ts";
import { decodeDocuments } from "./rows.ts";
import type { Document } from "./types.ts";

export type LiveRows = readonly Document[];

/** `onError` is told once, when the query can not go on; nothing is told after that. */
export const createLiveQuery = (
  { session, schema, prepared }: CollectionContext,
  request: FindRequest,
  onError: (error: Error) => void,
): LiveQuery<Document> => {
  const subscribers = new Set<Subscriber>();
  let current: LiveRows | undefined;
  let unfollow: (() => void) | null = null;

  const tell = (subscriber: Subscriber): void => {
    if (!subscribers.has(subscriber)) return;
    try {
      subscriber.run(current);
    } catch (error) {
      session.report(error);
    }
  };

  const fail = (error: NebulusError): void => {
    stop();
    subscribers.clear();
    onError(error);
  };

  const changed = (change: LiveChange): void => {
    if (change.kind === "failed") {
      fail(new NebulusError({ code: "InvalidQuery", message: change.message, retryable: false }));
      return;
    }
    current = applyLiveChange(current ?? [], change, (bytes) => decodeDocuments(bytes, schema));
    for (const subscriber of [...subscribers]) tell(subscriber);
  };

  const start = (): void => {
    let isWanted = true;
    let end = (): void => undefined;
    unfollow = () => {
      isWanted = false;
      end();
    };
    void prepared.then(() => {
      if (isWanted) end = session.follow(request, changed, fail);
    });
  };

  const stop = (): void => {
    unfollow?.();
    unfollow = null;
    current = undefined;
  };

  return {
    get current() {
      return current;
    },
    subscribe(run) {
      const subscriber: Subscriber = { run };
      subscribers.add(subscriber);
      if (unfollow === null) start();
      tell(subscriber);
      return () => {
        if (subscribers.delete(subscriber) && subscribers.size === 0) stop();
      };
    },
  };
};

/** An object of its own each, so that one function can be subscribed twice. */
interface Subscriber {
  readonly run: (rows: LiveRows | undefined) => void;
}
