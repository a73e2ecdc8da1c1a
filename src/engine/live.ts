/**
 * Live queries: the first answer has all rows, then come patches. A change touches only queries of
 * its collection whose answer it can affect: each keeps its sorted matches and moves the changed
 * documents in them.
 */
import type { FindRequest, LiveChange } from "../core/wire/requests.ts";
import { encodeRows } from "../core/wire/rows.ts";
import { attemptTurn, type ReadTurn } from "./pages/pageMiss.ts";
import { allMatches, planOf, windowOf, type Plan, type Readable, type Shown } from "./query.ts";

export interface Live {
  /** Throws `InvalidQuery`. The first rows are emitted before it returns. */
  subscribe(subscription: number, request: FindRequest): void;
  unsubscribe(subscription: number): void;
  /** Whether anybody follows the collection. */
  isWatched(collection: string): boolean;
  /**
   * Documents that changed, once their commit is durable. One message per subscription and call.
   */
  changed(collection: string, ids: ReadonlySet<string>): void;
  /** All of a collection may show differently: another strategy, a home that came or went. */
  reread(collection: string): void;
}

export interface LiveDeps {
  /** null: nobody made this collection yet; it is empty. */
  readonly readable: (collection: string) => Readable;
  readonly emit: (subscription: number, change: LiveChange) => void;
  /** Runs a turn again when the pages are there that it missed. */
  readonly reading: ReadTurn;
  /** A page could not be read: the database can not go on. */
  readonly failed: (error: unknown) => void;
}

interface Subscription {
  readonly request: FindRequest;
  readonly plan: Plan;
  /** All matches in order; the window of offset and limit is what the subscriber holds. */
  matches: Shown[];
}

export const createLive = (deps: LiveDeps): Live => {
  const subscriptions = new Map<number, Subscription>();
  const inOrder = createOrder(deps);

  const subscribe = (number: number, request: FindRequest): void => {
    const plan = planOf(request);
    const readable = deps.readable(request.collection);
    const matches = allMatches(readable, plan, request.includeDeleted);
    const shown = windowOf(matches, request);
    const rows = encodeRows(shown.map((one) => readable.row(one, request)));
    subscriptions.set(number, { request, plan, matches });
    deps.emit(number, { kind: "rows", rows });
  };

  const changed = (collection: string, ids: ReadonlySet<string>): void => {
    for (const [number, { request }] of subscriptions) {
      if (request.collection !== collection) continue;
      inOrder(() => {
        const subscription = subscriptions.get(number);
        if (subscription !== undefined) update(number, subscription, ids);
      });
    }
  };

  const update = (number: number, subscription: Subscription, ids: ReadonlySet<string>): void => {
    const readable = deps.readable(subscription.request.collection);
    const moved = moveMatches(readable, subscription, ids);
    if (moved === null) return;
    const { request } = subscription;
    const before = windowOf(subscription.matches, request);
    const after = windowOf(moved, request);
    const { removed, placed } = differences(before, after);
    const isPatch = placed.length <= after.length / 2;
    const shown = isPatch ? placed.flatMap((at) => after[at] ?? []) : after;
    const rows = encodeRows(shown.map((one) => readable.row(one, request)));
    // Up to here the turn may have missed a page, and runs again
    subscription.matches = moved;
    if (removed.length === 0 && placed.length === 0) return;
    deps.emit(number, isPatch ? { kind: "patch", removed, placed, rows } : { kind: "rows", rows });
  };

  const reread = (collection: string): void => {
    for (const [number, { request }] of subscriptions) {
      if (request.collection !== collection) continue;
      inOrder(() => {
        if (subscriptions.has(number)) subscribe(number, request);
      });
    }
  };

  return {
    subscribe,
    unsubscribe: (number) => {
      subscriptions.delete(number);
    },
    isWatched: (collection) =>
      [...subscriptions.values()].some(({ request }) => request.collection === collection),
    changed,
    reread,
  };
};

/** At once, unless an earlier one waits for pages: then behind it. */
const createOrder = ({ reading, failed }: LiveDeps): ((run: () => void) => void) => {
  const queue: (() => void)[] = [];
  const drain = async (): Promise<void> => {
    for (let run = queue[0]; run !== undefined; run = queue[0]) {
      await reading(run);
      queue.shift();
    }
  };
  return (run) => {
    if (queue.length === 0 && attemptTurn(run).kind === "done") return;
    if (queue.push(run) === 1) drain().catch(failed);
  };
};

/**
 * The matches with the changed documents taken out and put where they belong by now; null: none is
 * concerned.
 */
const moveMatches = (
  readable: Readable,
  { request, plan, matches }: Subscription,
  ids: ReadonlySet<string>,
): Shown[] | null => {
  const arrived: Shown[] = [];
  readable.need([...ids]);
  for (const id of ids) {
    const shown = readable.show(id, request.includeDeleted);
    if (shown !== null && plan.matches(shown.fields)) arrived.push(shown);
  }
  const stayed = matches.filter(({ id }) => !ids.has(id));
  if (arrived.length === 0 && stayed.length === matches.length) return null;
  arrived.sort((a, b) => plan.compare(a.fields, b.fields));
  return mergeSorted(stayed, arrived, plan);
};

const mergeSorted = (a: readonly Shown[], b: readonly Shown[], plan: Plan): Shown[] => {
  const merged: Shown[] = [];
  let from = 0;
  for (const one of b) {
    let next = a[from];
    while (next !== undefined && plan.compare(next.fields, one.fields) <= 0) {
      merged.push(next);
      from += 1;
      next = a[from];
    }
    merged.push(one);
  }
  for (const rest of a.slice(from)) merged.push(rest);
  return merged;
};

/**
 * Positions removed from `before` and placed in `after`. Documents that kept their version and
 * their order stay; with one total order, those that kept their version did keep their order.
 */
const differences = (
  before: readonly Shown[],
  after: readonly Shown[],
): { readonly removed: readonly number[]; readonly placed: readonly number[] } => {
  const kept = new Set(after.map(({ version }) => version));
  const had = new Set(before.map(({ version }) => version));
  const positions = (list: readonly Shown[], other: ReadonlySet<object>): readonly number[] =>
    list.flatMap(({ version }, at) => (other.has(version) ? [] : [at]));
  return { removed: positions(before, kept), placed: positions(after, had) };
};
