/**
 * One member of a closed network lies, about documents and about the chain. The others lose
 * nothing, agree, and find nobody else guilty.
 *
 * Known, and not mended yet: a document that was moved is lost (5014).
 */
import { testSeeds } from "./seeds.ts";

testSeeds(
  "a lying member",
  { from: 5_001, count: 31, failing: [5_014] },
  { suite: 1, closed: true, liar: true },
);
