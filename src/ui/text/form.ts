/**
 * A document as a form: one draft for each field, in which anything can be typed, and back to
 * values once every draft is right.
 */
import { fail, ok, type Result } from "../../core/base/result.ts";
import type { Value } from "../../core/base/types.ts";
import { equalValues } from "../../core/cbor/value.ts";
import { messages } from "../messages.ts";
import { dateOfText, dateText } from "./date.ts";
import { formatJson, isRounded, parseJsonValue } from "./json.ts";
import { titleNames } from "./summary.ts";

export const fieldKinds = ["text", "number", "flag", "date", "moment", "list", "json"] as const;
export type FieldKind = (typeof fieldKinds)[number];

export interface FieldDraft {
  /** Tells drafts apart while their names change. */
  readonly key: number;
  name: string;
  kind: FieldKind;
  /** Of all but yes / no. */
  text: string;
  /** Of yes / no. */
  flag: boolean;
  /** Only suggested: with no text in it, it is left out. */
  readonly isOptional: boolean;
}

export interface FieldProblem {
  /** Of the draft. */
  readonly key: number;
  readonly part: "name" | "value";
  readonly message: string;
}

/** What the document is called by comes first; the database keeps no order of fields. */
export const draftsOf = (fields: { readonly [name: string]: unknown }): FieldDraft[] =>
  Object.entries(fields)
    .sort(([a], [b]) => titleRank(a) - titleRank(b))
    .map(([name, value], key) => ({
      key,
      name,
      ...contentOf(value),
      isOptional: false,
    }));

/** Empty fields of the same names and kinds as in another document, for the next one like it. */
export const draftsLike = (fields: { readonly [name: string]: unknown }): FieldDraft[] =>
  draftsOf(fields).map((draft) => ({ ...draft, text: "", flag: false, isOptional: true }));

/** A field that nobody has filled in: left out as long as it is without name and text. */
export const emptyDraft = (key: number, name = ""): FieldDraft => ({
  key,
  name,
  kind: "text",
  text: "",
  flag: false,
  isOptional: name !== "",
});

export const fieldsOf = (
  drafts: readonly FieldDraft[],
): Result<Record<string, unknown>, readonly FieldProblem[]> => {
  const problems: FieldProblem[] = [];
  const fields = new Map<string, unknown>();
  for (const draft of drafts.filter((each) => !isLeftOut(each))) {
    const { key } = draft;
    const name = draft.name.trim();
    const value = valueOfDraft(draft);
    if (name === "") problems.push(atName(key, messages.editor.nameMissing));
    else if (fields.has(name)) problems.push(atName(key, messages.editor.nameTwice));
    else if (!value.ok) problems.push({ key, part: "value", message: value.error });
    if (value.ok) fields.set(name, value.value);
  }
  return problems.length > 0 ? fail(problems) : ok(Object.fromEntries(fields));
};

/** What a draft becomes when its kind is changed: what was typed is kept where it can be. */
export const draftAsKind = (draft: FieldDraft, kind: FieldKind): FieldDraft => {
  const value = valueOfDraft(draft);
  const text = draft.kind === "flag" ? String(draft.flag) : draft.text;
  if (kind === "json") return { ...draft, kind, text: value.ok ? jsonOf(value.value) : text };
  const content = draft.kind === "json" && value.ok ? contentOf(value.value) : null;
  if (content?.kind === kind) return { ...draft, ...content };
  const flag = kind === "flag" && text.trim() === "true";
  return { ...draft, kind, flag, text: textAsKind(text, draft.kind, kind) };
};

const textAsKind = (text: string, from: FieldKind, to: FieldKind): string => {
  if (to === "list" && from === "text") return text.replace(/, */g, "\n");
  if (from === "list" && to === "text") return text.replace(/\n/g, ", ");
  if (to === "date") return text.slice(0, "2026-12-24".length);
  return to === "moment" && from === "date" && text !== "" ? `${text}T00:00` : text;
};

const titleRank = (name: string): number =>
  titleNames.includes(name) ? titleNames.indexOf(name) : titleNames.length;

const isLeftOut = ({ name, kind, text, isOptional }: FieldDraft): boolean =>
  kind !== "flag" && text.trim() === "" && (isOptional || name.trim() === "");

const atName = (key: number, message: string): FieldProblem => ({ key, part: "name", message });

type Content = Pick<FieldDraft, "kind" | "text" | "flag">;

const contentOf = (value: unknown): Content => {
  if (typeof value === "string") return { kind: "text", text: value, flag: false };
  if (typeof value === "number") return { kind: "number", text: String(value), flag: false };
  if (typeof value === "boolean") return { kind: "flag", text: "", flag: value };
  const simple = simpleContentOf(value);
  const back = simple && valueOfDraft({ ...simple, flag: false });
  // Values, as in jsonOf. An hour that is there twice, or a text of two lines, comes back otherwise
  const isExact = back?.ok === true && equalValues(back.value as Value, value as Value);
  if (simple !== null && isExact) return { ...simple, flag: false };
  return { kind: "json", text: jsonOf(value), flag: false };
};

const simpleContentOf = (value: unknown): Pick<FieldDraft, "kind" | "text"> | null => {
  if (Array.isArray(value)) return { kind: "list", text: value.join("\n") };
  if (!(value instanceof Date)) return null;
  const text = dateText(value);
  return { kind: text.includes("T") ? "moment" : "date", text };
};

// what stands in a draft came out of the database or out of the JSON reader, hence is a value
const jsonOf = (value: unknown): string => formatJson(value as Value);

const valueOfDraft = ({ kind, text, flag }: Content): Result<unknown, string> => {
  switch (kind) {
    case "text":
      return ok(text);
    case "flag":
      return ok(flag);
    case "number":
      return numberOf(text.trim());
    case "date":
    case "moment": {
      const date = dateOfText(text);
      return date === null ? fail(messages.editor.noDate) : ok(date);
    }
    case "list":
      return ok(text.split("\n").flatMap((line) => line.trim() || []));
    case "json": {
      const parsed = parseJsonValue(text);
      return parsed.ok ? parsed : fail(parsed.error.place + parsed.error.message);
    }
  }
};

const numberOf = (text: string): Result<number, string> => {
  const value = Number(text);
  if (text === "" || !Number.isFinite(value)) return fail(messages.editor.noNumber);
  return isRounded(text, value) ? fail(messages.editor.roundedNumber(text)) : ok(value);
};
