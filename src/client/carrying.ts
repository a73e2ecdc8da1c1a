/**
 * When the page's network runs, and with which relays: it starts when it is first wanted, and again
 * when a relay is named that it does not use yet.
 */
import type { PagePlatform } from "./connection.ts";
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

/** `page` null: the network does not run here. */
export const createCarrying = (session: Session, page: PagePlatform | null): Carrying => {
  const relays = new Set<string>();
  let takeDown: (() => Promise<void>) | null = null;
  let isStopped = false;
  // Starts and stops go one after another.
  let turn: Promise<void> = Promise.resolve();

  const warn = (text: string): void => {
    session.events.emit("warning", text);
  };

  const start = async (): Promise<void> => {
    if (page === null || isStopped) return;
    await takeDown?.();
    takeDown = null;
    try {
      await session.opened;
      takeDown = await session.ask(async (service) => ({
        ok: true,
        value: await page.carry(service, [...relays]),
      }));
    } catch (error) {
      warn(`This page has no network: ${toNebulusError(error).message}`);
    }
  };

  return {
    use(addresses) {
      const known = relays.size;
      for (const address of addresses) {
        if (isDialable(address)) relays.add(address);
        else warn(`A page cannot dial ${address}; it needs an address with /ws or /wss.`);
      }
      const isFirst = takeDown === null && known === 0;
      if (isFirst || relays.size > known) turn = turn.then(start);
    },
    running: () => takeDown !== null,
    stop: () => {
      isStopped = true;
      turn = turn.then(() => takeDown?.());
      return turn;
    },
  };
};

/** Pages speak WebSocket to relays; everything else goes through those. */
const isDialable = (address: string): boolean => /\/wss?(\/|$)/.test(address);
