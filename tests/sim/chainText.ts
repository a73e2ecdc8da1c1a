/**
 * What devices know of a closed network's chain, as lines for whoever looks at one run.
 */
import { bytesToHex } from "../../src/core/base/bytes.ts";
import { storedCertificate } from "../../src/core/network/certificate.ts";
import type { ClosedControl } from "../../src/core/network/closed/chain.ts";
import type { ControlContent } from "../../src/core/network/closed/content.ts";
import { epochIdOf, type ControlRecord } from "../../src/core/network/closed/record.ts";
import type { ClosedMembership } from "../../src/engine/closed/membership.ts";
import type { Device } from "./device.ts";

/** Where a device stands, with the beginning of its key. */
export const standingText = ({ control, device, keys }: ClosedMembership): string => {
  const { term, height, hash } = control.head();
  const isSequencer = control.state().sequencer === bytesToHex(device.publicKey);
  const at = `${term}/${height}/${hash.slice(0, 6)}${isSequencer ? ", sequencer" : ""}`;
  const standing = standingIn(control, device.publicKey);
  const held = [...keys.keys()].map((id) => id.slice(0, 6)).join();
  return `${keyText(device.publicKey)} is ${standing} at ${at}, keys ${held}`;
};

const standingIn = (control: ClosedControl, publicKey: Uint8Array): string => {
  const state = control.state();
  const device = state.devices.get(bytesToHex(publicKey));
  if (device === undefined) return "waiting";
  const account = state.accounts.get(device.account);
  return device.isRemoved || account?.isMember !== true ? "removed" : account.role;
};

/** All records that anybody has; those that do not count are marked. */
export const chainLines = (
  control: ClosedControl,
  devices: readonly Pick<Device, "membership">[],
): readonly string[] => {
  const path = new Set(control.from(0).map(({ hash }) => hash));
  const all = new Map(
    devices.flatMap(({ membership }) =>
      (membership?.control.records() ?? []).map((record) => [record.hash, record] as const),
    ),
  );
  return [...all.values()]
    .sort((a, b) => a.height - b.height || a.term - b.term)
    .map((record) => `${path.has(record.hash) ? " " : "-"} ${recordLine(record)}`);
};

const recordLine = (record: ControlRecord): string => {
  const { term, height, hash, previous, proposal, signed } = record;
  const { content, base } = proposal;
  const by = signed.signatures.map(({ signer }) => keyText(signer)).join();
  const hashes = `${(previous ?? "").slice(0, 6)}>${hash.slice(0, 6)}`;
  const epoch = "epoch" in content ? ` epoch ${epochIdOf(record).slice(0, 6)}` : "";
  return `${term}/${height} ${hashes} ${aboutText(content)}${epoch} by ${by} on ${base.height}`;
};

const aboutText = (content: ControlContent): string => {
  const account = "account" in content && content.account !== null ? [content.account] : [];
  const named = "devices" in content ? content.devices : [];
  const certificate = "certificate" in content ? storedCertificate(content.certificate) : null;
  const keys = certificate === null ? [] : [certificate.signingKey, certificate.account];
  const to = content.kind === "transfer" ? [content.device] : [];
  const sequencer = content.kind === "term" ? [content.sequencer] : [];
  const all = [...account, ...named, ...keys, ...to, ...sequencer];
  const role = "role" in content ? content.role : "";
  return [content.kind, role, ...all.map(keyText)].filter((part) => part !== "").join(" ");
};

const keyText = (key: Uint8Array): string => bytesToHex(key).slice(0, 6);
