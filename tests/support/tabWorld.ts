/**
 * Several tabs of one browser in one process: locks that are freed when their holder dies, channels
 * between them, disks that belong to all, and tabs that are frozen, thawed and killed on demand.
 * Time is virtual. A frozen tab hears nothing and does nothing; what it had asked of its disk is
 * done when it thaws.
 */
import type { StorageBounds } from "../../src/engine/bounds.ts";
import { loadClosedParts } from "../../src/engine/closedParts.ts";
import { InMemoryAdapter } from "../../src/storage/memory.ts";
import { createService } from "../../src/worker/service.ts";
import { createMember, type Member } from "../../src/worker/tabs/member.ts";
import { createNodeCrypto } from "./nodeCrypto.ts";
import { createRandom, type Random } from "./random.ts";
import { createGate, gatedAdapter, gatedTimers } from "./tabGate.ts";
import { free, platformOf, type Origin, type Process } from "./tabOrigin.ts";
import { testNetwork } from "./testNetwork.ts";
import { createVirtualTime, type VirtualTime } from "./virtualTime.ts";

export interface TabWorld {
  readonly clock: VirtualTime;
  readonly open: (options?: TabOptions) => Tab;
}

export interface TabOptions {
  readonly build?: number;
  readonly bounds?: Partial<StorageBounds>;
  /** It loads what closed networks ask of whoever leads. */
  readonly onPrepared?: () => void;
}

export interface Tab {
  readonly member: Member;
  readonly isFrozen: () => boolean;
  readonly freeze: () => void;
  readonly thaw: () => void;
  /** The browser ends it, or it crashes. */
  readonly kill: () => void;
}

export const createTabWorld = (seed = 1): TabWorld => {
  const clock = createVirtualTime();
  const origin: Origin = { clock, locks: new Map(), channels: new Map() };
  const around: Around = { origin, disk: new InMemoryAdapter(), random: createRandom(seed) };
  let made = 0;
  return {
    clock,
    open: (options = {}) => {
      made += 1;
      return openTab(around, `tab-${made}`, options);
    },
  };
};

interface Around {
  readonly origin: Origin;
  readonly disk: InMemoryAdapter;
  readonly random: Random;
}

const openTab = (
  { origin, disk, random }: Around,
  id: string,
  { build = 1, bounds = {}, onPrepared = () => undefined }: TabOptions,
): Tab => {
  const gate = createGate();
  const process: Process = { id, gate, held: new Set(), channels: new Set() };
  const timers = gatedTimers(origin.clock, gate);
  const crypto = createNodeCrypto(createRandom(random.integer(2 ** 31)));
  const adapter = gatedAdapter(disk, gate);
  const member = createMember({
    loadClosedParts: () => {
      onPrepared();
      return loadClosedParts();
    },
    platform: platformOf(origin, process, build),
    createService: () =>
      createService({
        ...{ adapter, crypto, timers, bounds, openNetwork: testNetwork },
        carrierOf: () => {
          throw new Error("there is no network here");
        },
      }),
    destroyData: (name) => adapter.destroy(name),
  });
  return {
    member,
    isFrozen: gate.isShut,
    freeze: gate.shut,
    thaw: gate.open,
    kill() {
      gate.kill();
      for (const holder of [...process.held]) free(origin, holder);
      for (const leave of [...process.channels]) leave();
    },
  };
};
