/**
 * A document in two lines of a list: what it seems to be called, and the start of its other fields.
 */
import type { Value } from "../../core/base/types.ts";
import { messages } from "../messages.ts";
import { dateText } from "./date.ts";
import { formatJson } from "./json.ts";

export interface Summary {
  readonly title: string;
  readonly details: readonly Detail[];
}

interface Detail {
  readonly name: string;
  readonly text: string;
}

/** What a document is usually called by, the likeliest first. */
export const titleNames: readonly string[] = ["title", "name", "label", "subject", "text"];

const titleCharactersMax = 120;
const detailCharactersMax = 80;
const detailsMax = 4;

/** The title is a field with a usual name, else the first text, else the first field. */
export const summaryOf = (fields: { readonly [name: string]: Value }): Summary => {
  const entries = Object.entries(fields).filter(([name]) => name !== "id");
  const texts = entries.filter(([, value]) => typeof value === "string" && value.trim() !== "");
  const [named] = titleNames.flatMap((name) => texts.filter(([each]) => each === name));
  const chosen = named ?? texts[0] ?? entries[0];
  if (chosen === undefined) return { title: messages.documents.untitled, details: [] };
  const [chosenName, value] = chosen;
  const title = cutText(shownValue(value), titleCharactersMax);
  return {
    title:
      typeof value === "string" ? title : `${cutText(chosenName, detailCharactersMax)}: ${title}`,
    details: entries
      .filter(([name]) => name !== chosenName)
      .slice(0, detailsMax)
      .map(([name, each]) => ({
        name: cutText(name, detailCharactersMax),
        text: cutText(shownValue(each), detailCharactersMax),
      })),
  };
};

/** In one line. */
export const shownValue = (value: Value): string => {
  if (typeof value === "string") return value.replace(/\s+/g, " ").trim();
  if (typeof value === "boolean") return value ? messages.editor.yes : messages.editor.no;
  if (value instanceof Date) return dateText(value).replace("T", " ");
  if (Array.isArray(value) && value.every((element) => typeof element === "string")) {
    return value.join(", ");
  }
  return formatJson(value).replace(/\s+/g, " ");
};

/** Never through the middle of a character. */
export const cutText = (text: string, charactersMax: number): string => {
  if (text.length <= charactersMax) return text;
  const start = text.slice(0, charactersMax).replace(/[\uD800-\uDBFF]$/, "");
  return `${start.trimEnd()}…`;
};
