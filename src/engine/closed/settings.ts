/**
 * What the chain of a closed network says of its collections, opened with the keys that are here.
 */
import type { ShortHash } from "../../core/base/types.ts";
import type { CryptoPort } from "../../core/crypto/port.ts";
import { strategies, type StrategyName } from "../../core/doc/strategies.ts";
import { openSettings, type CollectionSettings } from "../../core/network/closed/settings.ts";
import type { SharedCollectionSnapshot } from "../../core/wire/snapshots.ts";
import type { ClosedParts, SharedHome } from "./parts.ts";
import { learnRecorded } from "./recorded.ts";

/** Opens what the chain says and this device has keys for. */
export const learnSettings = async (
  { control, network, keys, settings }: ClosedParts,
  crypto: Pick<CryptoPort, "open">,
): Promise<void> => {
  const epochs = { key: (id: ShortHash) => keys.get(id) ?? null };
  await learnRecorded(control.state().collections, settings, async (scope, bytes) => {
    const opened = await openSettings(scope, bytes, { keys: network, epochs }, crypto);
    return opened.ok ? opened.value : null;
  });
};

export const collectionSnapshots = (
  { control, settings }: ClosedParts,
  homes: readonly SharedHome[],
): readonly SharedCollectionSnapshot[] =>
  [...control.state().collections.keys()].map((scope) => {
    const opened = settings.get(scope)?.opened ?? null;
    return {
      name: opened?.name ?? null,
      strategy: opened === null ? null : strategyOf(opened),
      isAttached: homes.some((home) => home.scope === scope && home.isAttached),
    };
  });

/** null: a newer program's, or a newer version of it. */
export const strategyOf = ({
  strategy,
  strategyVersion,
}: CollectionSettings): StrategyName | null =>
  isStrategyName(strategy) && strategyVersion === 1 ? strategy : null;

const isStrategyName = (name: string): name is StrategyName => Object.hasOwn(strategies, name);
