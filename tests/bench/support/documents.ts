/**
 * The documents that are measured: seeded, about 300 bytes as JSON, shaped as an application's are
 * (id, title, body, three tags, source, time, score, nested meta). Each is a function of seed and
 * position, so that every run and every machine measures the same bytes.
 */
import { createRandom } from "../../support/random.ts";

export interface BenchDocument {
  readonly id: string;
  readonly title: string;
  readonly body: string;
  readonly tags: readonly string[];
  readonly source: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** 0 to 1,000, two decimals. */
  readonly score: number;
  readonly meta: { readonly language: string; readonly country: string };
}

export const makeDocuments = (count: number, seed: number): readonly BenchDocument[] =>
  Array.from({ length: count }, (_, at) => makeDocument(at, seed));

export const idAt = (at: number): string => `note-${String(at).padStart(8, "0")}`;

/** Matches about one document in a hundred. */
export const rareQuery = { score: { $gt: 900 }, "meta.language": "de" };

export const isRare = ({ score, meta }: BenchDocument): boolean =>
  score > 900 && meta.language === "de";

/** The one at this position. */
export const makeDocument = (at: number, seed: number): BenchDocument => {
  const random = createRandom(seed * 1_000_003 + at);
  const text = (count: number): string =>
    Array.from({ length: count }, () => random.pick(words)).join(" ");
  return {
    id: idAt(at),
    title: text(4),
    body: text(16),
    tags: [random.pick(tags), random.pick(tags), random.pick(tags)],
    source: random.pick(sources),
    time: firstTime + random.integer(yearMilliseconds),
    score: random.integer(100_000) / 100,
    meta: { language: random.pick(languages), country: random.pick(countries) },
  };
};

const firstTime = Date.UTC(2025, 0, 1);
const yearMilliseconds = 365 * 86_400_000;

const words = (
  "meeting notes about the garden fence budget review draft letter from school train ticket " +
  "password reset recipe lentil soup invoice paid holiday plan photo album backup list reading " +
  "minutes project deadline moved water heater manual warranty birthday ideas doctor appointment " +
  "insurance claim bicycle repair library books due neighbour called about parcel weekend hike"
).split(" ");
const tags = Array.from({ length: 48 }, (_, at) => `tag-${String(at).padStart(2, "0")}`);
const sources = Array.from({ length: 20 }, (_, at) => `source-${String(at).padStart(2, "0")}`);
const languages = ["en", "de", "fr", "es", "it", "pt", "nl", "pl", "ja", "zh"];
const countries = ["US", "GB", "DE", "FR", "ES", "IT", "PT", "NL", "PL", "JP", "CN", "IN"];
