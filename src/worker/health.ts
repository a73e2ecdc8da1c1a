/**
 * What an open database says of itself when it is asked, and tells by itself when something more is
 * found unreadable.
 */
import type { DamageReport, EngineHealth, RecoveryReport } from "../core/wire/health.ts";
import { systemPrefix } from "../engine/collections.ts";
import type { Engine } from "../engine/engine.ts";
import { reportDamage, reportOpening } from "../engine/recovery.ts";
import type { Sync } from "../engine/sync.ts";
import type { Damage } from "../storage/store.ts";

export interface Health {
  /** What stood in the way of the opening; it does not change any more. */
  readonly recovery: RecoveryReport;
  now(): Promise<EngineHealth>;
  /** Tells what was found since it last did. Cheap where nothing was. */
  tellDamage(): void;
}

export interface HealthDeps {
  readonly engine: Engine;
  readonly sync: Sync;
  readonly storageMode: EngineHealth["storageMode"];
  readonly tell: (damage: readonly DamageReport[]) => void;
}

/** To be made when the opening is over. */
export const createHealth = ({ engine, sync, storageMode, tell }: HealthDeps): Health => {
  const { store, durability } = engine.deps;
  const report = (damage: Damage): DamageReport => reportDamage(damage, engine.registry);
  const found = (): readonly Damage[] => [...store.damage(), ...engine.damage];
  const damage = (): readonly DamageReport[] => found().map(report);
  const recovery = reportOpening(store.opening, damage());
  const told = { inStore: store.damage().length, inEngine: engine.damage.length };
  return {
    recovery,
    now: async () => ({
      ...{ storageMode, journal: store.journalKind, durability: durability() },
      lastCheckpoint: engine.checkpointer.last(),
      journalBytes: engine.journal.heldBytes(),
      cachedBytes: engine.pages.byteCount,
      cacheHits: engine.pages.hitCount,
      cacheMisses: engine.pages.missCount,
      ...{ damage: damage(), recovery },
      ...(await copiesIn(engine, sync)),
      ...{ deviceWarnings: sync.deviceWarnings(), refusals: sync.refusals() },
    }),
    tellDamage() {
      const inStore = store.damage();
      const news = [...inStore.slice(told.inStore), ...engine.damage.slice(told.inEngine)];
      if (news.length === 0) return;
      told.inStore = inStore.length;
      told.inEngine = engine.damage.length;
      tell(news.map(report));
    },
  };
};

const copiesIn = async (
  { registry }: Engine,
  sync: Sync,
): Promise<Pick<EngineHealth, "otherDevices" | "onlyHere" | "pendingOperations">> => {
  const { pendingOperations, devices } = await sync.copies();
  const collections = registry.collections().filter(({ name }) => !name.startsWith(systemPrefix));
  const onlyHere = collections.flatMap(({ name, local, shared }) => {
    const isElsewhere = shared !== null && (devices.get(shared) ?? 0) > 0;
    const inNetwork = isElsewhere ? 0 : (shared?.documents.livingCount ?? 0);
    const documents = local.documents.livingCount + inNetwork;
    return documents === 0 ? [] : [{ collection: name, documents }];
  });
  return {
    otherDevices: devices.size === 0 ? null : Math.min(...devices.values()),
    ...{ onlyHere, pendingOperations },
  };
};
