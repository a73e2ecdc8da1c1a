/**
 * What a person reads of import and export. Apart from the other texts, since it is loaded with
 * that view, which the first page does without.
 */
import { count, inDigits } from "./messages.ts";

export const transferMessages = {
  title: (collection: string) => `Import and export: ${collection}`,
  import: "Import",
  importHint:
    "A list of objects (.json), one object a line (.ndjson), or a table that has names in its " +
    "first line (.csv).",
  file: "File",
  unknownFormat: "Choose a file that ends in .json, .ndjson, .jsonl or .csv.",
  replaces: "Replace documents that have the same id",
  export: "Export",
  format: "Format",
  formats: {
    json: "JSON: everything, one list",
    ndjson: "NDJSON: everything, one document a line",
    csv: "CSV: a table, for spreadsheets",
  },
  progress: "Progress",
  place: (place: number) => `${inDigits(place)}:`,
  jsonTooLarge: "This file is too large for JSON. Save it as NDJSON, one object a line.",
  tooManyCells: "This line has more cells than the first line has names.",
  imported: (state: string, done: number, skipped: number, refused: number) =>
    [
      `${state === "cancelled" ? "Cancelled. " : ""}${count(done, "document")} imported`,
      ...(skipped > 0 ? [`${inDigits(skipped)} left alone: the id is taken`] : []),
      ...(refused > 0 ? [`${inDigits(refused)} could not be read`] : []),
    ].join(" · "),
  exported: (state: string, done: number) =>
    state === "cancelled" ? "Cancelled." : `${count(done, "document")} exported`,
};
