/**
 * Since when decisions about networks wait, as far as this page saw it begin: no chain tells, since
 * what waits stands in none yet.
 */
import type { NetworkConfig } from "../../client/networkTypes.ts";

export interface Waits {
  /** Told whenever networks changed. */
  readonly note: (networks: readonly Pick<NetworkConfig, "networkId" | "closed">[]) => void;
  /** Milliseconds since 1970; null: it waited when the page was opened, or does not wait. */
  readonly since: (networkId: string) => number | null;
}

export const createWaits = (now: () => number): Waits => {
  const began = new Map<string, number | null>();
  let hasLooked = false;
  return {
    note(networks) {
      for (const { networkId, closed } of networks) {
        const isWaiting = closed?.standing === "waiting" || (closed?.waiting ?? []).length > 0;
        if (!isWaiting) began.delete(networkId);
        else if (!began.has(networkId)) began.set(networkId, hasLooked ? now() : null);
      }
      hasLooked = true;
    },
    since: (networkId) => began.get(networkId) ?? null,
  };
};
