/** When a reservation ends, with the signal that libp2p gives it. */
import { generateKeyPair } from "@libp2p/crypto/keys";
import type { RelayReservation } from "@libp2p/circuit-relay-v2";
import type { PeerId } from "@libp2p/interface";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { multiaddr } from "@multiformats/multiaddr";
import { retimeableSignal } from "retimeable-signal";
import { beforeEach, expect, test } from "vitest";
import { timeReservations, type Reservations } from "../../../relay/reservations.ts";
import { createVirtualTime, type VirtualTime } from "../../support/virtualTime.ts";

const lifetime = 120 * 60_000;

let time: VirtualTime;
let reservations: Map<PeerId, RelayReservation>;
let peer: PeerId;

beforeEach(async () => {
  time = createVirtualTime();
  reservations = new Map();
  peer = peerIdFromPrivateKey(await generateKeyPair("Ed25519"));
  timeReservations(reservations satisfies Reservations, lifetime, time.after);
});

/** As libp2p's store does it: a new one, or the old one's signal set anew. */
const reserve = (): RelayReservation => {
  const held = reservations.get(peer);
  held?.signal.reset(lifetime);
  const reservation = held ?? {
    addr: multiaddr("/ip4/127.0.0.1/tcp/1/ws"),
    expiry: new Date(time.now() + lifetime),
    signal: retimeableSignal(lifetime),
  };
  if (held === undefined) {
    reservation.signal.addEventListener("abort", () => reservations.delete(peer));
  }
  reservations.set(peer, reservation);
  return reservation;
};

/** What ends a reservation at once is an `AbortSignal.timeout` of no time. */
const ended = ({ signal }: RelayReservation): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => {
      resolve();
    });
  });

test("a reservation that is not renewed ends when its time is out", async () => {
  const reservation = reserve();
  await time.pass(lifetime - 1);
  expect(reservation.signal.aborted).toBe(false);
  await time.pass(1);
  await ended(reservation);
  expect(reservations.size).toBe(0);
});

test("one that is renewed again and again stands until the last renewal's end", async () => {
  const reservation = reserve();
  for (let at = 0; at < 10; at += 1) {
    await time.pass(lifetime - 5 * 60_000);
    expect(reservation.signal.aborted).toBe(false);
    expect(reserve()).toBe(reservation);
  }
  await time.pass(lifetime - 1);
  expect(reservation.signal.aborted).toBe(false);
  await time.pass(1);
  await ended(reservation);
  expect(reservations.size).toBe(0);
});

test("one that is taken back never ends by itself, nor the next before its time", async () => {
  const first = reserve();
  first.signal.clear();
  reservations.delete(peer);
  await time.pass(lifetime / 2);
  const second = reserve();
  await time.pass(lifetime / 2);
  expect([first.signal.aborted, second.signal.aborted]).toEqual([false, false]);
  await time.pass(lifetime / 2);
  await ended(second);
  expect(first.signal.aborted).toBe(false);
});
