/**
 * What all devices of one simulation share. Apart from the device, whose file is long enough.
 */
import type { CryptoPort } from "../../src/core/crypto/port.ts";
import type { OpenNetworkMaker } from "../../src/core/network/open.ts";
import type { StorageBounds } from "../../src/engine/bounds.ts";
import type { Random } from "../support/random.ts";
import type { Scheduler } from "./scheduler.ts";

/** What all devices of a simulation share. */
export interface Surroundings {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly crypto: CryptoPort;
  readonly rules: DeviceRules;
  readonly openNetwork: OpenNetworkMaker;
  /** The one network: everybody knows its secret, or who is in it came by an invite. */
  readonly networkKind: "open" | "closed";
  /** Of a closed one: how many recovery keys there are, and how many have to agree. */
  readonly recovery: { readonly keys: number; readonly needed: number };
  /** What must not happen: the simulation has failed. */
  readonly problem: (what: string) => void;
  /** For whoever looks at one run. */
  readonly note: (what: string) => void;
}

export interface DeviceRules {
  readonly bounds: Partial<StorageBounds>;
  /** How long a disk or a cryptographic call takes at most, in ms; 0: no time at all. */
  readonly diskMs: number;
  readonly cryptoMs: number;
}
