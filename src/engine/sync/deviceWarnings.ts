/**
 * The words for people about devices that have stored much, or of which two logs stand under one
 * name. They claim no malice: a profile that was copied looks like a liar.
 */
import { deviceQuotaWarnedFrom } from "../../core/base/limits.ts";
import { deviceCode } from "../../core/network/deviceCode.ts";
import type { WriterOrigin } from "../../core/segment/branches.ts";
import type { DeviceWarning } from "../../core/wire/deviceWarning.ts";
import type { DeviceBounds } from "../bounds.ts";
import type { NetworkMembership } from "../identity.ts";

/** Of one device in all collections of a network. */
export interface Use {
  readonly bytes: number;
  readonly documents: number;
  /** null: nothing of it was sent yet. */
  readonly origin: WriterOrigin | null;
  readonly isForked: boolean;
}

type Quota = Pick<DeviceBounds, "deviceQuotaBytes" | "deviceQuotaDocuments">;

export const warningsOf = (
  membership: NetworkMembership,
  uses: ReadonlyMap<string, Use>,
  quota: Quota,
): readonly DeviceWarning[] =>
  [...uses].flatMap(([device, use]): readonly DeviceWarning[] => {
    const of = {
      ...{ networkId: membership.networkId, device, code: codeOf(membership, use) },
      isThis: device === membership.device.name,
    };
    const who = of.isThis ? "This device" : "A device";
    const forked = { ...of, kind: "forked", ...forkedWords(who, of.isThis) } as const;
    const kind = quotaKind(use, quota);
    if (kind === null) return use.isForked ? [forked] : [];
    const [bytesMax, documentsMax] = [quota.deviceQuotaBytes, quota.deviceQuotaDocuments];
    const { bytes, documents } = use;
    const warning: DeviceWarning = {
      ...{ ...of, kind, bytes, bytesMax, documents, documentsMax },
      what:
        `${who} has stored ${mebibytes(bytes)} and ${inDigits(documents)} documents in ` +
        `“${membership.title}”. ` +
        `Its quota is ${mebibytes(bytesMax)} and ${inDigits(documentsMax)} documents.`,
      advice: quotaAdvice[kind],
    };
    return use.isForked ? [warning, forked] : [warning];
  });

const quotaKind = (
  { bytes, documents }: Use,
  { deviceQuotaBytes, deviceQuotaDocuments }: Quota,
): "quota-near" | "quota-exceeded" | null => {
  const part = Math.max(bytes / deviceQuotaBytes, documents / deviceQuotaDocuments);
  if (part > 1) return "quota-exceeded";
  return part >= deviceQuotaWarnedFrom ? "quota-near" : null;
};

const quotaAdvice = {
  "quota-near":
    "Beyond it, what that device writes reaches others slowly. Delete documents, or keep new " +
    "ones private or in another network.",
  "quota-exceeded":
    "What it writes reaches others slowly, after everything else; nothing of it is refused. " +
    "Delete documents if there are too many. The log of changes does not shrink: put what is " +
    "large into another network.",
} as const;

const forkedWords = (who: string, isThis: boolean): Pick<DeviceWarning, "what" | "advice"> => ({
  what: `${who} has two logs under one name: it went on twice from the same point.`,
  advice: isThis
    ? "Its data was copied or put back to an earlier state. Nothing is lost: both are kept. Use " +
      "only one of the copies from now on."
    : "Most likely its data was copied or restored. Nothing is lost: both are kept. Ask whoever " +
      "uses it; if nobody did that, do not trust it, and remove it.",
});

const mebibytes = (bytes: number): string => `${inDigits(bytes / 1_048_576)} MiB`;

const inDigits = (amount: number): string =>
  amount.toLocaleString("en", { maximumFractionDigits: 1 });

const codeOf = (membership: NetworkMembership, { origin }: Use): string | null => {
  const certificate = origin?.certificate ?? null;
  if (membership.kind !== "closed") return null;
  return deviceCode(membership.network.networkHash, certificate ?? membership.device.certificate);
};
