/**
 * Which collections a closed network has, and how they are read, as its chain says it: told by
 * whoever may write when it attaches one, and followed by everybody who has it attached.
 */
import { bytesToHex } from "../../core/base/bytes.ts";
import { invalid } from "../../core/base/errors.ts";
import type { ScopeId } from "../../core/base/types.ts";
import type { StrategyName } from "../../core/doc/strategies.ts";
import { sealSettings, type CollectionSettings } from "../../core/network/closed/settings.ts";
import type { Collection } from "../collections.ts";
import type { Engine } from "../engine.ts";
import type { Home } from "../home.ts";
import type { Write } from "../../core/wire/requests.ts";
import { decide, type Decision } from "./decide.ts";
import type { ClosedMembership } from "./membership.ts";
import { strategyOf } from "./settings.ts";

/**
 * Those that are attached here are read as the chain says, and told of where it does not say of
 * them. True: something was proposed.
 */
export const settleCollections = async (
  engine: Engine,
  membership: ClosedMembership,
): Promise<boolean> => {
  let hasProposed = false;
  for (const { collection, home } of attachedTo(engine, membership)) {
    if (isProposed(membership, home.scope)) continue;
    const known = membership.settings.get(home.scope);
    if (known === undefined) {
      if (await tellOf(engine, membership, { collection, home })) hasProposed = true;
      continue;
    }
    const strategy = known.opened === null ? null : strategyOf(known.opened);
    if (strategy !== null && strategy !== collection.strategy) {
      await readAs(engine, collection, strategy);
    }
  }
  return hasProposed;
};

/** Throws `NotPermitted` where the network's word on it is another's: before anything changes. */
export const checkSettings = (engine: Engine, write: Write): void => {
  const found = write.kind === "strategy" ? sharedBy(engine, write.collection) : null;
  if (found === null) return;
  const { membership, home } = found;
  if (!membership.settings.has(home.scope) || membership.standing() === "owner") return;
  throw invalid(
    "NotPermitted",
    "How conflicts are read is the same for all members of the network: ask an owner.",
    "strategy",
  );
};

/** Behind the write. Gives the network whose members are to hear of it. */
export const tellSettings = async (
  engine: Engine,
  write: Write,
): Promise<ClosedMembership | null> => {
  if (write.kind !== "attach" && write.kind !== "strategy") return null;
  const found = sharedBy(engine, write.collection);
  if (found === null) return null;
  const { membership, collection, home } = found;
  const hasProposed =
    write.kind === "attach"
      ? await settleCollections(engine, membership)
      : await proposeStrategy(engine, membership, { collection, home });
  return hasProposed ? membership : null;
};

interface Shared {
  readonly collection: Collection;
  readonly home: Home;
}

/** null: in no closed network. */
const sharedBy = (
  { registry }: Engine,
  name: string,
): (Shared & { readonly membership: ClosedMembership }) | null => {
  const collection = registry.find(name);
  const home = collection?.attached === true ? collection.shared : null;
  if (collection === null || home?.membership.kind !== "closed") return null;
  return { collection, home, membership: home.membership };
};

const proposeStrategy = async (
  engine: Engine,
  membership: ClosedMembership,
  { collection, home }: Shared,
): Promise<boolean> => {
  const opened = membership.settings.get(home.scope)?.opened ?? null;
  if (opened === null || strategyOf(opened) === collection.strategy) return false;
  const wanted = { ...opened, ...asSettings(collection.strategy) };
  return (await propose(engine, membership, wanted)).kind !== "refused";
};

const asSettings = (strategy: StrategyName) => ({ strategy, strategyVersion: 1 });

const attachedTo = (engine: Engine, membership: ClosedMembership): readonly Shared[] =>
  engine.registry.collections().flatMap((collection) => {
    const { attached, shared: home } = collection;
    return attached && home?.membership === membership ? [{ collection, home }] : [];
  });

const isProposed = ({ proposals }: ClosedMembership, scope: ScopeId): boolean =>
  [...proposals.values()].some(
    ({ proposal: { content } }) => content.kind === "collection" && content.scope === scope,
  );

/** As a command of its own. */
const readAs = async (
  engine: Engine,
  { name: collection }: Collection,
  strategy: StrategyName,
): Promise<void> => {
  const commandId = `strategy ${bytesToHex(engine.deps.crypto.randomBytes(16))}`;
  await engine.write({ commandId, write: { kind: "strategy", collection, strategy } });
};

/** Once in each opening: whoever refuses it has a reason that does not pass. */
const tellOf = async (
  engine: Engine,
  membership: ClosedMembership,
  { collection: { name, strategy }, home }: Shared,
): Promise<boolean> => {
  const standing = membership.standing();
  if (standing !== "owner" && standing !== "editor") return false;
  if (told.has(home)) return false;
  told.add(home);
  const settings = {
    ...{ name, ...asSettings(strategy) },
    ...{ atomicPaths: [], indexes: [], extensions: [] },
  };
  return (await propose(engine, membership, settings)).kind !== "refused";
};

const told = new WeakSet<Home>();

const propose = async (
  engine: Engine,
  membership: ClosedMembership,
  settings: CollectionSettings,
): Promise<Decision> => {
  const epoch = membership.epochs.latest();
  if (epoch === null) return { kind: "refused", fault: "no-right" };
  const sealed = await sealSettings(settings, epoch, membership.network, engine.deps.crypto);
  return decide(engine, membership, { kind: "collection", ...sealed });
};
