/**
 * The same without signatures (a test genesis of suite 0), so that there is time for more of them.
 */
import { testSeeds } from "./seeds.ts";

testSeeds("suite 0", { from: 1_001, count: 75 }, { suite: 0 });
