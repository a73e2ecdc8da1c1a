/**
 * On disks that forget: a crash loses or tears what was not flushed, either half of the storage is
 * rolled back or deleted, bits flip, and the disk is full for a while.
 */
import { testSeeds } from "./seeds.ts";

testSeeds("a disk that forgets", { from: 3_001, count: 101 }, { suite: 0, crash: true });
