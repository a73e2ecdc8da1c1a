/** What stands on the sheet of a recovery key, printed or saved: enough for whoever finds it. */
import { closedMessages } from "../sharingMessages.ts";

export interface SheetOf {
  readonly network: string;
  /** Its place among those that are here, from 0. */
  readonly at: number;
  readonly held: number;
  /** How many the network has. */
  readonly keys: number;
  readonly needed: number;
}

export interface Sheet {
  readonly label: string;
  readonly title: string;
  readonly lines: readonly string[];
  readonly fileName: string;
}

export const sheetOf = ({ network, at, held, keys, needed }: SheetOf): Sheet => {
  // Keys that were brought here come in any order
  const label = closedMessages.keyOf(held === keys ? at + 1 : null, keys);
  return {
    label,
    title: closedMessages.sheetTitle(label, network),
    lines: [closedMessages.sheetText(needed, keys), closedMessages.sheetUse(network)],
    fileName: `${label}.txt`,
  };
};

/** The key stands on a line of its own, to be copied as it is. */
export const sheetText = ({ title, lines }: Sheet, key: string): string =>
  [title, key, ...lines, ""].join("\n\n");
