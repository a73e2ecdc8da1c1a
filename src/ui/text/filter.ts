/**
 * Words that a person types, as a query: each word must stand in some text field, in any case of
 * letters. The engine knows no "any field", so the names to look in are learned from documents.
 */
import type { Query } from "../../client/types.ts";

export const filterCharactersMax = 200;

/** Everything if there is no word. The id is looked in besides `names`. */
export const queryOfWords = (text: string, names: readonly string[]): Query => {
  const words = text.slice(0, filterCharactersMax).split(/\s+/).filter(Boolean);
  if (words.length === 0) return {};
  const places = ["id", ...names];
  return {
    $and: words.map((word) => {
      const pattern = word.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
      return { $or: places.map((name) => ({ [name]: { $regex: pattern, $options: "i" } })) };
    }),
  };
};

export interface LearntNames {
  /** Sorted. */
  readonly names: readonly string[];
  /** Not all documents were looked at: others may have fields of other names. */
  readonly isPart: boolean;
}

/** The names that text stands under in the first `documentsMax` documents. */
export const learnTextNames = async (
  documents: AsyncIterable<{ readonly [name: string]: unknown }>,
  documentsMax: number,
): Promise<LearntNames> => {
  const names = new Set<string>();
  let seen = 0;
  for await (const document of documents) {
    if (++seen > documentsMax) break;
    for (const name of textFieldNames(document)) names.add(name);
  }
  return { names: [...names].sort((a, b) => a.localeCompare(b)), isPart: seen > documentsMax };
};

/** Names of the top-level fields that hold text, or lists with text in them. */
const textFieldNames = (document: { readonly [name: string]: unknown }): string[] =>
  Object.entries(document)
    .filter(([name, value]) => name !== "id" && !name.startsWith("_") && holdsText(value))
    .map(([name]) => name);

const holdsText = (value: unknown): boolean =>
  typeof value === "string" ||
  (Array.isArray(value) && value.some((element) => typeof element === "string"));
