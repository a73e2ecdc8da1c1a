/**
 * What must hold in the end, when all is healed and quiet: the same heads, digests and documents
 * everywhere, nothing acknowledged lost, nothing private moved, and everybody told so.
 */
import { isDeepStrictEqual } from "node:util";
import type { CryptoPort } from "../../src/core/crypto/port.ts";
import { toGeneral } from "../../src/core/doc/pack.ts";
import { stampOf, type DocumentState } from "../../src/core/doc/state.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { Home } from "../../src/engine/home.ts";
import { findRows } from "../../src/engine/query.ts";
import { stableText } from "../support/model.ts";
import type { Canaries } from "./canaries.ts";
import { privatePrefix, type Commands } from "./commands.ts";
import { closedProblems, isMember, membersApart, truthOf } from "./closedChecks.ts";
import type { Device } from "./device.ts";
import { isHeld, readEngineLog, type EngineLog } from "./engineLog.ts";
import { everythingIn, mirroredCollection, rowsText } from "./mirror.ts";
import type { Oracle } from "./oracle.ts";

export interface CheckDeps {
  /** Nobody but a liar may have forked. */
  readonly isWatched: boolean;
  readonly networkKind: "open" | "closed";
  /** Disks forget what was not flushed. */
  readonly forgets: boolean;
  readonly canaries: Canaries;
  readonly devices: readonly Device[];
  readonly oracle: Oracle;
  readonly crypto: CryptoPort;
  readonly commands: Commands;
}

/**
 * What a device's live query shows must be what asking shows; null: so it is, or a value waits or
 * has waited for its time, which nobody is told.
 */
export const mirrorDiffers = (device: Device): string | null => {
  const { running, engine } = device;
  if (running === null || engine === null) return null;
  const homes = engine.registry
    .homes()
    .filter(({ collection }) => collection === mirroredCollection);
  if (homes.some(({ documents }) => latestMs(documents.values()) > running.earliest)) return null;
  const asked = findRows(
    engine.registry.readable(mirroredCollection),
    everythingIn(mirroredCollection),
  );
  const [shown, expected] = [running.mirror.text(), rowsText(asked)];
  return shown === expected ? null : `live query differs\n  ${shown}\n  ${expected}`;
};

const latestMs = (states: Iterable<DocumentState>): number =>
  [...states]
    .flatMap((state) => toGeneral(state).registers)
    .flatMap(({ base, elements, runs }) => [...base, ...elements, ...runs])
    .reduce((latest, held) => Math.max(latest, stampOf(held).time.ms), 0);

/** Everything that is wrong in the end. */
export const finalProblems = async (deps: CheckDeps): Promise<readonly string[]> => {
  const open = deps.devices.flatMap((device) => {
    const { engine } = device;
    return engine === null ? [] : [{ device, engine }];
  });
  const logs: DeviceLog[] = [];
  for (const { device, engine } of open) {
    logs.push({ device, ...(await readEngineLog(engine, device.disk.image(), deps)) });
  }
  const together = deps.networkKind === "open" ? open : membersIn(deps, open);
  return [
    ...deps.devices.flatMap(({ name, engine }) => (engine === null ? [`${name} is not open`] : [])),
    ...together.flatMap(({ device }) => statusProblems(device)),
    ...convergenceProblems(together),
    ...(deps.networkKind === "open" ? [] : await closedProblems(deps)),
    ...logs.flatMap((log) => lostWrites(log)),
    ...logs.flatMap((log) => leakedTexts(log, deps.commands)),
  ];
};

interface OpenDevice {
  readonly device: Device;
  readonly engine: Engine;
}

/** Members of a closed network that can meet each other. */
const membersIn = ({ devices }: CheckDeps, open: readonly OpenDevice[]): readonly OpenDevice[] => {
  const truth = truthOf(devices);
  if (membersApart(devices, truth) < 2) return [];
  return open.filter(({ device }) => isMember(device, truth));
};

const statusProblems = ({ name, running }: Device): readonly string[] =>
  (running?.sync ?? [])
    .filter(({ status }) => !(status.kind === "synced" && status.verified && status.unread === 0))
    .map((each) => `${name} is not verified: ${JSON.stringify(each)}`);

export const sharedHomes = ({ registry }: Engine): readonly Home[] =>
  registry.homes().filter(({ membership }) => membership.kind !== "local");

const convergenceProblems = (open: readonly OpenDevice[]): readonly string[] => {
  const [first, ...others] = open;
  if (first === undefined) return [];
  return others.flatMap(({ device, engine }) =>
    sharedHomes(first.engine).flatMap((home) => {
      const other = engine.registry.home(home.scope);
      const what = `${device.name} and ${first.device.name}, ${home.collection}:`;
      if (other === null) return [`${what} no such home`];
      return homeDifferences(home, other).map((difference) => `${what} ${difference}`);
    }),
  );
};

const homeDifferences = (a: Home, b: Home): readonly string[] => {
  const isSame = (read: (home: Home) => unknown): boolean => isDeepStrictEqual(read(a), read(b));
  return [
    ...(isSame(({ tree }) => tree.heads()) ? [] : ["other heads"]),
    ...(isSame(({ digest }) => digest.value()) ? [] : ["another digest"]),
    ...(isSame(({ documents }) => [...documents.sortedIds()]) ? [] : ["other documents"]),
    ...a.documents
      .sortedIds()
      .filter((id) => !isDeepStrictEqual(a.documents.get(id), b.documents.get(id)))
      .map((id) => `document ${id} is another`),
  ];
};

// ------------------------------------------------------------------------- what was written

interface DeviceLog extends EngineLog {
  readonly device: Device;
}

/** Acknowledged, not rolled back, and in no log. */
const lostWrites = (log: DeviceLog): readonly string[] =>
  log.device.isLiar
    ? []
    : log.device.acknowledged
        .filter(({ isRolledBack }) => !isRolledBack)
        .filter(({ commit }) => commit !== null && !isHeld(log, commit))
        .map(({ commandId, write }) => `${commandId} is lost: ${write.kind}`);

/** Texts written as private that stand in what is shared. */
const leakedTexts = (
  { device, homes }: DeviceLog,
  { privateTexts, sharedOnPurpose }: Commands,
): readonly string[] => {
  const { engine } = device;
  if (engine === null) return [];
  return sharedHomes(engine).flatMap(({ scope, collection }) => {
    const text = stableText(homes.get(scope)?.ops ?? []);
    return [...privateTexts]
      .filter(([, place]) => !sharedOnPurpose.has(`${place.collection}/${place.id}`))
      .filter(([secret]) => text.includes(`"${secret}"`))
      .map(([secret]) => `${secret.slice(privatePrefix.length)} left into ${collection}`);
  });
};
