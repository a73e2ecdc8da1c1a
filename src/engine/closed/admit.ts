/**
 * The maker of an invite meets whoever holds it: counts the use, proposes the admission, and hands
 * over the chain and what opens it. Who lost the answer and asks again is handed it again.
 */
import { bytesToHex, equalBytes } from "../../core/base/bytes.ts";
import {
  certify,
  storedCertificate,
  type CheckedCertificate,
} from "../../core/network/certificate.ts";
import { admitText } from "../../core/network/closed/chain.ts";
import type { ControlContent } from "../../core/network/closed/content.ts";
import { openInvite, type InviteState } from "../../core/network/closed/state.ts";
import type { AdmissionRefusal } from "../../core/wire/snapshots.ts";
import type { Engine } from "../engine.ts";
import { inviteRefusal, refusalOf } from "./admission.ts";
import { decide } from "./decide.ts";
import { sealHandover } from "./handover.ts";
import { turnsOf, type TurnsOfAll } from "./inTurn.ts";
import { keysFor } from "./keys.ts";
import type { ClosedMembership } from "./membership.ts";

export interface HandedOver {
  /** As it is known in the network from now on. */
  readonly certificate: CheckedCertificate;
  readonly records: readonly Uint8Array[];
  readonly sealed: Uint8Array;
}

/**
 * Or why it is not let in; null: the joiner's keys are none. One after another: each is counted
 * before the next is asked whether its invite has a use left.
 */
export const admitJoiner = (
  engine: Engine,
  membership: ClosedMembership,
  publicKey: Uint8Array,
  shown: CheckedCertificate,
): Promise<HandedOver | AdmissionRefusal | null> =>
  turnsOf(admitting, membership)(() => admitNow(engine, membership, publicKey, shown));

const admitting: TurnsOfAll = new WeakMap();

const admitNow = async (
  engine: Engine,
  membership: ClosedMembership,
  publicKey: Uint8Array,
  shown: CheckedCertificate,
): Promise<HandedOver | AdmissionRefusal | null> => {
  const { control, network, device } = membership;
  const { crypto, timers } = engine.deps;
  if (shown.xWingKey === null) return null;
  const invite = openInvite(control.state(), publicKey, timers.now());
  const known = alreadyIn(membership, shown);
  if (known === null && (invite === null || usesLeft(membership, publicKey, invite) < 1)) {
    return "invite-used";
  }
  const isDevice = invite?.purpose === "device" || (known !== null && isOwn(membership, known));
  const certificate = known ?? (isDevice ? await certifyOwn(engine, membership, shown) : shown);
  if (known === null && invite !== null) {
    const content = await admissionOf(engine, membership, { publicKey, invite, certificate });
    if (content === null) return "invite-revoked";
    const decision = await decide(engine, membership, content);
    if (decision.kind === "refused") {
      return inviteRefusal(control.state(), publicKey, timers.now()) ?? refusalOf(decision.fault);
    }
  }
  const place = {
    networkHash: network.networkHash,
    ...{ maker: device.publicKey, joiner: shown.signingKey },
  };
  const handover = {
    networkSecret: membership.networkSecret,
    keys: keysFor(membership, [certificate]),
    account: isDevice ? { certificate: certificate.bytes, seed: membership.accountSeed } : null,
  };
  const sealed = await sealHandover(handover, shown.xWingKey, place, crypto);
  if (sealed === null) return null;
  return { certificate, records: control.records().map(({ bytes }) => bytes), sealed };
};

/** In the chain, or proposed: under the certificate that stands there. */
const alreadyIn = (
  membership: ClosedMembership,
  { signingKey }: CheckedCertificate,
): CheckedCertificate | null => {
  const admitted = membership.control.state().devices.get(bytesToHex(signingKey));
  if (admitted !== undefined) return admitted.isRemoved ? null : admitted.certificate;
  return (
    pendingAdmissions(membership)
      .map(({ certificate }) => storedCertificate(certificate))
      .find((proposed) => proposed !== null && equalBytes(proposed.signingKey, signingKey)) ?? null
  );
};

const isOwn = ({ device }: ClosedMembership, { account }: CheckedCertificate): boolean =>
  equalBytes(account, device.certificate.account);

const usesLeft = (
  membership: ClosedMembership,
  publicKey: Uint8Array,
  invite: InviteState,
): number =>
  invite.usesLeft -
  pendingAdmissions(membership).filter(
    ({ invite: used }) => used !== null && equalBytes(used.publicKey, publicKey),
  ).length;

const pendingAdmissions = ({
  proposals,
}: ClosedMembership): readonly Extract<ControlContent, { kind: "admit" | "device" }>[] =>
  [...proposals.values()].flatMap(({ proposal: { content } }) =>
    content.kind === "admit" || content.kind === "device" ? [content] : [],
  );

/** The joiner's keys, under this device's account. */
const certifyOwn = (
  { deps: { crypto } }: Engine,
  { device, accountSeed, network }: ClosedMembership,
  shown: CheckedCertificate,
): Promise<CheckedCertificate> => {
  const { account } = device.certificate;
  return certify({ ...shown, account }, network.networkHash, accountSeed, crypto);
};

/** null: the invite was taken back here, and the chain does not say so yet. */
const admissionOf = async (
  { deps: { crypto } }: Engine,
  { network, invites }: ClosedMembership,
  {
    publicKey,
    invite,
    certificate,
  }: {
    readonly publicKey: Uint8Array;
    readonly invite: InviteState;
    readonly certificate: CheckedCertificate;
  },
): Promise<ControlContent | null> => {
  const own = invites.get(bytesToHex(publicKey));
  if (own === undefined) return null;
  const text = admitText(network.networkHash, certificate.bytes);
  const proof = { publicKey, signature: await crypto.sign(own.seed, text) };
  return invite.purpose === "device"
    ? { kind: "device", certificate: certificate.bytes, invite: proof }
    : { kind: "admit", certificate: certificate.bytes, role: invite.role, invite: proof };
};
