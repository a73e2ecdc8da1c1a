/**
 * A closed network with real cryptography: five devices, of which four come in by invites, whose
 * roles change, who are removed and let in again, while the sequencer is away, copied or put back.
 *
 * Known, and not mended yet: equal heads are not verified equal, or segments wait for ever (4001,
 * 4003, 4033, 4044, 4057); the same ops give another structure (4027); a chain stays frozen behind
 * a term (4029, 4059).
 */
import { testSeeds } from "./seeds.ts";

const failing = [4_001, 4_003, 4_027, 4_029, 4_033, 4_044, 4_057, 4_059];
testSeeds("closed", { from: 4_001, count: 60, failing }, { suite: 1, closed: true });
