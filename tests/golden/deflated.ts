/**
 * Deflated bodies and the verdict that every replica, in a page or in Node, must reach on them.
 * Made once by several compressors, some then spoilt; read for ever. Node and Chromium run this
 * very list.
 */
import { hexToBytes } from "../../src/core/base/bytes.ts";
import type { InflateFault } from "../../src/core/segment/compress.ts";
import golden from "./deflated.json" with { type: "json" };

export interface DeflatedCase {
  readonly name: string;
  readonly stored: Uint8Array;
  readonly announced: number;
  readonly verdict: "sound" | InflateFault;
  /** SHA-256 of what a sound one inflates to. */
  readonly plainHash: string | null;
}

const verdicts = ["sound", "inflate-stream", "inflate-trailing", "inflate-length"] as const;

const verdictOf = (text: string): DeflatedCase["verdict"] => {
  const verdict = verdicts.find((each) => each === text);
  if (verdict === undefined) throw new Error(`no verdict: ${text}`);
  return verdict;
};

export const deflatedCases: readonly DeflatedCase[] = golden.map((item) => ({
  name: item.name,
  stored: hexToBytes(item.stored),
  announced: item.announced,
  verdict: verdictOf(item.verdict),
  plainHash: item.plainHash,
}));
