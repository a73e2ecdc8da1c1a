/**
 * This device says what it holds (FORMATS.md §6, Acknowledgement), and keeps what others say: only
 * what is stored for good is acknowledged, some seconds after it changed, or at once when a peer
 * was verified to hold the same.
 *
 * A profile that was put back to an earlier state says numbers again that were said before, and
 * would be believed to hold what it lost. It finds out when a member gives it an acknowledgement of
 * its own that it does not know: then it raises the incarnation count and says anew all that it
 * holds. Once an opening: what comes after that is said by a copy of this profile that runs
 * elsewhere, and both must not take back for ever what the other says. Such copies count as one
 * device, which holds what either does.
 */
import {
  acknowledgeMilliseconds,
  acknowledgeMillisecondsMax,
  acknowledgeMillisecondsPerByte,
  acknowledgedNewsMilliseconds,
  acknowledgementBytesMax,
  acknowledgementsPerDeviceMax,
  farewellMillisecondsMax,
} from "../../core/base/limits.ts";
import type { ScopeId } from "../../core/base/types.ts";
import {
  areSameRows,
  nothingAcknowledged,
  withAcknowledgement,
} from "../../core/network/acknowledged.ts";
import {
  makeAcknowledgement,
  type CheckedAcknowledgement,
} from "../../core/network/acknowledgement.ts";
import type { ScopeRows } from "../../core/network/scopeRows.ts";
import type { Row } from "../../core/segment/header.ts";
import { rowOfHead } from "../../core/segment/tree.ts";
import {
  acknowledgedUpTo,
  bookChange,
  bookRemoval,
  devicesHolding,
  readBook,
  type AcknowledgedBook,
  type AcknowledgedDevice,
} from "../acknowledged.ts";
import type { Home } from "../home.ts";
import { isMemberOf, type NetworkMembership } from "../identity.ts";
import {
  askFor,
  give,
  takeMessage,
  tell,
  unlessTooMany,
  type Known,
} from "./acknowledgeExchange.ts";
import {
  connectedOf,
  reportFailure,
  servedIn,
  type Acknowledging,
  type Connected,
  type SyncState,
} from "./state.ts";
import { schedule } from "./tell.ts";
import { watchFor } from "./watch.ts";

/** Loaded together: all of it is needed with the first network. */
export { createDeviceWatch } from "./deviceUse.ts";
export { everySecond } from "./everySecond.ts";

/** One network. */
interface Network extends Known {
  /** When this device acknowledged last in this opening, and how much. */
  said: { readonly at: number; readonly bytes: number } | null;
  /** When it does next. */
  due: { readonly at: number; readonly cancel: () => void } | null;
  /** Cancels telling peers of others'. */
  news: (() => void) | null;
  /** The incarnation count under which it said what it does not know any more. */
  lost: number | null;
  hasBegunAnew: boolean;
  /** A copy of this profile runs elsewhere: what it says is not taken back. */
  isCopied: boolean;
}

/** With what the store has of the networks that this device is in. */
export const openAcknowledging = async (state: SyncState): Promise<Acknowledging> => {
  const meta = await state.engine.deps.store.meta();
  const networks = new Map<NetworkMembership, Network>(
    state.engine.registry.networks
      .all()
      .map((membership) => [membership, networkOf(membership, readBook(membership, meta))]),
  );
  const of = (membership: NetworkMembership): Network => {
    const found = networks.get(membership) ?? networkOf(membership, new Map());
    networks.set(membership, found);
    return found;
  };
  const bookOf = ({ membership }: Home): AcknowledgedBook =>
    membership.kind === "local" ? new Map() : of(membership).book;
  return {
    devicesHolding: (home) => devicesHolding(home, bookOf(home)),
    heldUpTo: (home, writer) => acknowledgedUpTo(home, bookOf(home), writer),
    met(connected) {
      tell(of(connected.membership), connected);
      changed(state, of(connected.membership));
    },
    take: (connected, body) => take(state, of(connected.membership), connected, body),
    changed: (membership) => {
      changed(state, of(membership));
    },
    verified: (membership) => {
      const network = of(membership);
      const { said } = network;
      plan(state, network, said === null ? 0 : said.at + gapAfter(said.bytes));
    },
    membersChanged: (membership) => membersChanged(state, of(membership)),
    async farewell() {
      const due = [...networks.values()].filter((network) => network.due !== null);
      for (const network of due) {
        rest(network);
        await state.inTurn(() => acknowledge(state, network));
      }
      await untilHeard(
        state,
        due.flatMap(({ membership }) => servedIn(state, membership)),
      );
    },
    stop() {
      for (const network of networks.values()) rest(network);
    },
  };
};

const networkOf = (
  membership: NetworkMembership,
  book: Map<string, AcknowledgedDevice>,
): Network => ({
  ...{ membership, book, peers: new WeakMap(), names: new Map() },
  ...{ said: null, due: null, news: null, lost: null, hasBegunAnew: false, isCopied: false },
});

/** The longer they are, the fewer. */
const gapAfter = (bytes: number): number =>
  Math.min(
    Math.max(acknowledgeMilliseconds, bytes * acknowledgeMillisecondsPerByte),
    acknowledgeMillisecondsMax,
  );

/** Some seconds later, with all that changes until then. */
const changed = (state: SyncState, network: Network): void => {
  const wait = gapAfter(network.said?.bytes ?? 0);
  plan(state, network, state.engine.deps.timers.now() + wait);
};

/** Nobody is there to be told: then it is done when somebody comes. */
const plan = (state: SyncState, network: Network, at: number): void => {
  const { timers } = state.engine.deps;
  if ((network.due?.at ?? Infinity) <= at || servedIn(state, network.membership).length === 0)
    return;
  network.due?.cancel();
  const now = timers.now();
  // A clock that was put back must not make it wait for longer
  const wait = Math.min(Math.max(0, at - now), acknowledgeMillisecondsMax);
  const cancel = timers.after(wait, () => {
    network.due = null;
    state.inTurn(() => acknowledge(state, network)).catch(failed(state));
  });
  network.due = { at: now + wait, cancel };
};

const planNews = (state: SyncState, network: Network): void => {
  network.news ??= state.engine.deps.timers.after(acknowledgedNewsMilliseconds, () => {
    network.news = null;
    for (const connected of servedIn(state, network.membership)) tell(network, connected);
  });
};

const rest = (network: Network): void => {
  network.due?.cancel();
  network.news?.();
  Object.assign(network, { due: null, news: null });
};

/** What was sent to them has come; who is silent or goes is not waited for. */
const untilHeard = async (state: SyncState, all: readonly Connected[]): Promise<void> => {
  const asked = all.map(({ peer }) => ({ peer, before: peer.answers }));
  for (const { peer } of asked) peer.askForLife();
  const isHeard = ({ peer, before }: (typeof asked)[number]): boolean =>
    peer.answers > before || connectedOf(state, peer) === undefined;
  if (asked.length === 0) return;
  await watchFor(state, farewellMillisecondsMax, () => (asked.every(isHeard) ? true : null));
};

/** What was under way when the network was let go ends with it. */
const failed =
  (state: SyncState) =>
  (error: unknown): void => {
    if (state.carrier !== null) reportFailure(state, error);
  };

// --------------------------------------------------------------------------- what others say

const take = async (
  state: SyncState,
  network: Network,
  connected: Connected,
  body: Uint8Array,
): Promise<void> => {
  const takeNow = async (): Promise<void> => {
    if (!isPresent(state, network)) return;
    const { hasNew, ownHigher } = await takeMessage(state, network, connected, body);
    for (const said of ownHigher) await takeOwn(state, network, said);
    if (!hasNew) return;
    planNews(state, network);
    schedule(state);
  };
  await unlessTooMany(network, connected, body.length, () => state.inTurn(takeNow));
};

/** Signed by this device and not known to it. */
const takeOwn = async (
  state: SyncState,
  network: Network,
  said: CheckedAcknowledgement,
): Promise<void> => {
  if (!network.hasBegunAnew || network.lost !== null) {
    network.hasBegunAnew = true;
    network.lost = Math.max(network.lost ?? 0, said.incarnation);
  } else {
    network.isCopied = true;
    const held = withAcknowledgement(ownOf(network).held, said);
    await keepOwn(state, network, { ...ownOf(network), held });
  }
  changed(state, network);
};

/** Who is no member any more says nothing that counts; who became one may have said it before. */
const membersChanged = (state: SyncState, network: Network): Promise<void> =>
  state.inTurn(async () => {
    const { membership, book } = network;
    const gone = [...book.values()].filter(
      ({ certificate }) => !isMemberOf(membership, certificate),
    );
    if (gone.length > 0 && isPresent(state, network)) {
      const meta = new Map(gone.map(({ name }) => bookRemoval(membership, name)));
      await state.engine.deps.store.write({ meta, durability: "relaxed" });
      for (const { name } of gone) book.delete(name);
    }
    for (const connected of servedIn(state, network.membership)) {
      tell(network, connected);
      askFor(network, connected);
    }
    changed(state, network);
  });

/** False: it was left, or sync has ended. */
const isPresent = ({ engine, carrier }: SyncState, { membership }: Network): boolean =>
  carrier !== null && engine.registry.networks.all().includes(membership);

// ------------------------------------------------------------------------ what this one says

const acknowledge = async (state: SyncState, network: Network): Promise<void> => {
  const { membership } = network;
  const { crypto, timers } = state.engine.deps;
  if (!isMemberOf(membership, membership.device.certificate)) return;
  const own = ownOf(network);
  const { lost } = network;
  const scopes = await scopesToSay(state, network);
  if (!isPresent(state, network) || (scopes.size === 0 && lost === null)) return;
  const { incarnation, counter } = own.held.number;
  const said = await makeAcknowledgement(
    {
      ...(lost === null
        ? { incarnation, counter: counter + 1 }
        : { incarnation: Math.max(incarnation, lost) + 1, counter: 1 }),
      ...{ networkHash: membership.network.networkHash, device: membership.device.publicKey },
      ...{ controlHead: membership.control.head(), scopes },
    },
    membership.device.seed,
    crypto,
  );
  // So many writers that nobody could take it in: such a scope waits for a checkpoint
  if (said.bytes.length > acknowledgementBytesMax || !isPresent(state, network)) return;
  const device = { ...own, held: withAcknowledgement(own.held, said) };
  // Before anybody hears of it: no number is used twice
  await keepOwn(state, network, device);
  network.lost = null;
  network.said = { at: timers.now(), bytes: said.bytes.length };
  for (const connected of servedIn(state, network.membership))
    give(network, connected, device, said);
};

const ownOf = ({ membership, book }: Network): AcknowledgedDevice => {
  const { name, certificate } = membership.device;
  return book.get(name) ?? { name, certificate, held: nothingAcknowledged };
};

const keepOwn = async (
  { engine: { deps } }: SyncState,
  { membership, book }: Network,
  device: AcknowledgedDevice,
): Promise<void> => {
  await deps.store.write({ meta: new Map([bookChange(membership, device)]) });
  book.set(device.name, device);
};

/**
 * What changed since it was said last; all of it where that is to be said anew, or stands in too
 * many pieces.
 */
const scopesToSay = async (state: SyncState, network: Network): Promise<ScopeRows> => {
  const { held } = ownOf(network);
  const isAnew = network.lost !== null || held.live.length >= acknowledgementsPerDeviceMax;
  const scopes = new Map<ScopeId, readonly Row[]>();
  const homes = homesIn(state, network);
  for (const home of homes) {
    // Nothing is being judged then: what the tree holds is stored
    const rows = await state.engine.ingest.inTurn(home, () =>
      Promise.resolve(home.tree.heads().map(rowOfHead)),
    );
    const said = network.lost === null ? (held.scopes.get(home.scope) ?? []) : [];
    if (!areSameRows(rows, said) || (isAnew && rows.length > 0)) scopes.set(home.scope, rows);
  }
  if (network.lost !== null || network.isCopied) return scopes;
  const present = new Set(homes.map(({ scope }) => scope));
  for (const [scope, rows] of held.scopes) {
    if (rows.length > 0 && !present.has(scope)) scopes.set(scope, []);
  }
  return scopes;
};

/** Those of detached collections, too: what they hold stays here. */
const homesIn = ({ engine }: SyncState, { membership }: Network): readonly Home[] =>
  engine.registry
    .collections()
    .flatMap(({ shared }) => (shared?.membership === membership ? [shared] : []));
