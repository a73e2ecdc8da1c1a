/**
 * The state of sync in one sentence that says what it rests on. The least finished collection
 * counts: "equal" is only said when it was checked for all of them.
 */
import { unreachable } from "../../core/base/result.ts";
import type { NetworkConfig, PeerInfo, SyncState } from "../../client/networkTypes.ts";
import { messages } from "../messages.ts";

export interface SyncWords {
  readonly text: string;
  /** How it is coloured and drawn; never the only thing that tells. */
  readonly mood: "local" | "busy" | "good" | "warn";
}

/** How many devices these are: one may be met in several networks. */
export const countDevices = (peers: readonly Pick<PeerInfo, "transportId">[]): number =>
  new Set(peers.map(({ transportId }) => transportId)).size;

/** `networks`: how many this device is in. `devices`: peers connected now, each once. */
export const overviewInWords = (
  states: readonly SyncState[],
  networks: number,
  devices: number,
): SyncWords => {
  if (networks === 0) return { text: messages.sync.local, mood: "local" };
  if (states.length === 0) return { text: messages.sync.nothingShared, mood: "local" };
  const pending = states.reduce((sum, state) => sum + state.pendingOperations, 0);
  const least = [...states]
    .sort((a, b) => rankOf(a) - rankOf(b) || comparedOf(a) - comparedOf(b))
    .at(0);
  return least === undefined
    ? { text: messages.sync.nothingShared, mood: "local" }
    : stateInWords({ ...least, pendingOperations: pending }, devices);
};

/** What comes before how far sync is: nothing of it shows in the states of collections. */
export const attentionInWords = (
  networks: readonly NetworkConfig[],
  isSharing: boolean,
): SyncWords | null => {
  const operations = networks
    .flatMap(({ closed }) => closed?.notAccepted ?? [])
    .reduce((sum, each) => sum + each.operations, 0);
  if (operations > 0) return { text: messages.sync.notAccepted(operations), mood: "warn" };
  const removed = networks.find(({ closed }) => closed?.standing === "removed");
  if (removed !== undefined) {
    return { text: messages.sync.removed(removed.name), mood: "warn" };
  }
  const refusing = networks.find(({ refused }) => refused !== null);
  if (refusing !== undefined) return { text: messages.sync.notLetIn(refusing.name), mood: "warn" };
  const joining = networks.find(
    ({ waitsFor, closed }) => waitsFor === "maker" || closed?.standing === "waiting",
  );
  return joining === undefined || isSharing ? null : busy(messages.sync.joining(joining.name));
};

/** One collection's. `devices`: connected members of its network. */
export const stateInWords = (state: SyncState, devices: number): SyncWords => {
  const { status, pendingOperations: pending } = state;
  switch (status.kind) {
    case "disconnected":
      return pending > 0
        ? { text: messages.sync.waiting(pending), mood: "warn" }
        : { text: messages.sync.looking, mood: "busy" };
    case "paused":
      return pending > 0
        ? { text: messages.sync.paused(pending), mood: "warn" }
        : { text: messages.sync.byHand, mood: "local" };
    case "syncing":
      if (status.ops > 0) return busy(messages.sync.fetching(status.ops));
      return busy(pending > 0 ? messages.sync.sending(pending) : messages.sync.comparing(devices));
    case "behind":
      return { text: messages.sync.behind(status.ops), mood: "warn" };
    case "synced":
      if (status.unread > 0) return { text: messages.sync.unread(status.unread), mood: "warn" };
      return status.verified
        ? { text: messages.sync.verified(status.with.length), mood: "good" }
        : busy(messages.sync.unverified(status.with.length));
    case "mismatch":
      return { text: messages.sync.mismatch, mood: "warn" };
    default:
      return unreachable(status);
  }
};

const busy = (text: string): SyncWords => ({ text, mood: "busy" });

/** With how many devices it was compared. */
const comparedOf = ({ status }: SyncState): number =>
  status.kind === "synced" ? status.with.length : 0;

/** The less is finished, the lower. */
const rankOf = ({ status, pendingOperations }: SyncState): number => {
  switch (status.kind) {
    case "mismatch":
      return -1;
    case "disconnected":
    case "paused":
      return pendingOperations > 0 ? 0 : 1;
    case "behind":
      return 2;
    case "syncing":
      return 3;
    case "synced":
      if (status.unread > 0) return 4;
      return status.verified ? 6 : 5;
    default:
      return unreachable(status);
  }
};
