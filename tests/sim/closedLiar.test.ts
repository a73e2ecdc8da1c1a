/**
 * One member of a closed network lies, about documents and about the chain. The others lose
 * nothing, agree, and find nobody else guilty.
 */
import { testSeeds } from "./seeds.ts";

testSeeds("a lying member", { from: 5_001, count: 27 }, { suite: 1, closed: true, liar: true });
