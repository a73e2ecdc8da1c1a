/**
 * Documents out of a file that somebody chose: JSON (a list of objects), NDJSON (one object a
 * line) or CSV (names in the first line). What is no document is told with its place and passed
 * over, so that one bad line does not cost the others.
 */
import Papa from "papaparse";
import { importJsonBytesMax } from "../../core/base/limits.ts";
import { isPlainObject } from "../../core/cbor/check.ts";
import { messages } from "../messages.ts";
import { transferMessages } from "../transferMessages.ts";
import { parseJsonObject, parseJsonValue } from "../text/json.ts";

export const formats = ["json", "ndjson", "csv"] as const;
export type Format = (typeof formats)[number];

export type Read =
  | { readonly kind: "document"; readonly place: number; readonly fields: Record<string, unknown> }
  /** `place`: the line, or the position in the list, from 1; null: the file as a whole. */
  | { readonly kind: "problem"; readonly place: number | null; readonly message: string }
  /** So many bytes of the file are read. */
  | { readonly kind: "progress"; readonly bytes: number };

/** By the name; null: none that is known. */
export const formatOf = (fileName: string): Format | null => {
  const end = fileName.toLowerCase().split(".").at(-1) ?? "";
  if (end === "jsonl" || end === "ndjson") return "ndjson";
  return formats.find((format) => format === end) ?? null;
};

export const readDocuments = (file: Blob, format: Format): AsyncIterable<Read> => {
  if (format === "json") return readJson(file);
  return format === "ndjson" ? readLines(file) : readCsv(file);
};

async function* readJson(file: Blob): AsyncGenerator<Read> {
  if (file.size > importJsonBytesMax) {
    yield { kind: "problem", place: null, message: transferMessages.jsonTooLarge };
    return;
  }
  const parsed = parseJsonValue(await file.text());
  yield { kind: "progress", bytes: file.size };
  if (!parsed.ok) {
    const { place, message } = parsed.error;
    yield { kind: "problem", place: null, message: `${place}${message}` };
    return;
  }
  const list: readonly unknown[] = Array.isArray(parsed.value) ? parsed.value : [parsed.value];
  for (const [at, value] of list.entries()) yield documentOf(value, at + 1);
}

const documentOf = (value: unknown, place: number): Read =>
  isPlainObject(value) && !(value instanceof Date)
    ? { kind: "document", place, fields: { ...value } }
    : { kind: "problem", place, message: messages.editor.noObject };

async function* readLines(file: Blob): AsyncGenerator<Read> {
  let place = 0;
  let rest = "";
  let bytes = 0;
  const decoder = new TextDecoder();
  for await (const chunk of chunksOf(file)) {
    bytes += chunk.length;
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield* lineOf(line, ++place);
    yield { kind: "progress", bytes };
  }
  yield* lineOf(rest + decoder.decode(), ++place);
}

function* lineOf(line: string, place: number): Generator<Read> {
  if (line.trim() === "") return;
  const parsed = parseJsonObject(line);
  if (parsed.ok) yield { kind: "document", place, fields: parsed.value };
  else yield { kind: "problem", place, message: parsed.error.message };
}

/** Not every browser can be asked for one chunk after another by `for await`. */
async function* chunksOf(file: Blob): AsyncGenerator<Uint8Array> {
  const reader = file.stream().getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel();
  }
}

async function* readCsv(file: Blob): AsyncGenerator<Read> {
  let names: readonly string[] | null = null;
  let place = 0;
  let bytes = 0;
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of chunksOf(file)) {
    bytes += chunk.length;
    rest += decoder.decode(chunk, { stream: true });
    // What may go on in the next chunk is left for it
    const whole = bytes < file.size ? wholeRows(rest) : rest;
    rest = rest.slice(whole.length);
    for (const row of Papa.parse<string[]>(whole, { skipEmptyLines: true }).data) {
      place += 1;
      if (names === null) names = row.map((name) => name.trim());
      else if (row.some((cell) => cell !== "")) yield rowOf(names, row, place);
    }
    yield { kind: "progress", bytes };
  }
}

/** Up to the last end of a line that stands in no quotes. */
const wholeRows = (text: string): string => {
  let isQuoted = false;
  let end = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') isQuoted = !isQuoted;
    else if (character === "\n" && !isQuoted) end = at + 1;
  }
  return text.slice(0, end);
};

/** An empty cell is no field. */
const rowOf = (names: readonly string[], row: readonly string[], place: number): Read => {
  if (row.length > names.length) {
    return { kind: "problem", place, message: transferMessages.tooManyCells };
  }
  const fields = row.flatMap((cell, at): readonly (readonly [string, unknown])[] => {
    const name = names[at] ?? "";
    return cell === "" || name === "" ? [] : [[name, name === "id" ? cell : valueOfCell(cell)]];
  });
  return { kind: "document", place, fields: Object.fromEntries(fields) };
};

/** What JSON says of it, unless that is a text; everything else is text: `007`, dates, words. */
const valueOfCell = (cell: string): unknown => {
  if (!/^(-?\d|true$|false$|null$|[[{])/.test(cell)) return cell;
  const parsed = parseJsonValue(cell);
  return parsed.ok ? parsed.value : cell;
};
