/**
 * Giving members of a closed network their names: everybody their own, owners any.
 */
import { bytesToHex, hexToBytes } from "../../core/base/bytes.ts";
import { invalid } from "../../core/base/errors.ts";
import { memberNameBytesMax } from "../../core/base/limits.ts";
import { storedCertificate } from "../../core/network/certificate.ts";
import type { ClosedControl } from "../../core/network/closed/chain.ts";
import { isMemberName, sealMemberName } from "../../core/network/closed/memberName.ts";
import type { Engine } from "../engine.ts";
import { decide, type Decision } from "./decide.ts";
import { closedChange, type ClosedMembership } from "./membership.ts";

/** null: it is called that already. */
export const nameMember = async (
  engine: Engine,
  membership: ClosedMembership,
  account: string,
  text: string,
): Promise<Decision | null> => {
  const name = checkedName(text);
  if ((membership.names.get(account)?.opened ?? "") === name) return null;
  return proposeName(engine, membership, hexToBytes(account), name);
};

/**
 * Whoever came in by an invite of this device is called as it was made for, unless it said
 * otherwise by itself. True: something was proposed.
 */
export const nameNewcomers = async (
  engine: Engine,
  membership: ClosedMembership,
): Promise<boolean> => {
  const { control, invites } = membership;
  let hasProposed = false;
  for (const [id, { seed, name }] of invites) {
    const account = name === null ? null : admittedBy(control, id);
    if (name === null || account === null) continue;
    invites.set(id, { seed, name: null });
    if (control.state().names.has(bytesToHex(account))) continue;
    await proposeName(engine, membership, account, name);
    hasProposed = true;
  }
  if (hasProposed) await engine.deps.store.write({ meta: new Map([closedChange(membership)]) });
  return hasProposed;
};

const admittedBy = (control: ClosedControl, invite: string): Uint8Array | null => {
  for (const { proposal } of control.records()) {
    const { content } = proposal;
    if (content.kind !== "admit" || content.invite === null) continue;
    if (bytesToHex(content.invite.publicKey) !== invite) continue;
    return storedCertificate(content.certificate)?.account ?? null;
  }
  return null;
};

/** `name`: checked; empty: none from then on. */
const proposeName = async (
  engine: Engine,
  membership: ClosedMembership,
  account: Uint8Array,
  name: string,
): Promise<Decision> => {
  const epoch = membership.epochs.latest();
  if (epoch === null) return { kind: "refused", fault: "no-right" };
  const named = { networkHash: membership.network.networkHash, account };
  const sealed = await sealMemberName(name, epoch, named, engine.deps.crypto);
  return decide(engine, membership, { kind: "name", account, sealed });
};

/** Without space around it; throws `InvalidArgument` for what could not be shown in a line. */
export const checkedName = (text: string): string => {
  const name = text.trim().normalize("NFC");
  if (name === "" || isMemberName(name)) return name;
  throw invalid(
    "InvalidArgument",
    `A name is one line of text of ${String(memberNameBytesMax)} bytes at most.`,
    "name",
  );
};
