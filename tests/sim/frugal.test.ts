/**
 * Nothing is sent in vain, where links lose nothing and nobody is put back to what he was.
 */
import { testSeeds } from "./seeds.ts";

testSeeds("frugal", { from: 6_001, count: 6 }, { suite: 0, frugal: true });
testSeeds("frugal and closed", { from: 6_101, count: 4 }, { suite: 1, closed: true, frugal: true });
