/**
 * What must hold in the end in a closed network. Which segments count is told here once more, from
 * the records alone: closed logs end at their frontiers.
 */
import { isDeepStrictEqual } from "node:util";
import { bytesToHex, equalBytes } from "../../src/core/base/bytes.ts";
import type { HeaderHash, ScopeId, WriterId } from "../../src/core/base/types.ts";
import { storedCertificate } from "../../src/core/network/certificate.ts";
import type { ClosedControl } from "../../src/core/network/closed/chain.ts";
import type { ControlContent, Frontier } from "../../src/core/network/closed/content.ts";
import { epochIdOf, headOf, type ControlRecord } from "../../src/core/network/closed/record.ts";
import type { ControlHead } from "../../src/core/network/control.ts";
import { isLaterHead } from "../../src/core/network/laterHead.ts";
import type { DeliveredSegment } from "../../src/core/segment/segment.ts";
import type { ClosedMembership } from "../../src/engine/closed/membership.ts";
import { deviceNameOf } from "../../src/engine/device.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { originOf } from "./canaries.ts";
import { sharedHomes } from "./checks.ts";
import type { Device } from "./device.ts";
import { readEngineLog, type EngineLog } from "./engineLog.ts";
import type { CheckDeps } from "./checks.ts";

interface Standing {
  readonly device: Device;
  readonly engine: Engine;
  readonly membership: ClosedMembership;
  readonly log: EngineLog;
}

/** Everything that is wrong in the end with who holds what. */
export const closedProblems = async (deps: CheckDeps): Promise<readonly string[]> => {
  const standings: Standing[] = [];
  for (const device of deps.devices) {
    const { engine, membership } = device;
    if (engine === null || membership === null) continue;
    const log = await readEngineLog(engine, device.disk.image(), deps);
    standings.push({ device, engine, membership, log });
  }
  const truth = truthOf(deps.devices);
  if (truth === null) return ["nobody is there"];
  const members = standings.filter(({ device }) => isMember(device, truth));
  const isAlone = membersApart(deps.devices, truth) < 2;
  const strangers = standings.filter(({ device }) => !isMember(device, truth));
  const logs = standings.map(({ log }) => log);
  const { canaries, crypto } = deps;
  const records = recordsOf(deps.devices);
  return [
    ...(isAlone
      ? []
      : [
          ...chainProblems(members, truth),
          ...members.flatMap(pendingProblems),
          ...logProblems(members),
        ]),
    ...strangers.flatMap((each) => strangerProblems(each, truth, records)),
    ...standings.flatMap((each) => leakedKeys(each, truth, records)),
    // What a disk forgets of the chain it may write for whoever is gone
    ...(deps.forgets ? [] : await canaries.problems({ crypto, truth, members, strangers, logs })),
    ...(deps.isWatched ? forkProblems(standings, members) : []),
    ...members.flatMap(unnamedForks),
  ];
};

/** A fork is proof, and names whose key signed both sides: never that of an honest device. */
const forkProblems = (
  standings: readonly Standing[],
  members: readonly Standing[],
): readonly string[] => {
  const honest = new Map(
    standings
      .filter(({ device }) => !device.isLiar)
      .map(({ device, membership }) => [bytesToHex(membership.device.publicKey), device.name]),
  );
  return members.flatMap(({ device, engine }) =>
    sharedHomes(engine).flatMap(({ tree }) =>
      tree.heads().flatMap(({ writer, hash }) => {
        const key = tree.get(hash)?.origin.signingKey ?? new Uint8Array();
        const name = honest.get(bytesToHex(key));
        const isForked = tree.headsOf(writer).length > 1;
        return isForked && name !== undefined ? [`${device.name} says that ${name} forked`] : [];
      }),
    ),
  );
};

/** Whose proof stands here is named to people, whether it lied or its profile was copied. */
const unnamedForks = ({ device, engine }: Standing): readonly string[] => {
  const warnings = device.running?.opened?.sync.deviceWarnings() ?? [];
  const named = new Set(warnings.flatMap((each) => (each.kind === "forked" ? [each.device] : [])));
  return sharedHomes(engine).flatMap(({ tree }) =>
    tree.forks().flatMap(({ writer }) => {
      const origin = tree.originOf(writer);
      const name = origin === null ? null : deviceNameOf(origin.signingKey);
      return name !== null && !named.has(name) ? [`${device.name} does not name ${name}`] : [];
    }),
  );
};

/** The chain of whoever knows most; null: nobody knows any. */
export const truthOf = (devices: readonly Device[]): ClosedControl | null =>
  devices
    .flatMap(({ membership }) => (membership === null ? [] : [membership.control]))
    .reduce<ClosedControl | null>(
      (most, each) => (most === null || isLaterHead(each.head(), most.head()) ? each : most),
      null,
    );

/** Copies of one device do not meet each other. */
export const membersApart = (devices: readonly Device[], truth: ClosedControl | null): number =>
  new Set(
    devices
      .filter((device) => isMember(device, truth))
      .map(({ membership }) => bytesToHex(membership?.device.publicKey ?? new Uint8Array())),
  ).size;

/** A device that was away when it was removed may not know. */
export const isMember = ({ membership }: Device, truth: ClosedControl | null): boolean =>
  membership !== null && truth?.standingOf(membership.device.certificate) === "member";

/** Everybody's chain is the same, and nothing waits for the sequencer if there still is one. */
const chainProblems = (members: readonly Standing[], truth: ClosedControl): readonly string[] => {
  const devices = members.map(({ device }) => device);
  return [
    ...members
      .filter(({ membership }) => !isDeepStrictEqual(membership.control.head(), truth.head()))
      .map(({ device }) => `${device.name} has another control head`),
    ...members
      .filter(({ membership }) => membership.control.isFrozen())
      .map(({ device }) => `the chain of ${device.name} is frozen`),
    ...members
      .filter(({ device }) => isAwaited(device, devices, truth))
      .map(({ device, membership }) => {
        const kinds = [...membership.proposals.values()].map(({ proposal }) => proposal.content);
        return `${device.name} waits for ${kinds.map(({ kind }) => kind).join()}`;
      }),
  ];
};

/**
 * A profile that was copied goes by the same name among peers, in whatever network each of them
 * came since: the two never meet.
 */
export const isCopyOf = (a: Device, b: Device): boolean => a !== b && originOf(a) === originOf(b);

/** It asked for something that the sequencer can decide: if there is one, and they can meet. */
export const isAwaited = (
  device: Device,
  devices: readonly Device[],
  truth: ClosedControl,
): boolean => {
  const { sequencer } = truth.state();
  const isThere = devices.some(
    (each) =>
      each.membership !== null &&
      bytesToHex(each.membership.device.publicKey) === sequencer &&
      !isCopyOf(each, device),
  );
  return isThere && (device.membership?.proposals.size ?? 0) > 0;
};

/** Whoever may write has said all. */
const pendingProblems = ({ device, engine, membership, log }: Standing): readonly string[] =>
  membership.standing() === "reader"
    ? []
    : sharedHomes(engine)
        .map(({ scope, collection }) => ({ collection, ops: log.pending.get(scope) ?? [] }))
        .filter(({ ops }) => ops.length > 0)
        .map(({ collection, ops }) => `${device.name} keeps ${ops.length} ops of ${collection}`);

// ------------------------------------------------------------------------------ what counts

/** All hold the same segments, and none beyond a frontier. */
const logProblems = (members: readonly Standing[]): readonly string[] => {
  const [first] = members;
  if (first === undefined) return [];
  const closures = closuresIn(first.membership.control);
  const scopes = new Set(members.flatMap(({ engine }) => sharedHomes(engine).map(scopeOf)));
  return [...scopes].flatMap((scope) => {
    const held = members.map((member) => ({
      name: member.device.name,
      ...judged(member, scope, closures),
    }));
    const all = new Set(held.flatMap(({ counted }) => [...counted]));
    return held.flatMap(({ name, counted, beyond }) => [
      ...(counted.size < all.size
        ? [`${name} lacks ${all.size - counted.size} segments of ${scope.slice(0, 4)}`]
        : []),
      ...beyond.map((hash) => `${name} holds ${hash.slice(0, 8)}, which counts no more`),
    ]);
  });
};

const scopeOf = ({ scope }: { readonly scope: ScopeId }): ScopeId => scope;

interface Judged {
  readonly counted: ReadonlySet<HeaderHash>;
  /** Its own among them: they are set aside. */
  readonly beyond: readonly HeaderHash[];
}

const judged = (
  { membership, log }: Pick<Standing, "membership" | "log">,
  scope: ScopeId,
  closures: readonly Closing[],
): Judged => {
  const segments = log.homes.get(scope)?.segments ?? [];
  const counted = new Set<HeaderHash>();
  const beyond: HeaderHash[] = [];
  const openedAt = openingHeights(segments, membership.control);
  for (const { header, headerHash, origin } of segments) {
    const device = bytesToHex(origin.signingKey);
    const began = openedAt.get(header.writer) ?? -1;
    const isVoid = closures
      .filter((closing) => closing.devices.has(device) && began < closing.height)
      .some(
        ({ frontier }) => header.first + header.count - 1 > endOf(frontier, scope, header.writer),
      );
    if (isVoid) beyond.push(headerHash);
    else counted.add(headerHash);
  }
  return { counted, beyond };
};

const endOf = (frontier: Frontier, scope: ScopeId, writer: WriterId): number =>
  frontier.get(scope)?.find((row) => row.writer === writer)?.n ?? 0;

const openingHeights = (
  segments: readonly DeliveredSegment[],
  control: ClosedControl,
): ReadonlyMap<WriterId, number> =>
  new Map(
    segments.flatMap(({ header: { opening, writer, controlHead } }) => {
      const found = opening === null || controlHead === null ? null : control.find(controlHead);
      return found?.kind === "known" ? [[writer, found.position] as const] : [];
    }),
  );

interface Closing {
  readonly isRemoval: boolean;
  readonly height: number;
  readonly devices: ReadonlySet<string>;
  readonly frontier: Frontier;
}

/** Removals, and roles that may write no more: from the records, one after another. */
const closuresIn = (control: ClosedControl): readonly Closing[] => {
  const accountOf = new Map<string, string>();
  const roles = new Map<string, string>();
  const closures: Closing[] = [];
  for (const { height, proposal } of control.from(0)) {
    const { content } = proposal;
    if ("certificate" in content) {
      const certificate = storedCertificate(content.certificate);
      if (certificate === null) throw new Error("a record holds a certificate");
      const account = bytesToHex(certificate.account);
      accountOf.set(bytesToHex(certificate.signingKey), account);
      if (content.kind !== "device") roles.set(account, roleIn(content));
    }
    const devicesOf = (account: string): readonly string[] =>
      [...accountOf].filter(([, each]) => each === account).map(([device]) => device);
    if (content.kind === "remove") {
      const whole = content.account === null ? [] : devicesOf(bytesToHex(content.account));
      const devices = new Set([...whole, ...content.devices.map(bytesToHex)]);
      closures.push({ isRemoval: true, height, devices, frontier: content.frontier });
    }
    if (content.kind === "role") {
      const account = bytesToHex(content.account);
      if (content.role === "reader" && roles.get(account) !== "reader") {
        const { frontier } = content;
        const devices = new Set(devicesOf(account));
        closures.push({ isRemoval: false, height, devices, frontier });
      }
      roles.set(account, content.role);
    }
  }
  return closures;
};

const roleIn = (content: Extract<ControlContent, { certificate: Uint8Array }>): string =>
  content.kind === "admit" ? content.role : "owner";

// ----------------------------------------------------------------------- who is no member

/**
 * Who waits holds nothing of others yet; who was removed nothing that was written by those who knew
 * of it. A copy of the sequencer's profile decides beside the chain and need not know.
 */
const strangerProblems = (
  { device, membership, log }: Standing,
  control: ClosedControl,
  records: Records,
): readonly string[] => {
  const own = bytesToHex(membership.device.publicKey);
  const isRemoved = closuresIn(control).some(
    ({ isRemoval, devices }) => isRemoval && devices.has(own),
  );
  if (!isRemoved && wasAdmitted(control, own)) return [];
  const counting = new Set(control.from(0).map(({ hash }) => hash));
  // One that a term took back was of no account
  const counts = ({ hash }: ControlRecord): boolean => counting.has(hash);
  const named = new Map([...records.values()].map((record) => [headOf(record).hash, record]));
  const knewOfIt = ({ hash }: ControlHead): boolean => {
    const record = named.get(hash);
    return record === undefined || isBehindRemoval(record, membership, records, counts);
  };
  const foreign = [...log.homes.values()]
    .flatMap(({ segments }) => segments)
    .filter(({ origin }) => bytesToHex(origin.signingKey) !== own)
    .filter(
      ({ header: { controlHead } }) =>
        controlHead !== null && (!isRemoved || knewOfIt(controlHead)),
    );
  return foreign.map(({ headerHash }) => `${device.name} was given ${headerHash.slice(0, 8)}`);
};

/** On a branch that does not count any more. */
const wasAdmitted = (control: ClosedControl, device: string): boolean =>
  control.records().some(({ proposal: { content } }) => {
    if (!("certificate" in content)) return false;
    const key = storedCertificate(content.certificate)?.signingKey;
    return key !== undefined && bytesToHex(key) === device;
  });

/** All that anybody has, on the chain or beside it. */
type Records = ReadonlyMap<string, ControlRecord>;

const recordsOf = (devices: readonly Device[]): Records =>
  new Map(
    devices
      .flatMap(({ membership }) => membership?.control.records() ?? [])
      .map((record) => [record.hash, record]),
  );

/** Whether a record up to this one removed who is meant, of those that are to be looked at. */
const isBehindRemoval = (
  from: ControlRecord,
  { device: { certificate } }: ClosedMembership,
  records: Records,
  counts: (record: ControlRecord) => boolean,
): boolean => {
  const { signingKey, account } = certificate;
  const isRemoval = ({ proposal: { content } }: ControlRecord): boolean =>
    content.kind === "remove" &&
    (content.devices.some((each) => equalBytes(each, signingKey)) ||
      (content.account !== null && equalBytes(content.account, account)));
  for (let at: ControlRecord | undefined = from; at !== undefined;) {
    if (isRemoval(at) && counts(at)) return true;
    at = at.previous === null ? undefined : records.get(at.previous);
  }
  return false;
};

/**
 * Keys of epochs that began with its removal or after it, on the chain or on a branch beside. Only
 * who is a member in the end may have those of a branch that counts no more: he was to go, and
 * stays.
 */
const leakedKeys = (
  { device, membership }: Standing,
  truth: ClosedControl,
  records: Records,
): readonly string[] => {
  const counting = new Set(truth.from(0).map(({ hash }) => hash));
  const stays = isMember(device, truth);
  const counts = ({ hash }: ControlRecord): boolean => !stays || counting.has(hash);
  return [...records.values()]
    .filter(({ proposal: { content } }) => ["remove", "epoch"].includes(content.kind))
    .filter((record) => membership.keys.has(epochIdOf(record)))
    .filter((record) => isBehindRemoval(record, membership, records, counts))
    .map((record) => `${device.name} was removed before the epoch ${epochIdOf(record)}`);
};
