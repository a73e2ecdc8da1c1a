/**
 * What went between this device and a peer, counted. Apart from `peer.ts`, which is loaded with the
 * first channel: snapshots add up what was before there is any.
 */
import type { TrafficSnapshot } from "../../core/wire/snapshots.ts";

export type Traffic = { -readonly [Name in keyof TrafficSnapshot]: number };

export const noTraffic: TrafficSnapshot = {
  ...{ operationsSent: 0, operationsReceived: 0, messagesSent: 0, messagesReceived: 0 },
  ...{ bytesSent: 0, bytesReceived: 0 },
};

export const addTraffic = (a: TrafficSnapshot, b: TrafficSnapshot): TrafficSnapshot => ({
  operationsSent: a.operationsSent + b.operationsSent,
  operationsReceived: a.operationsReceived + b.operationsReceived,
  messagesSent: a.messagesSent + b.messagesSent,
  messagesReceived: a.messagesReceived + b.messagesReceived,
  bytesSent: a.bytesSent + b.bytesSent,
  bytesReceived: a.bytesReceived + b.bytesReceived,
});
