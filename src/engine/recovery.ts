/**
 * From what storage could not give back to what a person is told: what happened, what is missing,
 * what to do. Apart from what finds it, since the same damage means little where a checkpoint or
 * another device has what it said, and everything where nobody has.
 */
import type { HeaderHash, ScopeId } from "../core/base/types.ts";
import type { DamageReport, RecoveryReport } from "../core/wire/health.ts";
import type { Damage, Store } from "../storage/store.ts";
import { systemPrefix } from "./collections.ts";
import type { Home } from "./home.ts";

export interface Reporting {
  readonly home: (scope: ScopeId) => Home | null;
}

/** As it stands now: what a checkpoint holds today may be gone tomorrow, and told then. */
export const reportDamage = (damage: Damage, { home }: Reporting): DamageReport => {
  const { where, key, reason } = damage;
  return { where, ...wordsOf(damage, home), detail: `${where} ${key}: ${reason}` };
};

export const reportOpening = (
  { rolledBack, tornBytes }: Store["opening"],
  damage: readonly DamageReport[],
): RecoveryReport => ({
  rolledBack,
  tornBytes,
  damage: rolledBack === null ? damage : [rolledBackReports[rolledBack], ...damage],
});

type Words = Pick<DamageReport, "what" | "lost" | "advice">;

const wordsOf = ({ where, key }: Damage, home: Reporting["home"]): Words => {
  switch (where) {
    case "segment":
      return segmentWords(key, home);
    case "page":
      return pageWords(homeOf(key, home), key.endsWith(differingKey));
    case "journal":
      return journalWords;
    case "meta":
      return key.startsWith("network/") ? networkWords : metaWords;
  }
};

/** Whether the documents have what the segment said is known by its header alone. */
const segmentWords = (key: string, home: Reporting["home"]): Words => {
  const found = homeOf(key, home);
  const header = key.split("/")[3];
  const place = placeOf(found);
  // The store's key, which it made of a header's hash
  const node = header === undefined ? null : (found?.tree.get(header as HeaderHash) ?? null);
  if (node !== null) {
    return {
      what: `A part of the history of ${place} cannot be read. Its documents are whole.`,
      lost: false,
      advice: nothingToDo,
    };
  }
  const what = `A part of ${place} cannot be read: changes that stood in it are missing here.`;
  if (found === null) return { what, lost: "unknown", advice: fromBoth };
  return found.membership.kind === "local"
    ? { what, lost: true, advice: fromBackup }
    : { what, lost: "unknown", advice: fromDevices };
};

/** Documents that could be read, and were not what the log says. */
export const differingDamage = (scope: ScopeId, reason: string): Damage => ({
  where: "page",
  key: scope + differingKey,
  reason,
});

const differingKey = "/documents";

const pageWords = (home: Home | null, isReadable: boolean): Words => ({
  what:
    `A stored copy of ${placeOf(home)} ` +
    `${isReadable ? "was wrong" : "could not be read"} and was made anew from its history.`,
  lost: false,
  advice: nothingToDo,
});

const placeOf = (home: Home | null): string => {
  if (home === null) return "a collection";
  const { collection } = home;
  return collection.startsWith(systemPrefix) ? "the list of collections" : `“${collection}”`;
};

const homeOf = (key: string, home: Reporting["home"]): Home | null =>
  // Keys of segments and pages begin with a scope; what is none, no home has
  home((key.split("/")[0] ?? "") as ScopeId);

const nothingToDo = "Nothing to do.";
const fromDevices =
  "It comes back from the other devices of its network when they connect; what none of them has " +
  "comes back from a backup only.";
const fromBackup = "It was on this device only: restore it from a backup.";
const fromBoth =
  "What was shared comes back from other devices when they connect; " +
  "restore the rest from a backup.";

const journalWords: Words = {
  what: "A part of the journal cannot be read: some of the latest changes may be missing.",
  lost: "unknown",
  advice: `Look at what you changed last. ${fromBoth}`,
};

const networkWords: Words = {
  what: "The record of a network cannot be read: this device is no longer in it.",
  lost: "unknown",
  advice: "Join it again by its name and secret: what was shared in it is still stored here.",
};

const metaWords: Words = {
  what: "A record that the database keeps about itself could not be read and was made anew.",
  lost: false,
  advice: nothingToDo,
};

const rolledBackReports: Readonly<Record<"tables" | "journal", DamageReport>> = {
  tables: {
    where: "tables",
    what:
      "The browser gave back an older state of the stored documents than the journal beside " +
      "them: changes between the two are missing.",
    lost: true,
    advice: `Look at what you changed last. ${fromBoth}`,
    detail: "rolled back: tables",
  },
  journal: {
    where: "journal",
    what:
      "The journal beside the stored documents is gone, or older than they are: changes that " +
      "had not been copied from it are missing.",
    lost: "unknown",
    advice: `Look at what you changed last. ${fromBoth}`,
    detail: "rolled back: journal",
  },
};
