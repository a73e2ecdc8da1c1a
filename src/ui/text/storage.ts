/**
 * What `health()` says of storage, as lines for a person; and damage as one text for a notice.
 */
import type { Health } from "../../client/api.ts";
import type { DamageReport } from "../../core/wire/health.ts";
import { atMoment, bytesInWords, messages } from "../messages.ts";

export interface Fact {
  readonly name: string;
  readonly text: string;
}

export const storageFacts = (health: Health): readonly Fact[] => {
  const { facts } = messages.storage;
  const { usage, lastCheckpoint, recovery } = health;
  return [
    { name: facts.place, text: messages.storage.places[health.storageMode] },
    ...(health.storageMode === "memory"
      ? []
      : [{ name: facts.writes, text: messages.storage.writes[health.journal][health.durability] }]),
    ...(health.persisted === null ? [] : [{ name: facts.promise, text: promiseOf(health) }]),
    ...(usage === null
      ? []
      : [
          {
            name: facts.usage,
            text: messages.storage.usage(bytesInWords(usage.used), bytesInWords(usage.quota)),
          },
        ]),
    {
      name: facts.checkpoint,
      text: lastCheckpoint === null ? messages.storage.noCheckpoint : atMoment(lastCheckpoint),
    },
    { name: facts.journal, text: bytesInWords(health.journalBytes) },
    { name: facts.devices, text: messages.storage.devices(health.otherDevices) },
    ...(recovery.tornBytes === 0 ? [] : [{ name: facts.torn, text: messages.storage.torn }]),
  ];
};

const promiseOf = ({ persisted }: Health): string =>
  persisted === true ? messages.storage.promised : messages.storage.mayClear;

export const damageInWords = (damage: readonly DamageReport[]): string =>
  [...new Set(damage.map(({ what, advice }) => `${what} ${advice}`))].join("\n");

/** Whether documents or changes are, or may be, missing because of it. */
export const isMissing = (damage: readonly DamageReport[]): boolean =>
  damage.some(({ lost }) => lost !== false);
