/**
 * When the page's network runs, and with which relays: it starts when it is first wanted, and again
 * when a relay is named that it does not use yet.
 */
import type { Carry } from "./connection.ts";
import { toNebulusError } from "./answer.ts";
import type { Session } from "./session.ts";

export interface Carrying {
  /**
   * Uses these relays from now on, beside those before; ones that a page cannot dial are told and
   * left out.
   */
  readonly use: (relays: readonly string[]) => void;
  readonly running: () => boolean;
  /** Resolves when the network is down. */
  readonly stop: () => Promise<void>;
}

/** `carry` null: there is no network here. */
export const createCarrying = (session: Session, carry: Carry | null): Carrying => {
  const relays = new Set<string>();
  let takeDown: (() => Promise<void>) | null = null;
  /** How many relays the last start used; none that was named goes again. */
  let used: number | null = null;
  let isStopped = false;
  /** libp2p runs in the page of the tab that leads. */
  let isLeading = true;
  let isWanted = false;
  // Starts and stops go one after another.
  let turn: Promise<void> = Promise.resolve();

  const warn = (text: string): void => {
    session.events.emit("warning", text);
  };

  const start = async (): Promise<void> => {
    if (carry === null || isStopped || !isLeading || used === relays.size) return;
    await takeDown?.();
    takeDown = null;
    used = relays.size;
    try {
      takeDown = await session.ask(async (service) => ({
        ok: true,
        value: await carry(service, [...relays]),
      }));
    } catch (error) {
      warn(`This page has no network: ${toNebulusError(error).message}`);
    }
  };

  const goDown = async (): Promise<void> => {
    await takeDown?.();
    takeDown = null;
    used = null;
  };

  session.events.on("leading", (leads) => {
    isLeading = leads;
    if (isWanted) turn = turn.then(leads ? start : goDown);
  });

  return {
    use(addresses) {
      isWanted = true;
      for (const address of addresses) {
        if (isDialable(address)) relays.add(address);
        else warn(`A page cannot dial ${address}; it needs an address with /ws or /wss.`);
      }
      turn = turn.then(start);
    },
    running: () => takeDown !== null,
    stop: () => {
      isStopped = true;
      turn = turn.then(goDown);
      return turn;
    },
  };
};

/** Pages speak WebSocket to relays; everything else goes through those. */
const isDialable = (address: string): boolean => /\/wss?(\/|$)/.test(address);
