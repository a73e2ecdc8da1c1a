/**
 * The greeting on a new channel: which network it is about, and who is there.
 */
import type { PeerChannel } from "../../core/net/carrier.ts";
import type { CheckedCertificate } from "../../core/network/certificate.ts";
import type { SessionIdentity } from "../../core/sync/sessionState.ts";
import type { OpenMembership } from "../identity.ts";
import type { SyncState } from "./state.ts";

export interface GreetedPeer {
  readonly membership: OpenMembership;
  readonly certificate: CheckedCertificate;
  readonly identity: SessionIdentity;
}

export const greetPeer = (_state: SyncState, _channel: PeerChannel): Promise<GreetedPeer | null> =>
  Promise.resolve(null);
