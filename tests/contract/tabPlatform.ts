/**
 * What tabs need of a browser, as any platform must give it: the real one, and the one in one
 * process that simulations run on.
 */
import { expect, test } from "vitest";
import type { TabPlatform } from "../../src/worker/tabs/platform.ts";

/** `open`: a platform for one more tab of the same origin. */
export const tabPlatformContract = (open: () => TabPlatform): void => {
  let made = 0;
  const name = (): string => `contract-${String(Date.now())}-${++made}`;
  /** What the next message on a channel of that name is. */
  const heard = (platform: TabPlatform, channel: string): Promise<unknown> =>
    new Promise((resolve) => {
      platform.openChannel(channel, resolve);
    });

  test("a lock is one tab's until it is let go", async () => {
    const [one, other] = [open(), open()];
    const lock = name();
    const release = await one.locks.take(lock, { kind: "if-free" });
    expect(release).not.toBeNull();
    expect(await other.locks.take(lock, { kind: "if-free" })).toBeNull();
    const { signal } = new AbortController();
    const waiting = other.locks.take(lock, { kind: "wait", signal });
    await release?.();
    const next = await waiting;
    expect(next).not.toBeNull();
    expect(await one.locks.take(lock, { kind: "if-free" })).toBeNull();
    await next?.();
  });

  test("waiting for a lock can be given up", async () => {
    const [one, other] = [open(), open()];
    const lock = name();
    const release = await one.locks.take(lock, { kind: "if-free" });
    const controller = new AbortController();
    const waiting = other.locks.take(lock, { kind: "wait", signal: controller.signal });
    controller.abort();
    expect(await waiting).toBeNull();
    await release?.();
    const again = await one.locks.take(lock, { kind: "if-free" });
    expect(again).not.toBeNull();
    await again?.();
  });

  test("a lock that is stolen is lost, and letting go of it takes it from nobody", async () => {
    const [one, other] = [open(), open()];
    const lock = name();
    const taken: { release: (() => Promise<void>) | null } = { release: null };
    const lost = new Promise<void>((resolve) => {
      void one.locks.take(lock, { kind: "if-free" }, resolve).then((release) => {
        taken.release = release;
      });
    });
    await Promise.resolve();
    const held = await other.locks.take(lock, { kind: "steal" });
    await lost;
    await taken.release?.();
    expect(await one.locks.take(lock, { kind: "if-free" })).toBeNull();
    await held?.();
  });

  test("a message goes to all others of that name, and to them alone", async () => {
    const [one, other, third] = [open(), open(), open()];
    const channel = name();
    const hearing = [heard(other, channel), heard(third, channel)];
    const own = one.openChannel(channel, () => expect.unreachable("not to itself"));
    other.openChannel(name(), () => expect.unreachable("of another name"));
    const message = { bytes: Uint8Array.of(1, 2) };
    own.post(message);
    message.bytes[0] = 9;
    expect(await Promise.all(hearing)).toEqual([
      { bytes: Uint8Array.of(1, 2) },
      { bytes: Uint8Array.of(1, 2) },
    ]);
  });

  test("a channel that is closed says and hears nothing", async () => {
    const [one, other] = [open(), open()];
    const channel = name();
    const closed = one.openChannel(channel, () => expect.unreachable("it is closed"));
    const hearing = heard(other, channel);
    closed.close();
    closed.post("late");
    other.openChannel(channel, () => undefined).post("from one that is open");
    expect(await hearing).toBe("from one that is open");
  });
};
