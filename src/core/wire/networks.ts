/**
 * What pages ask of closed networks, as it crosses to the worker.
 */

/** `owner`: decides who is in it; `editor`: reads and writes; `reader`: reads. */
export type MemberRoleName = "owner" | "editor" | "reader";

export interface InviteRequest {
  /** `device`: a further device of this one's account. */
  readonly purpose: "member" | "device";
  readonly role: MemberRoleName;
  readonly uses: number;
  /** null: it lasts until it is used up or revoked. */
  readonly expiresInMs: number | null;
  /** What whoever comes in by it is to be called; null: that is left to them. */
  readonly name: string | null;
}

export type MemberChange =
  /** Accounts as hexadecimal, devices as `_peerId` names them. */
  | { readonly kind: "remove-account"; readonly account: string }
  | { readonly kind: "remove-device"; readonly device: string }
  | { readonly kind: "role"; readonly account: string; readonly role: MemberRoleName }
  /** The device puts records in order from then on. */
  | { readonly kind: "transfer"; readonly device: string };

export type ManageRequest =
  /**
   * Takes an invite: the link, its fragment or its code. `relays`: those of its relays that this
   * device is to use, judged by the page, which knows where it is. Default none.
   */
  | { readonly kind: "join"; readonly link: string; readonly relays?: readonly string[] }
  /** Replaces those at which this network's members are looked for beside this device's own. */
  | { readonly kind: "relays"; readonly networkId: string; readonly relays: readonly string[] }
  /** Whether documents are private there, on this device, unless they are shared one by one. */
  | { readonly kind: "private"; readonly networkId: string; readonly isPrivate: boolean }
  | {
      readonly kind: "invite";
      readonly networkId: string;
      /** Made by the page: a request that is asked again gives the same invite. */
      readonly requestId: string;
      readonly invite: InviteRequest;
      /** Where this device is met: the link names them. Default none. */
      readonly relays?: readonly string[];
    }
  | { readonly kind: "revoke"; readonly networkId: string; readonly id: string }
  | { readonly kind: "member"; readonly networkId: string; readonly change: MemberChange }
  /** Accounts as hexadecimal; an empty name: none from then on. */
  | {
      readonly kind: "name";
      readonly networkId: string;
      readonly account: string;
      readonly name: string;
    }
  /** What is written from then on is sealed under a new key. */
  | { readonly kind: "epoch"; readonly networkId: string }
  /** Their texts are the answer's `recoveryKeys`. */
  | { readonly kind: "export-recovery-key"; readonly networkId: string }
  /** None is on this device from then on. */
  | { readonly kind: "forget-recovery-keys"; readonly networkId: string }
  | {
      readonly kind: "import-recovery-key";
      readonly networkId: string;
      readonly recoveryKey: string;
    }
  /**
   * With recovery keys, as many as the network needs on this device and others: the chain goes on
   * under another device, as `_peerId` names it; null: under this one.
   */
  | { readonly kind: "term"; readonly networkId: string; readonly device: string | null }
  /** What this device wrote and nobody accepted: to be written anew, or let go. */
  | {
      readonly kind: "not-accepted";
      readonly networkId: string;
      readonly action: "reissue" | "discard";
    };

export interface Managed {
  readonly networkId: string;
  /** Of an invite: `#join=…`, to be set behind the address of an app. */
  readonly link: string | null;
  /** Of an invite: its public key in hexadecimal. */
  readonly id: string | null;
  /** It counts when the device that puts decisions in order was connected. */
  readonly isWaiting: boolean;
  /** The texts of the recovery keys of this device, where those were asked for. */
  readonly recoveryKeys: readonly string[];
}
