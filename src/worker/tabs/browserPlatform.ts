/**
 * How tabs find each other in a browser: Web Locks, which it frees when a tab ends or crashes
 * (20 to 225 ms later, FACTS.md), and BroadcastChannels.
 */
import { heartbeatMilliseconds } from "../../core/base/limits.ts";
import { createTimers } from "../../engine/timers.ts";
import type { Release, TabLocks, TabPlatform } from "./platform.ts";

/**
 * When this program was built, in milliseconds since 1970: put in by Vite, where an application
 * says so in `define`. Without it all builds count as one.
 */
declare const buildTime: number | undefined;

export const createBrowserPlatform = (): TabPlatform => ({
  locks: createLocks(navigator.locks),
  openChannel(name, onMessage) {
    const channel = new BroadcastChannel(name);
    let isOpen = true;
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      onMessage(data);
    };
    return {
      post(message) {
        if (isOpen) channel.postMessage(message);
      },
      close() {
        isOpen = false;
        channel.close();
      },
    };
  },
  timers: createTimers(() => Date.now()),
  makeId: () => crypto.randomUUID(),
  build: typeof buildTime === "number" ? buildTime : 0,
  heartbeatMilliseconds,
});

const createLocks = (locks: LockManager): TabLocks => ({
  take: (name, wish, lost = () => undefined) =>
    new Promise((resolve, reject) => {
      const options: LockOptions =
        wish.kind === "wait"
          ? { signal: wish.signal }
          : { ifAvailable: wish.kind === "if-free", steal: wish.kind === "steal" };
      let isHeld = false;
      const held = locks.request(name, options, (lock) => {
        if (lock === null) {
          resolve(null);
          return undefined;
        }
        isHeld = true;
        return new Promise<void>((free) => {
          const release: Release = async () => {
            free();
            // A stolen one rejects
            await held.catch(() => undefined);
          };
          resolve(release);
        });
      });
      held.catch((error: unknown) => {
        if (isHeld) lost();
        else if (wish.kind === "wait" && wish.signal.aborted) resolve(null);
        else reject(error instanceof Error ? error : new Error(String(error)));
      });
    }),
});
