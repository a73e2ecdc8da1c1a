/**
 * One member of a closed network lies, about documents and about the chain. The others lose
 * nothing, agree, and find nobody else guilty.
 *
 * Known, and not mended yet: what a liar leaves is never read by some (5011, 5031); a removed
 * device has the key of a later epoch (5019).
 */
import { testSeeds } from "./seeds.ts";

const failing = [5_011, 5_019, 5_031];
const options = { suite: 1, closed: true, liar: true } as const;
testSeeds("a lying member", { from: 5_001, count: 31, failing }, options);
