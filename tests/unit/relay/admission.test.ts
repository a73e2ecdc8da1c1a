/** Who goes when too many knock. */
import { PassThrough, type Duplex } from "node:stream";
import { expect, test } from "vitest";
import { createAdmission } from "../../../relay/admission.ts";

const admissionOf = (guestsMax: number) => {
  const evicted = { count: 0 };
  const goodbyes: (() => void)[] = [];
  let pending = (): void => undefined;
  const admission = createAdmission({
    guestsMax,
    goodbye: (run) => goodbyes.push(run),
    onceRead: (run) => {
      pending = run;
    },
    onEvicted: () => {
      evicted.count += 1;
    },
  });
  return {
    ...admission,
    evicted,
    goodbyes,
    /** All that came was read. */
    read: () => {
      pending();
      pending = () => undefined;
    },
    enter: (): Duplex => {
      const socket = new PassThrough();
      admission.enter(socket);
      return socket;
    },
  };
};

const standing = (sockets: readonly Duplex[]): readonly boolean[] =>
  sockets.map((socket) => !socket.destroyed);

const closed = (socket: Duplex): Promise<void> =>
  new Promise((resolve) => {
    socket.once("close", resolve);
  });

test("where places are taken, the guest silent longest goes", () => {
  const { enter, touch, read, evicted } = admissionOf(2);
  const [first, second] = [enter(), enter()];
  touch(first);
  const third = enter();
  read();
  expect(standing([first, second, third])).toEqual([true, false, true]);
  expect(evicted.count).toBe(1);
});

test("nobody goes before it could be heard, however many come at once", () => {
  const { enter, touch, read, evicted } = admissionOf(2);
  const sockets = [enter(), enter(), enter(), enter(), enter()] as const;
  expect(evicted.count).toBe(0);
  touch(sockets[0]);
  read();
  expect(standing(sockets)).toEqual([true, false, false, false, true]);
  expect(evicted.count).toBe(3);
});

test("a peer is no guest: no newcomer takes its place", () => {
  const { enter, carry, admit, isAdmitted, read } = admissionOf(1);
  const peer = enter();
  carry(peer, 4_000);
  admit(4_000);
  expect(isAdmitted(peer)).toBe(true);
  const [first, second] = [enter(), enter()];
  read();
  expect(standing([peer, first, second])).toEqual([true, false, true]);
});

test("a peer that libp2p has left is a guest again, and not for long", () => {
  const { enter, carry, admit, dismiss, isAdmitted, read, goodbyes } = admissionOf(2);
  const [slow, slower] = [enter(), enter()];
  for (const [port, socket] of [slow, slower].entries()) {
    carry(socket, port);
    admit(port);
    dismiss(port);
  }
  expect(isAdmitted(slow)).toBe(false);
  enter();
  read();
  expect(standing([slow, slower])).toEqual([false, true]);
  for (const run of goodbyes) run();
  expect(slower.destroyed).toBe(true);
});

test("what libp2p has left twice, or never had, changes nothing", () => {
  const { enter, carry, dismiss, goodbyes } = admissionOf(1);
  const guest = enter();
  carry(guest, 4_000);
  dismiss(4_000);
  dismiss(5_000);
  expect([goodbyes.length, guest.destroyed]).toEqual([0, false]);
});

test("a port that another socket has by now admits the other", async () => {
  const { enter, carry, admit, isAdmitted } = admissionOf(4);
  const [older, newer] = [enter(), enter()];
  carry(older, 4_000);
  const gone = closed(older);
  carry(newer, 4_000);
  older.destroy();
  await gone;
  admit(4_000);
  expect([isAdmitted(older), isAdmitted(newer)]).toEqual([false, true]);
  admit(5_000);
});

test("who leaves by itself takes no place", async () => {
  const { enter, read, evicted } = admissionOf(1);
  for (let at = 0; at < 5; at += 1) {
    const socket = enter();
    const gone = closed(socket);
    socket.destroy();
    await gone;
  }
  read();
  expect(evicted.count).toBe(0);
});

test("at the end all go", () => {
  const { enter, carry, admit, close } = admissionOf(4);
  const sockets = [enter(), enter()];
  const [peer] = sockets;
  if (peer !== undefined) carry(peer, 4_000);
  admit(4_000);
  close();
  expect(standing(sockets)).toEqual([false, false]);
});
