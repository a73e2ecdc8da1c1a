/**
 * Network cases: what every carrier must give a database: peers and what is known of them,
 * statistics, events, messages, connecting by address, modes and forced sync. Written for whatever
 * bench is handed in, so that each carrier runs the same.
 */
import { describe, expect, test } from "vitest";
import type { DistributedDatabase } from "../../../src/client/api.ts";
import type { Document, NewDocument } from "../../../src/client/types.ts";
import type { MessageOutcome, ProtocolMessage } from "../../../src/client/networkTypes.ts";
import { expectRejection, rejection, untyped } from "./bench.ts";
import {
  connected,
  documentsOnce,
  managerOf,
  member,
  once,
  statusOnce,
  team,
  told,
  users,
  verified,
  verifiedWith,
  type PeerBench,
} from "./peers.ts";

const { networkId } = team;

export const networkCases = (bench: PeerBench): void => {
  describe("peers", () => {
    peerCases(bench);
    eventCases(bench);
    connectingCases(bench);
  });
  describe("messages", () => {
    messageCases(bench);
    frameLogCases(bench);
    messageFaultCases(bench);
  });
  describe("sync", () => {
    statusCases(bench);
    modeCases(bench);
  });
};

const peerCases = (bench: PeerBench): void => {
  test("T-067 T-069 T-071 T-072 T-148 G-042 P-043 a peer is named by its device", async () => {
    const [a, b] = await two(bench);
    const begun = Date.now();
    await users(b).insert({ id: "x" });
    await documentsOnce(a, 1);
    await verified(a, b);
    const [peer] = managerOf(a).getConnectedPeers(networkId);
    const [document] = await users(a).find({}, { meta: true });
    expect(peer?.peerId).toBe(document?._peerId);
    expect(peer).toMatchObject({
      ...{ networkId, protocols: ["/nebulusdb/1.0.0"], collections: ["users"] },
      ...{ operationsReceived: 1, status: { kind: "synced", verified: true } },
    });
    expect(peer?.lastSeen).toBeGreaterThanOrEqual(begun);
    expect(peer?.bytesReceived).toBeGreaterThan(0);
    expect(managerOf(a).getConnectedPeers("nobody")).toEqual([]);
    expect(managerOf(a).isPeerConnected(peer?.peerId ?? "")).toBe(true);
    expect(managerOf(a).isPeerConnected("nobody")).toBe(false);
  });

  test("T-068 T-070 T-086 T-090 how it is reached, and how long an answer takes", async () => {
    const [a, b] = await two(bench);
    const peer = await once(a, () => {
      const [found] = managerOf(a).getConnectedPeers();
      return found === undefined || found.latency === null ? null : found;
    });
    expect(peer.latency).toBeGreaterThanOrEqual(0);
    expect(peer.addresses).toHaveLength(1);
    expect(peer.addresses[0]).toContain(peer.transportId);
    expect(["direct", "relayed", "memory"]).toContain(peer.path);
    expect(managerOf(a).getNetworkStats(networkId)?.averageLatency).toBe(peer.latency);
    await connected(b, 1);
  });

  test("T-079 T-080 T-081 T-083 T-084 T-085 G-044 statistics outlive who left", async () => {
    const [a, b] = await two(bench);
    await users(a).insertBatch([{ id: "x" }, { id: "y" }, { id: "z" }]);
    await documentsOnce(b, 3);
    await users(b).insert({ id: "w" });
    await documentsOnce(a, 4);
    await verified(a, b);
    const sent = { operationsSent: 3, operationsReceived: 1, totalPeers: 1 };
    const stats = managerOf(a).getNetworkStats(networkId);
    expect(stats).toMatchObject({ networkId, ...sent, connectedPeers: 1, pendingOperations: 0 });
    expect(stats?.peers).toEqual(managerOf(a).getConnectedPeers(networkId));
    await b.shutdown();
    await connected(a, 0);
    const after = managerOf(a).getNetworkStats(networkId);
    expect(after).toMatchObject({ ...sent, connectedPeers: 0, averageLatency: null, peers: [] });
    expect(after?.bytesTransferred).toBeGreaterThanOrEqual(stats?.bytesTransferred ?? Infinity);
    expect(after?.bytesTransferred).toBe((after?.bytesSent ?? 0) + (after?.bytesReceived ?? 0));
  });
};

const eventCases = (bench: PeerBench): void => {
  test("T-154 T-155 T-156 D-32 who comes, goes and comes again is told", async () => {
    const a = await member(bench);
    const heard: string[] = [];
    for (const event of ["peer:discovered", "peer:connected", "peer:disconnected"] as const) {
      managerOf(a).on(event, ({ peerId }) => heard.push(`${event} ${peerId.length > 0}`));
    }
    const b = await member(bench);
    await connected(a, 1);
    expect(heard.slice(0, 2)).toEqual(["peer:discovered true", "peer:connected true"]);
    bench.apart([b], [a]);
    await told(a, "peer:disconnected");
    expect(managerOf(a).getNetworkStats(networkId)).toMatchObject({ connectedPeers: 0 });
    const back = told(a, "peer:connected");
    bench.together();
    const peer = await back;
    expect(managerOf(a).getConnectedPeers()).toMatchObject([{ peerId: peer.peerId }]);
    expect(heard.filter((each) => each.startsWith("peer:discovered"))).toHaveLength(1);
    expect(heard.slice(-2)).toEqual(["peer:disconnected true", "peer:connected true"]);
  });

  test("T-140 T-141 T-091 what is attached and detached elsewhere is noticed here", async () => {
    const [a, b] = await two(bench);
    await verified(a, b);
    await b.removeCollectionFromNetwork("users");
    await statusOnce(a, ({ kind }) => kind === "disconnected");
    expect(managerOf(a).getConnectedPeers()).toMatchObject([{ collections: [] }]);
    await users(a).insert({ id: "x" });
    expect(await users(a).forceSync()).toEqual({ synced: false });
    await b.addCollectionToNetwork(networkId, "users");
    await documentsOnce(b, 1);
    await verified(a, b);
    expect(managerOf(a).getConnectedPeers()).toMatchObject([{ collections: ["users"] }]);
  });

  test("T-150 shutdown goes once, and the other is alone", async () => {
    const [a, b] = await two(bench);
    await managerOf(b).shutdown();
    await managerOf(b).shutdown();
    await connected(a, 0);
    const again = bench.reopen(b);
    await connected(a, 1);
    await verified(a, again);
  });
};

const connectingCases = (bench: PeerBench): void => {
  test("P-041 P-042 P-044 disconnected, a peer stays away until it is connected", async () => {
    const [a, b] = await two(bench);
    const [peer] = await connected(a, 1);
    const address = peer?.addresses[0] ?? "";
    await managerOf(a).disconnectPeer(peer?.peerId ?? "");
    await connected(a, 0);
    await managerOf(a).disconnectPeer("nobody");
    await users(b).insert({ id: "x" });
    await connected(b, 0);
    await users(b).forceSync();
    expect(managerOf(a).getConnectedPeers()).toEqual([]);
    expect(await users(a).find()).toEqual([]);
    expect(await managerOf(a).connectPeer(address)).toBe(peer?.peerId);
    await documentsOnce(a, 1);
    expect(await managerOf(a).connectPeer(address)).toBe(peer?.peerId);
  });

  test("C-42 an address that names nobody, or cannot be dialled, is refused in words", async () => {
    const [a] = await two(bench);
    for (const address of ["", "nonsense", "/ip4/127.0.0.1/tcp/4001"]) {
      await expectRejection(managerOf(a).connectPeer(address), "UnsupportedAddress", "address");
    }
    const [peer] = await connected(a, 1);
    const wrong = (peer?.addresses[0] ?? "").replace(/.$/, (last) => (last === "a" ? "b" : "a"));
    await expectRejection(managerOf(a).connectPeer(wrong), "PeerUnreachable");
    const aborted = AbortSignal.abort();
    await expectRejection(managerOf(a).connectPeer(wrong, { signal: aborted }), "Aborted");
  });
};

const frameLogCases = (bench: PeerBench): void => {
  test("T-246 G-145 frames are noted while that is asked for, never their content", async () => {
    const [a, b] = await two(bench);
    await verified(a, b);
    const [peer] = await connected(a, 1);
    const manager = managerOf(a);
    expect(await manager.logFrames()).toEqual([]);
    await users(a).insert({ id: "1" });
    await documentsOnce(b, 1);
    expect(await manager.logFrames(true)).toEqual([]);
    await users(a).insert({ id: "2", text: "canary" });
    await documentsOnce(b, 2);
    await verified(a, b);
    const noted = await manager.logFrames();
    const sent = noted.find(({ kind, direction }) => `${direction} ${kind}` === "sent operation");
    expect(sent?.transportId).toBe(peer?.transportId);
    expect(sent?.bytes).toBeGreaterThan(100);
    expect(noted.map(({ at }) => at)).toEqual(noted.map(({ at }) => at).toSorted(byNumber));
    expect(noted.some(({ direction }) => direction === "received")).toBe(true);
    expect(JSON.stringify(noted)).not.toContain("canary");
    expect((await manager.logFrames(false)).length).toBeGreaterThanOrEqual(noted.length);
    expect(await manager.logFrames()).toEqual([]);
  });
};

const messageCases = (bench: PeerBench): void => {
  test("T-093 T-144 T-153 P-039 P-049 a message arrives once, from whom it is", async () => {
    const [a, b] = await two(bench);
    const [toB] = await connected(a, 1);
    const [toA] = await connected(b, 1);
    const events: ProtocolMessage[] = [];
    managerOf(b).on("message:received", (message) => events.push(message));
    const arrived = told(b, "message:received");
    const payload = { text: "hi", at: new Date(5), bytes: Uint8Array.of(1, 2), list: [1, null] };
    const lies = { senderId: "somebody else", networkId: "another", timestamp: 1 };
    const before = Date.now();
    await managerOf(a).sendToPeer(toB?.peerId ?? "", networkId, {
      ...{ type: "chat", payload },
      ...lies,
    });
    const message = await arrived;
    expect(message).toMatchObject({ type: "chat", networkId, senderId: toA?.peerId });
    expect(message.payload).toEqual(payload);
    expect(message.timestamp).toBeGreaterThanOrEqual(before);
    await managerOf(a).sendToPeer(toB?.peerId ?? "", networkId, { type: "end" });
    await told(b, "message:received", ({ type }) => type === "end");
    expect(events.map(({ type }) => type)).toEqual(["chat", "end"]);
    expect(events[1]?.payload).toBeNull();
    const stats = await once(b, () => {
      const found = managerOf(b).getNetworkStats(networkId);
      return found?.messagesReceived === 2 ? found : null;
    });
    expect(stats.messagesSent).toBe(0);
    const sent = await once(a, () => {
      const found = managerOf(a).getNetworkStats(networkId);
      return found?.messagesSent === 2 ? found : null;
    });
    expect(sent.messagesReceived).toBe(0);
  });

  test("T-143 G-092 G-093 P-040 a broadcast reaches all others of the network", async () => {
    const [a, b, c] = await three(bench);
    const outsider = bench.open();
    await outsider.createNetwork({ ...team, networkId: "elsewhere" });
    const heard: string[] = [];
    for (const [name, database] of Object.entries({ a, b, c, outsider })) {
      managerOf(database).onMessage("news", () => heard.push(name));
      managerOf(database).onMessage("other", () => heard.push("wrong type"));
    }
    const all = [told(b, "message:received"), told(c, "message:received")];
    const outcomes = await managerOf(a).broadcastMessage(networkId, { type: "news" });
    await Promise.all(all);
    const peers = managerOf(a).getConnectedPeers(networkId);
    expect(namesOf(outcomes)).toEqual(peers.map(({ peerId }) => peerId).toSorted());
    expect(outcomes.every(({ error }) => error === null)).toBe(true);
    expect(heard.toSorted()).toEqual(["b", "c"]);
    expect(await managerOf(outsider).broadcastMessage("elsewhere", { type: "news" })).toEqual([]);
  });

  test("T-145 T-152 G-096 G-100 handlers go by type, and fail alone", async () => {
    const [a, b] = await two(bench);
    const errors: string[] = [];
    b.on("error", ({ message }) => errors.push(message));
    const heard: unknown[] = [];
    managerOf(b).onMessage("n", () => {
      throw new Error("mine");
    });
    const stop = managerOf(b).onMessage("n", ({ payload }) => heard.push(payload));
    for (const payload of [1, 2, 3]) {
      const next = told(b, "message:received");
      await managerOf(a).broadcastMessage(networkId, { type: "n", payload });
      await next;
      if (payload === 2) stop();
    }
    expect(heard).toEqual([1, 2]);
    expect(errors).toEqual(["mine", "mine", "mine"]);
  });
};

const messageFaultCases = (bench: PeerBench): void => {
  test("T-144 G-095 who is not there is PeerUnreachable, and may come later", async () => {
    const a = await member(bench);
    const error = await rejection(managerOf(a).sendToPeer("nobody", networkId, { type: "x" }));
    expect(error).toMatchObject({ code: "PeerUnreachable", retryable: true, path: "nobody" });
    expect(await managerOf(a).broadcastMessage(networkId, { type: "x" })).toEqual([]);
    const unknown = managerOf(a).broadcastMessage("nowhere", { type: "x" });
    await expectRejection(unknown, "UnknownNetwork", "nowhere");
  });

  test("what no message can be is refused, and says where", async () => {
    const [a, b] = await two(bench);
    const send = (message: unknown): Promise<unknown> =>
      managerOf(a).broadcastMessage(networkId, untyped(message));
    await expectRejection(send({}), "InvalidArgument", "type");
    await expectRejection(send({ type: "" }), "InvalidArgument", "type");
    await expectRejection(send({ type: "x".repeat(257) }), "InvalidArgument", "type");
    await expectRejection(
      send({ type: "x", payload: { f: [test] } }),
      "InvalidDocument",
      "payload.f[0]",
    );
    await expectRejection(send({ type: "x", payload: "y".repeat(65_536) }), "TooLarge", "payload");
    const last = told(b, "message:received");
    await send({ type: "x", payload: "y".repeat(65_000) });
    expect((await last).type).toBe("x");
  });

  test("T-254 P-118 Q-153 too many at once are held back, and sync goes on", async () => {
    const [a, b] = await two(bench);
    const [peer] = await connected(a, 1);
    const errors: unknown[] = [];
    for (let n = 0; n < 200; n++) {
      const sent = managerOf(a).sendToPeer(peer?.peerId ?? "", networkId, { type: "n" });
      await sent.catch((error: unknown) => errors.push(error));
    }
    expect(errors.length).toBeGreaterThan(40);
    expect(errors[0]).toMatchObject({ code: "RateExceeded", retryable: true });
    await users(a).insert({ id: "x" });
    await documentsOnce(b, 1);
    expect(managerOf(b).getConnectedPeers()).toHaveLength(1);
  });
};

const statusCases = (bench: PeerBench): void => {
  test("Q-013 Q-016 Q-022 P-030 synced is said with names, and falls with them", async () => {
    const [a, b, c] = await three(bench);
    const status = await verifiedWith(a, 2);
    const peers = managerOf(a).getConnectedPeers();
    expect(status).toMatchObject({ kind: "synced", verified: true, unread: 0 });
    const named = "with" in status ? [...status.with] : [];
    expect(named.toSorted()).toEqual(peers.map(({ peerId }) => peerId).toSorted());
    expect(a.syncStatus(networkId)).toMatchObject({ kind: "synced", verified: true });
    await c.shutdown();
    await verifiedWith(a, 1);
    await b.shutdown();
    await statusOnce(a, ({ kind }) => kind === "disconnected");
    expect(users(a).getSyncState()?.lastSync).toBeGreaterThan(0);
  });

  test("Q-014 Q-015 syncing counts what has come of how much, and never back", async () => {
    const writer = await member(bench);
    await users(writer).insertBatch(Array.from({ length: 6_000 }, documentOfSomeSize));
    // Closing cuts all of it: what is cut and pushed once somebody is there is missing to nobody
    await writer.shutdown();
    const a = bench.reopen(writer);
    const b = bench.open();
    const seen: (readonly [done: number, total: number])[] = [];
    b.on("sync", () => {
      const status = users(b).getSyncState()?.status;
      if (status?.kind !== "syncing" && status?.kind !== "behind") return;
      const { done, total } = status.progress;
      expect(total - done).toBe(status.ops);
      if (total > 0) seen.push([done, total]);
    });
    await b.createNetwork(team);
    users(b);
    await b.addCollectionToNetwork(networkId, "users");
    await verified(a, b);
    expect(seen.length).toBeGreaterThan(2);
    expect(seen.map(([done]) => done)).toEqual(seen.map(([done]) => done).toSorted(byNumber));
    const totals = seen.map(([, total]) => total);
    expect(totals).toEqual(totals.toSorted(byNumber));
    expect(totals.at(-1)).toBe(6_000);
    expect(seen.some(([done]) => done > 0 && done < 6_000)).toBe(true);
    expect(users(b).getSyncState()?.syncInProgress).toBe(false);
  });

  test("T-168 T-230 Q-029 P-069 forceSync ends with a checked answer", async () => {
    const [a, b] = await two(bench);
    await users(a).insert({ id: "x" });
    const answers = await Promise.all([users(a).forceSync(), users(a).forceSync()]);
    expect(answers).toEqual([{ synced: true }, { synced: true }]);
    expect(await users(b).find()).toEqual([{ id: "x" }]);
    expect(users(a).getSyncState()).toMatchObject({ pendingOperations: 0, mode: "eager" });
  });
};

const modeCases = (bench: PeerBench): void => {
  test("T-257 P-060 P-065 by hand nothing goes before it is asked for", async () => {
    const [a, b] = await two(bench);
    await verified(a, b);
    await users(a).setSyncMode("manual");
    await statusOnce(a, ({ kind }) => kind === "paused");
    await users(a).insert({ id: "mine" });
    await users(b).insert({ id: "theirs" });
    await statusOnce(b, ({ kind }) => kind === "disconnected");
    expect(await users(a).find()).toEqual([{ id: "mine" }]);
    expect(await users(b).find()).toEqual([{ id: "theirs" }]);
    expect(await users(a).forceSync()).toEqual({ synced: true });
    expect(await users(b).find()).toEqual([{ id: "mine" }, { id: "theirs" }]);
    expect(users(a).getSyncState()).toMatchObject({ mode: "manual", status: { kind: "paused" } });
    await a.shutdown();
    const again = bench.reopen(a);
    await again.ready;
    expect(users(again).getSyncState()).toMatchObject({ mode: "manual" });
    await users(again).setSyncMode("eager");
    await verified(again, b);
  });

  test("the mode can be given with the collection; another word is refused", async () => {
    const a = bench.open();
    await a.createNetwork(team);
    await a.collection("users", { sync: "lazy" }).attachToNetwork(networkId);
    expect(users(a).getSyncState()).toMatchObject({ mode: "lazy" });
    await expectRejection(users(a).setSyncMode(untyped("soon")), "InvalidArgument", "sync");
    expect(() => a.collection("others", { sync: untyped("soon") })).toThrow(/eager, lazy, manual/);
  });
};

const two = async (
  bench: PeerBench,
): Promise<readonly [DistributedDatabase, DistributedDatabase]> => {
  const [a, b] = await Promise.all([member(bench), member(bench)]);
  await Promise.all([a, b].map((each) => connected(each, 1)));
  return [a, b];
};

const three = async (
  bench: PeerBench,
): Promise<readonly [DistributedDatabase, DistributedDatabase, DistributedDatabase]> => {
  const [a, b, c] = await Promise.all([member(bench), member(bench), member(bench)]);
  await Promise.all([a, b, c].map((each) => connected(each, 2)));
  return [a, b, c];
};

const namesOf = (outcomes: readonly MessageOutcome[]): readonly string[] =>
  outcomes.map(({ peerId }) => peerId).toSorted();

/** About 300 bytes, which do not deflate to nothing. */
const documentOfSomeSize = (_: unknown, n: number): NewDocument<Document> => ({
  id: `x${n}`,
  text: Array.from({ length: 50 }, (__, at) => ((n * 7_919 + 13) ** 2 * (at + 3)) % 99_991).join(),
});

const byNumber = (a: number, b: number): number => a - b;
