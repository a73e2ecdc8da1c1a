/**
 * What is kept of this device in a closed network.
 */
import type { ScopeId, ShortHash } from "../../core/base/types.ts";
import type { CheckedCertificate } from "../../core/network/certificate.ts";
import type { ClosedControl } from "../../core/network/closed/chain.ts";
import type { MemberRole } from "../../core/network/closed/content.ts";
import type { CollectionSettings } from "../../core/network/closed/settings.ts";
import type { ParsedProposal } from "../../core/network/closed/record.ts";
import type { NetworkKeys } from "../../core/network/keys.ts";
import type { AdmissionRefusal } from "../../core/wire/snapshots.ts";
import type { NotAccepted } from "../aside.ts";
import type { Device } from "../device.ts";
import type { Recorded } from "./recorded.ts";

/** How this device stands in a network by what its chain says. */
export type OwnStanding = MemberRole | "waiting" | "removed";

/** What snapshots tell of a home. */
export interface SharedHome {
  readonly collection: string;
  readonly scope: ScopeId;
  readonly notAccepted: NotAccepted | null;
  readonly isAttached: boolean;
}

export interface OwnInvite {
  readonly seed: Uint8Array;
  /** What whoever comes in by it is to be called; null: that is left to them. */
  readonly name: string | null;
}

/** The invite by which this device came. */
export interface CameBy {
  /** Public key of the invite, 32 bytes. */
  readonly invite: Uint8Array;
  /** Of the invite's seed, as in the record that admits it; null: noted by an older program. */
  readonly signature: Uint8Array | null;
  /** Why it will not be let in, as a member said; null: nobody did. */
  told: AdmissionRefusal | null;
}

export interface ClosedParts {
  readonly network: NetworkKeys & { readonly suite: 1 };
  readonly device: Device & {
    readonly certificate: CheckedCertificate;
    readonly xWingSeed: Uint8Array;
  };
  readonly accountSeed: Uint8Array;
  readonly networkSecret: Uint8Array;
  /**
   * Of recovery keys, which open a new term: on the creator's device, and where one was taken in.
   */
  recoverySeeds: readonly Uint8Array[];
  readonly control: ClosedControl;
  /** How this device came; null: it made the network. */
  readonly cameBy: CameBy | null;
  /** Whom this device handed keys to and the sequencer refused, by signing key in hexadecimal. */
  readonly refusedJoiners: Map<string, AdmissionRefusal>;
  /** The caller's name for it. */
  readonly networkId: string;
  /** What people read. */
  readonly title: string;
  /** Keys of epochs; it grows. */
  readonly keys: Map<ShortHash, Uint8Array>;
  /** That this device made, by public key in hexadecimal. */
  readonly invites: Map<string, OwnInvite>;
  /** What the sequencer has yet to decide, by name. */
  readonly proposals: Map<string, ParsedProposal>;
  /** What this device shares with others, by their signing keys in hexadecimal; it grows. */
  readonly pairs: Map<string, Uint8Array>;
  /** Removed devices that showed since the opening that they know it, by signing key. */
  readonly knowRemoved: Set<string>;
  /** Of collections that members share; it grows. */
  readonly settings: Map<ScopeId, Recorded<CollectionSettings>>;
  /** What the chain says that accounts are called, by account in hexadecimal. */
  readonly names: Map<string, Recorded<string>>;
}
