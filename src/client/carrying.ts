/**
 * When the page's network runs, and with which settings: it starts when it is first wanted, and
 * again when a relay is named that it does not use yet, or when a person sets something else.
 * Where it cannot start it is tried again and again: what it is made of is loaded from a server
 * that may be away, and nobody should need to reload for that.
 */
import { networkRetryMilliseconds } from "../core/base/limits.ts";
import type { ConnectionSettings, Discovery } from "../core/wire/connection.ts";
import { systemClock, type Clock } from "../net/clock.ts";
import type { DatabaseService } from "../worker/api.ts";
import { toNebulusError } from "./answer.ts";
import type { Carry } from "./connection.ts";
import type { Session } from "./session.ts";

export interface Carrying {
  /**
   * Uses these relays from now on, beside those before; ones that a page cannot dial are told and
   * left out.
   */
  readonly use: (relays: readonly string[]) => void;
  readonly running: () => boolean;
  /** Of the network in this page; another tab's may run where this one's was never started. */
  readonly state: () => "running" | "starting" | "not-started" | "switched-off";
  /** Resolves when the network is down. */
  readonly stop: () => Promise<void>;
}

/** `carry` null: there is no network here. */
export const createCarrying = (
  session: Session,
  carry: CarryAs | null,
  clock: Pick<Clock, "after"> = systemClock,
): Carrying => {
  const relays = new Set<string>();
  let takeDown: (() => Promise<void>) | null = null;
  /** What the last start used, as text. */
  let used: string | null = null;
  let isStopped = false;
  /** libp2p runs in the page of the tab that leads. */
  let isLeading = true;
  let [isWanted, failed] = [false, false];
  let cancelRetry: () => void = () => undefined;
  // Starts and stops go one after another.
  let turn: Promise<void> = Promise.resolve();

  const goDown = async (): Promise<void> => {
    await takeDown?.();
    [takeDown, used] = [null, null];
  };

  const start = async (): Promise<void> => {
    const settings = withRelays(session.connectionSettings(), relays);
    const next = JSON.stringify(settings);
    if (carry === null || isStopped || !isLeading || used === next) return;
    await goDown();
    cancelRetry();
    used = next;
    failed = false;
    try {
      takeDown = await carryIn(session, carry, settings);
    } catch (error) {
      [failed, used] = [true, null];
      warn(session, `This page has no network: ${toNebulusError(error).message}`);
      cancelRetry = clock.after(networkRetryMilliseconds, startInTurn);
    }
  };

  const startInTurn = (): void => {
    turn = turn.then(start);
  };

  session.events.on("leading", (leads) => {
    isLeading = leads;
    if (isWanted) turn = turn.then(leads ? start : goDown);
  });
  session.events.on("connection", () => {
    if (isWanted) startInTurn();
  });

  return {
    use(addresses) {
      isWanted = true;
      for (const address of dialableOf(session, addresses)) relays.add(address);
      startInTurn();
    },
    running: () => takeDown !== null,
    state: () => {
      if (takeDown !== null) return "running";
      return carry === null || !isWanted ? "switched-off" : failed ? "not-started" : "starting";
    },
    stop: () => {
      isStopped = true;
      cancelRetry();
      turn = turn.then(goDown);
      return turn;
    },
  };
};

/** In the way that the application asked for. */
export type CarryAs = (
  service: DatabaseService,
  settings: ConnectionSettings,
) => Promise<() => Promise<void>>;

export const carryAs = (carry: Carry | null, discovery: Discovery): CarryAs | null =>
  carry === null ? null : (service, settings) => carry(service, settings, discovery);

const warn = ({ events }: Session, text: string): void => {
  events.emit("warning", text);
};

/** The others are told. */
const dialableOf = (session: Session, addresses: readonly string[]): readonly string[] =>
  addresses.filter((address) => {
    const isFit = isDialable(address);
    if (!isFit) {
      warn(session, `A page cannot dial ${address}; it needs an address with /ws or /wss.`);
    }
    return isFit;
  });

/** What takes it down again. */
const carryIn = (
  session: Session,
  carry: CarryAs,
  settings: ConnectionSettings,
): ReturnType<CarryAs> =>
  session.ask(async (service) => ({ ok: true, value: await carry(service, settings) }));

/** What is set, with the relays that came with a network. */
const withRelays = (
  settings: ConnectionSettings,
  relays: Iterable<string>,
): ConnectionSettings => ({
  ...settings,
  relays: [...new Set([...settings.relays, ...relays])],
});

/** Pages speak WebSocket to relays; everything else goes through those. */
const isDialable = (address: string): boolean => /\/wss?(\/|$)/.test(address);
