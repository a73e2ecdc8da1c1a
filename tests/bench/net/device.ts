/**
 * A profile's page as steps drive it: every call is the page's own (page/protocol.ts), takes no
 * longer than it may, and an error says which device failed at what.
 */
import type { BareChannel, Loaded, NetPage } from "./page/protocol.ts";
import type { Profile } from "./profiles.ts";

export interface Device {
  readonly profile: Profile;
  readonly ask: <K extends CallName>(call: K, ...given: Given<NetPage, K>) => Answer<NetPage, K>;
  /** Of the bare channel. */
  readonly bare: <K extends keyof BareChannel>(
    call: K,
    ...given: Given<BareChannel, K>
  ) => Answer<BareChannel, K>;
  /** A new page on the open database; what it was told of its own load where `watch` is given. */
  readonly load: () => Promise<void>;
  readonly loadWatching: (watch: string) => Promise<Loaded>;
}

type CallName = Exclude<keyof NetPage, "bare">;
type Call = (...given: never) => unknown;
type Given<T, K extends keyof T> = T[K] extends Call ? Parameters<T[K]> : never;
type Answer<T, K extends keyof T> = T[K] extends Call ? Promise<Awaited<ReturnType<T[K]>>> : never;

export const createDevice = (profile: Profile, milliseconds: number): Device => {
  const { name } = profile;
  const within = <T>(what: string, run: Promise<T>): Promise<T> =>
    withinTime(run, milliseconds, `${name}: ${what}`);
  return {
    profile,
    ask: (call, ...given) =>
      // What the page's function gives is what its type says
      within(call, profile.page().evaluate(callPage, [call, given] as const)) as never,
    bare: (call, ...given) =>
      // As above
      within(`bare ${call}`, profile.page().evaluate(callBare, [call, given] as const)) as never,
    async load() {
      const page = await profile.load();
      await within(
        "open",
        page.evaluate(() => window.netBench.open()),
      );
    },
    async loadWatching(watch) {
      const page = await profile.load(watch);
      const loaded = await within(
        "load",
        page.evaluate(() => window.netLoaded),
      );
      if (loaded === undefined) throw new Error(`${name}: the page watched no load`);
      return loaded;
    },
  };
};

const callPage = ([call, given]: readonly [CallName, readonly unknown[]]): unknown =>
  // Runs in the page; who calls is held to each function's own type
  (window.netBench[call] as (...all: readonly unknown[]) => unknown)(...given);

const callBare = ([call, given]: readonly [keyof BareChannel, readonly unknown[]]): unknown =>
  // As above
  (window.netBench.bare[call] as (...all: readonly unknown[]) => unknown)(...given);

export const withinTime = async <T>(
  run: Promise<T>,
  milliseconds: number,
  what: string,
): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`${what} was not done after ${milliseconds / 1_000} s`));
    }, milliseconds);
  });
  try {
    return await Promise.race([run, late]);
  } finally {
    clearTimeout(timer);
  }
};
