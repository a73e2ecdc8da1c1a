/**
 * What pages ask of closed networks, as it crosses to the worker.
 */

export type MemberRoleName = "owner" | "editor" | "reader";

export interface InviteRequest {
  /** `device`: a further device of this one's account. */
  readonly purpose: "member" | "device";
  readonly role: MemberRoleName;
  readonly uses: number;
  /** null: it lasts until it is used up or revoked. */
  readonly expiresInMs: number | null;
}

export type MemberChange =
  /** Accounts as hexadecimal, devices as `_peerId` names them. */
  | { readonly kind: "remove-account"; readonly account: string }
  | { readonly kind: "remove-device"; readonly device: string }
  | { readonly kind: "role"; readonly account: string; readonly role: MemberRoleName }
  /** The device puts records in order from then on. */
  | { readonly kind: "transfer"; readonly device: string };

export type ManageRequest =
  /** Takes an invite: the link, its fragment or its code. */
  | { readonly kind: "join"; readonly link: string }
  | { readonly kind: "invite"; readonly networkId: string; readonly invite: InviteRequest }
  | { readonly kind: "revoke"; readonly networkId: string; readonly id: string }
  | { readonly kind: "member"; readonly networkId: string; readonly change: MemberChange };

export interface Managed {
  readonly networkId: string;
  /** Of an invite: `#join=…`, to be set behind the address of an app. */
  readonly link: string | null;
  /** Of an invite: its public key in hexadecimal. */
  readonly id: string | null;
  /** It counts when the device that puts decisions in order was connected. */
  readonly isWaiting: boolean;
}
