/** What `health()` says of storage, as lines for a person. */
import type { Health } from "../../client/api.ts";
import { atMoment, bytesInWords, messages } from "../messages.ts";
import { storageMessages } from "../storageMessages.ts";

export interface Fact {
  readonly name: string;
  readonly text: string;
}

export const storageFacts = (health: Health): readonly Fact[] => {
  const { facts } = storageMessages;
  const { usage, lastCheckpoint, recovery } = health;
  return [
    { name: facts.place, text: storageMessages.places[health.storageMode] },
    ...(health.storageMode === "memory"
      ? []
      : [{ name: facts.writes, text: storageMessages.writes[health.journal][health.durability] }]),
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
      text: lastCheckpoint === null ? storageMessages.noCheckpoint : atMoment(lastCheckpoint),
    },
    { name: facts.journal, text: bytesInWords(health.journalBytes) },
    { name: facts.devices, text: storageMessages.devices(health.otherDevices) },
    ...(recovery.tornBytes === 0 ? [] : [{ name: facts.torn, text: storageMessages.torn }]),
  ];
};

const promiseOf = ({ persisted }: Health): string =>
  persisted === true ? messages.storage.promised : messages.storage.mayClear;
