/**
 * A closed network with real cryptography: five devices, of which four come in by invites, whose
 * roles change, who are removed and let in again, while the sequencer is away, copied or put back.
 *
 * Known, and not mended yet: the simulator ends before the last invite is decided (4005, 4010,
 * 4025, 4028, 4039); nobody but copies of one device is left to open a term (4024, 4046); a copy
 * ends with another head (4048); heads that never become equal (4043, 4052); a removed device has
 * the key of a later epoch (4020).
 */
import { testSeeds } from "./seeds.ts";

const failing = [
  ...[4_005, 4_010, 4_020, 4_024, 4_025, 4_028, 4_039],
  ...[4_043, 4_046, 4_048, 4_052],
];
testSeeds("closed", { from: 4_001, count: 64, failing }, { suite: 1, closed: true });
