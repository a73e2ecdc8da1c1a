/**
 * What a person reads of storage. Apart from the other texts, since it is loaded with that view,
 * which the first page does without.
 */
import { count } from "./messages.ts";

export const storageMessages = {
  title: "Storage of this device",
  facts: {
    place: "Where",
    writes: "A write is done when",
    promise: "Clearing",
    usage: "Space",
    checkpoint: "Last checkpoint",
    journal: "Read at the next start",
    devices: "Other devices",
    torn: "The last end",
  },
  places: {
    memory: "In memory only: closing this tab loses everything",
    indexeddb: "In this browser's storage",
    file: "In a folder of files",
  },
  writes: {
    file: {
      strict: "it is flushed to a file on the disk",
      relaxed: "the disk has it to write: a power failure may take the last moments",
    },
    table: {
      strict: "it is flushed to the browser's database",
      relaxed: "the browser has it to write: a power failure may take the last moments",
    },
    memory: { strict: "it is in memory", relaxed: "it is in memory" },
  },
  noCheckpoint: "None since this start; everything stands in the log",
  devices: (devices: number | null) =>
    devices === null
      ? "Nothing is shared"
      : devices === 0
        ? "No other device is known to hold all that is shared"
        : `All that is shared is on ${count(devices, "other device")} too`,
  torn: "A write was cut off in the middle; nobody had been told that it was stored.",
  destroy: "Delete everything on this device…",
  destroyTitle: "Delete everything on this device?",
  onlyHere: "These documents are on no other device, as far as this one knows:",
  nothingOnlyHere: "All documents are on another device too, as far as this one knows.",
  destroyText:
    "Documents, networks and keys of this device go for good. Other devices keep what they have.",
  destroyConfirm: "Delete everything",
};
