/**
 * Members of closed networks, as an application invites, lists and removes them.
 */
import type {
  InviteRequest,
  ManageRequest,
  MemberChange,
  MemberRoleName,
} from "../core/wire/networks.ts";
import { loadPart } from "../core/base/parts.ts";
import { isPlainObject } from "../core/cbor/check.ts";
import { refusal } from "./answer.ts";
import type { Networks } from "./networks.ts";
import type { Invite, InviteOptions, Member } from "./networkTypes.ts";
import type { Session } from "./session.ts";
import type { CallOptions } from "./types.ts";

export interface Members {
  readonly invite: (networkId: string, options?: InviteOptions) => Promise<Invite>;
  readonly revokeInvite: (networkId: string, id: string, call?: CallOptions) => Promise<void>;
  readonly members: (networkId: string) => readonly Member[];
  readonly removeMember: (networkId: string, member: string, call?: CallOptions) => Promise<void>;
  readonly setRole: (
    networkId: string,
    account: string,
    role: MemberRoleName,
    call?: CallOptions,
  ) => Promise<void>;
  readonly nameMember: (
    networkId: string,
    account: string,
    name: string,
    call?: CallOptions,
  ) => Promise<void>;
  readonly setSequencer: (networkId: string, device: string, call?: CallOptions) => Promise<void>;
  readonly renewEpoch: (networkId: string, call?: CallOptions) => Promise<void>;
  readonly exportRecoveryKey: (networkId: string, call?: CallOptions) => Promise<string>;
  readonly exportRecoveryKeys: (
    networkId: string,
    call?: CallOptions,
  ) => Promise<readonly string[]>;
  readonly forgetRecoveryKeys: (networkId: string, call?: CallOptions) => Promise<void>;
  readonly importRecoveryKey: (
    networkId: string,
    recoveryKey: string,
    call?: CallOptions,
  ) => Promise<void>;
  readonly openTerm: (networkId: string, device?: string, call?: CallOptions) => Promise<void>;
  readonly reissueNotAccepted: (networkId: string, call?: CallOptions) => Promise<void>;
  readonly discardNotAccepted: (networkId: string, call?: CallOptions) => Promise<void>;
}

export interface MembersDeps {
  readonly session: Session;
  readonly networks: Pick<Networks, "manage">;
  /** Of the app that a link leads to; null in Node. */
  readonly pageUrl: () => string | null;
}

export const createMembers = ({ session, networks, pageUrl }: MembersDeps): Members => {
  const members = (networkId: string): readonly Member[] =>
    session.networks().find((each) => each.networkId === networkId)?.closed?.members ?? [];
  const ask = async (request: ManageRequest, call?: CallOptions): Promise<void> => {
    await networks.manage(request, call);
  };
  const change = (networkId: string, wanted: MemberChange, call?: CallOptions): Promise<void> =>
    ask({ kind: "member", networkId, change: wanted }, call);
  const revokeInvite: Members["revokeInvite"] = (networkId, id, call) =>
    ask({ kind: "revoke", networkId, id }, call);
  const notAccepted =
    (action: "reissue" | "discard"): Members["reissueNotAccepted"] =>
    (networkId, call) =>
      ask({ kind: "not-accepted", networkId, action }, call);
  const exportKeys: Members["exportRecoveryKeys"] = async (networkId, call) =>
    (await networks.manage({ kind: "export-recovery-key", networkId }, call)).recoveryKeys;
  return {
    members,
    revokeInvite,
    async invite(networkId, options) {
      const invite = requestOf(options);
      const requestId = session.makeId();
      const { relaysToOffer } = await loadPart(() => import("./invitedRelays.ts"));
      const network = session.networks().find((each) => each.networkId === networkId);
      const relays = relaysToOffer({
        ...{ connectivity: session.connectivity(), network, pageUrl: pageUrl() },
      });
      const request = { kind: "invite", networkId, requestId, invite, relays } as const;
      const made = await networks.manage(request, options);
      const [url, id] = [(pageUrl() ?? "") + (made.link ?? ""), made.id ?? ""];
      return {
        ...{ url, id, isWaiting: made.isWaiting },
        qr: async () => (await loadPart(() => import("./qrPicture.ts"))).qrPicture(url),
        revoke: () => revokeInvite(networkId, id),
      };
    },
    removeMember(networkId, member, call) {
      const isAccount = members(networkId).some(({ account }) => account === member);
      const wanted: MemberChange = isAccount
        ? { kind: "remove-account", account: member }
        : { kind: "remove-device", device: member };
      return change(networkId, wanted, call);
    },
    setRole: (networkId, account, role, call) =>
      change(networkId, { kind: "role", account, role: roleOf(role) }, call),
    nameMember: (networkId, account, name, call) =>
      ask({ kind: "name", networkId, account, name: textOf(name) }, call),
    setSequencer: (networkId, device, call) =>
      change(networkId, { kind: "transfer", device }, call),
    renewEpoch: (networkId, call) => ask({ kind: "epoch", networkId }, call),
    exportRecoveryKey: async (networkId, call) => (await exportKeys(networkId, call))[0] ?? "",
    exportRecoveryKeys: exportKeys,
    forgetRecoveryKeys: (networkId, call) => ask({ kind: "forget-recovery-keys", networkId }, call),
    importRecoveryKey: (networkId, recoveryKey, call) =>
      ask({ kind: "import-recovery-key", networkId, recoveryKey }, call),
    openTerm: (networkId, device, call) =>
      ask({ kind: "term", networkId, device: device ?? null }, call),
    reissueNotAccepted: notAccepted("reissue"),
    discardNotAccepted: notAccepted("discard"),
  };
};

const threeDays = 3 * 86_400_000;
const roles: readonly MemberRoleName[] = ["owner", "editor", "reader"];

const requestOf = (options: unknown): InviteRequest => {
  const given = isPlainObject(options) ? options : {};
  const { role = "editor", uses = 1, expiresInMs = threeDays, kind = "member", name } = given;
  if (typeof uses !== "number" || !Number.isSafeInteger(uses) || uses < 1) {
    throw refusal("InvalidArgument", "uses: a whole number from 1", "uses");
  }
  if (typeof expiresInMs !== "number" || !(expiresInMs > 0)) {
    throw refusal("InvalidArgument", "expiresInMs: milliseconds above 0", "expiresInMs");
  }
  if (kind !== "member" && kind !== "device") {
    throw refusal("InvalidArgument", "kind: member or device", "kind");
  }
  if (name !== undefined && (uses > 1 || kind === "device")) {
    throw refusal("InvalidArgument", "name: of an invite for one person, used once", "name");
  }
  const isEndless = expiresInMs === Infinity;
  return {
    ...{ purpose: kind, role: roleOf(role), uses },
    expiresInMs: isEndless ? null : Math.ceil(expiresInMs),
    name: name === undefined ? null : textOf(name),
  };
};

const textOf = (name: unknown): string => {
  if (typeof name === "string") return name;
  throw refusal("InvalidArgument", "name: one line of text", "name");
};

const roleOf = (role: unknown): MemberRoleName => {
  const found = roles.find((each) => each === role);
  if (found !== undefined) return found;
  throw refusal("InvalidArgument", "role: owner, editor or reader", "role");
};
