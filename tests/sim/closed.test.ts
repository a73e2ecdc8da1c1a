/**
 * A closed network with real cryptography: five devices, of which four come in by invites, whose
 * roles change, who are removed and let in again, while the sequencer is away, copied or put back.
 */
import { testSeeds } from "./seeds.ts";

testSeeds("closed", { from: 4_001, count: 52 }, { suite: 1, closed: true });
