/**
 * More seeds of suite 0, in a file of their own so that both run at once.
 */
import { testSeeds } from "./seeds.ts";

testSeeds("suite 0", { from: 1_076, count: 75 }, { suite: 0 });
