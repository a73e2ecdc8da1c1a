/**
 * What is tried with a peer: a channel carries one network, so on every connection whoever opened
 * it tries all that this device has in turn, one at a time, each on a channel of its own; what came
 * to this device later is tried by itself, whoever opened the connection. Time is counted in ticks,
 * since clocks are put forward and back.
 */
import { peerLinesMax } from "../../core/base/limits.ts";
import type { PeerChannel } from "../../core/net/carrier.ts";
import type { GreetingFault } from "../../core/sync/greeting.ts";
import { networkKey, reasonsToMeet, targetsOf, type Target } from "./reasons.ts";
import type { PeerLine, SyncState, TargetKey, Try } from "./state.ts";

/** The line that a new channel is on. */
export const joinLine = (state: SyncState, channel: PeerChannel): PeerLine => {
  const known = state.lines.get(channel.remotePeer);
  const line = channel.isBeside && known !== undefined ? known : freshLine(state, channel, known);
  line.channels.set(channel, null);
  return line;
};

const freshLine = (state: SyncState, channel: PeerChannel, before?: PeerLine): PeerLine => {
  const tries = new Map<TargetKey, Try>();
  if (!channel.initiator) {
    for (const { key } of targetsOf(reasonsToMeet(state))) tries.set(key, never);
  }
  const line: PeerLine = {
    ...{ channels: new Map(), tries, tryingSince: null, refusal: before?.refusal ?? null },
    turn: (before?.turn ?? -1) + 1,
    goOn: () => {
      goOn(state, line);
    },
  };
  for (const [peer, { channels }] of state.lines) {
    if (state.lines.size >= peerLinesMax && channels.size === 0) state.lines.delete(peer);
  }
  state.lines.set(channel.remotePeer, line);
  return line;
};

/** What a channel that this side opened is for; null: all is tried. */
export const nextTarget = (
  state: SyncState,
  line: PeerLine,
  channel: PeerChannel,
): Target | null => {
  const target = dueTarget(state, line);
  if (target === null) {
    line.tryingSince = null;
    return null;
  }
  line.channels.set(channel, target.key);
  line.tryingSince = state.ticks;
  return target;
};

/** How the greeting on a channel of this side ended. null: well. */
export const noteOutcome = (
  state: SyncState,
  line: PeerLine,
  channel: PeerChannel,
  fault: GreetingFault | null,
): void => {
  const key = line.channels.get(channel) ?? null;
  if (key === null) return;
  line.tryingSince = null;
  if (fault === null) line.tries.delete(key);
  else if (fault === "no-common-network") line.tries.set(key, never);
  else delay(state, line, key);
  goOn(state, line);
};

export const leaveLine = (state: SyncState, line: PeerLine, channel: PeerChannel): void => {
  const key = line.channels.get(channel) ?? null;
  line.channels.delete(channel);
  if (key !== null && !line.tries.has(key)) delay(state, line, key);
};

const goOn = (state: SyncState, line: PeerLine): void => {
  if (line.tryingSince !== null && state.ticks - line.tryingSince < tryTicksMax) return;
  const [channel] = line.channels.keys();
  if (channel === undefined || dueTarget(state, line) === null) return;
  line.tryingSince = state.ticks;
  channel.another();
};

const dueTarget = (state: SyncState, line: PeerLine): Target | null => {
  const targets = targetsOf(reasonsToMeet(state));
  const served = servedKeys(state, line);
  const from = line.turn % Math.max(1, targets.length);
  const inTurn = [...targets.slice(from), ...targets.slice(0, from)];
  return (
    inTurn.find(
      ({ key }) => !served.has(key) && (line.tries.get(key)?.notBefore ?? 0) <= state.ticks,
    ) ?? null
  );
};

const servedKeys = (state: SyncState, line: PeerLine): ReadonlySet<TargetKey | null> => {
  const served = new Set<TargetKey | null>();
  for (const [channel, key] of line.channels) {
    served.add(key);
    const met = state.connected.get(channel);
    if (met !== undefined) served.add(networkKey(met.membership.network.networkHash));
  }
  return served;
};

const delay = ({ ticks }: SyncState, line: PeerLine, key: TargetKey): void => {
  const failures = (line.tries.get(key)?.failures ?? 0) + 1;
  const wait = Math.min(retryTicks.min * 2 ** (failures - 1), retryTicks.max);
  line.tries.set(key, { failures, notBefore: ticks + wait });
};

const never: Try = { failures: 0, notBefore: Infinity };
const retryTicks = { min: 5, max: 600 };
/** A channel that was asked for and did not come by then does not come; longer than a greeting. */
const tryTicksMax = 15;
