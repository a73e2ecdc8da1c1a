/**
 * What a sync state rests on: which devices were compared, by name, and what a network waits for.
 */
import type { NetworkConfig, SyncProgress, SyncState } from "../../client/networkTypes.ts";
import { closedMessages, sharingMessages } from "../sharingMessages.ts";
import { deviceOfMember } from "./members.ts";

/** The devices that a collection was found equal with, in words. */
export const comparedWith = (network: NetworkConfig, { status }: SyncState): readonly string[] =>
  status.kind === "synced" ? status.with.map((device) => deviceOfMember(network, device)) : [];

/** Of what was missing, how much has come; null: nothing is known to be missing. */
export const progressOf = ({ status }: SyncState): SyncProgress | null => {
  if (status.kind !== "syncing" && status.kind !== "behind") return null;
  return status.progress.total > 0 ? status.progress : null;
};

/** Why less than all of a network is exchanged; empty: nothing stands in the way. */
export const standingInWords = ({ waitsFor, closed, refused }: NetworkConfig): string => {
  if (closed === null && refused !== null) return closedMessages.notLetIn[refused];
  if (waitsFor === "maker") return sharingMessages.joiningText;
  if (waitsFor === "secret") return sharingMessages.isPending;
  if (closed === null) return "";
  const operations = closed.notAccepted.reduce((sum, each) => sum + each.operations, 0);
  if (operations > 0) return closedMessages.notAcceptedCount(operations);
  if (closed.standing === "removed") return closedMessages.removed;
  if (refused !== null) return closedMessages.notLetIn[refused];
  return closed.standing === "waiting" ? closedMessages.waiting : "";
};
