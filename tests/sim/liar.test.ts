/**
 * One member lies: it leaves out what it saw, names what it did not, stamps as it likes, signs
 * garbage and sends more of it. The others lose nothing and agree.
 */
import { testSeeds } from "./seeds.ts";

testSeeds("a liar", { from: 2_001, count: 15 }, { suite: 1, liar: true });
testSeeds("a liar, suite 0", { from: 2_016, count: 15 }, { suite: 0, liar: true });
