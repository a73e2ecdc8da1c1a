/**
 * One member of a closed network lies, about documents and about the chain. The others lose
 * nothing, agree, and find nobody else guilty.
 *
 * Known, and not mended yet: an epoch that was proposed before a removal and decided behind it is
 * sealed to the removed device, too (5009, 5016, 5018); what a liar's fork leaves waits for ever
 * (5020).
 */
import { testSeeds } from "./seeds.ts";

const failing = [5_009, 5_016, 5_018, 5_020];
const options = { suite: 1, closed: true, liar: true } as const;
testSeeds("a lying member", { from: 5_001, count: 31, failing }, options);
