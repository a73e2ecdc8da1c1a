/**
 * Simulations with real signatures and seals: four engines, 200 commands, whatever can happen to
 * disks, clocks, processes and links.
 */
import { testSeeds } from "./seeds.ts";

testSeeds("signed", { from: 1, count: 50 }, { suite: 1 });
