/**
 * One member of a closed network lies, about documents and about the chain. The others lose
 * nothing, agree, and find nobody else guilty.
 */
import { testSeeds } from "./seeds.ts";

testSeeds(
  "a lying member",
  // Its check waits for a home that is being read anew, which waits for time, which stands still
  { from: 5_001, count: 31, failing: [5_011] },
  { suite: 1, closed: true, liar: true },
);
