/**
 * What pages are told of a closed network: who belongs, which invites are open, what waits.
 */
import { bytesToHex, hexToBytes } from "../../core/base/bytes.ts";
import type { CheckedCertificate } from "../../core/network/certificate.ts";
import { deviceCode } from "../../core/network/deviceCode.ts";
import { openInvite } from "../../core/network/closed/state.ts";
import type {
  InviteSnapshot,
  MemberSnapshot,
  RecoverySnapshot,
} from "../../core/wire/snapshots.ts";
import { deviceNameOf } from "../device.ts";
import { gatheringOf } from "./agreed.ts";
import type { ClosedParts } from "./parts.ts";

export const memberSnapshots = ({
  control,
  device,
  names,
  network,
}: ClosedParts): readonly MemberSnapshot[] => {
  const state = control.state();
  return [...state.accounts].flatMap(([account, { role, isMember }]) => {
    if (!isMember) return [];
    const devices = [...state.devices]
      .filter(([, each]) => each.account === account && !each.isRemoved)
      .map(([key, { certificate }]) => ({
        device: deviceNameOf(hexToBytes(key)),
        code: codeOf(network.networkHash, certificate),
        isSequencer: key === state.sequencer,
        isThis: key === bytesToHex(device.publicKey),
      }));
    const isSelf = account === bytesToHex(device.certificate.account);
    return [{ account, name: names.get(account)?.opened ?? null, role, isSelf, devices }];
  });
};

/** Hashed once: pages are told often. */
const codeOf = (networkHash: Uint8Array, certificate: CheckedCertificate): string => {
  const code = codes.get(certificate) ?? deviceCode(networkHash, certificate);
  codes.set(certificate, code);
  return code;
};

const codes = new WeakMap<CheckedCertificate, string>();

export const inviteSnapshots = (
  { control, invites }: ClosedParts,
  nowMs: number,
): readonly InviteSnapshot[] =>
  [...invites.keys()].flatMap((id): readonly InviteSnapshot[] => {
    const known = control.state().invites.get(id);
    if (known === undefined) return [{ id, state: "waiting", usesLeft: 0, expiry: null }];
    if (openInvite(control.state(), hexToBytes(id), nowMs) === null) return [];
    return [{ id, state: "open", usesLeft: known.usesLeft, expiry: known.expiry }];
  });

export const recoverySnapshot = ({
  control,
  proposals,
  recoverySeeds,
}: ClosedParts): RecoverySnapshot => {
  const { needed, keys } = control.state().recovery;
  const gathering = gatheringOf({ control, proposals });
  return {
    ...{ needed, keys: keys.size, held: recoverySeeds.length },
    asked:
      gathering === null
        ? null
        : { device: deviceNameOf(gathering.sequencer), agreed: gathering.agreed },
  };
};

/** What the sequencer has yet to decide, by kind. */
export const waitingKinds = ({ proposals }: ClosedParts): readonly string[] =>
  [...proposals.values()].map(({ proposal }) => proposal.content.kind);
