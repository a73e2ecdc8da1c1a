/** How often the DHT is asked, and by whom never. */
import { expect, test } from "vitest";
import { usualDiscovery } from "../../../src/core/wire/connection.ts";
import type { Clock } from "../../../src/net/clock.ts";
import { createDhtFinder } from "../../../src/net/dhtFinder.ts";
import type { RelayLink } from "../../../src/net/relayLink.ts";

/** Connected, without a rendezvous: all that the finder looks at. */
const link = {
  status: () => ({ state: "connected" }),
  hasRendezvous: () => false,
} as RelayLink;

const bench = (options: { readonly hasPeers: boolean; readonly isWanted?: boolean }) => {
  const waits: number[] = [];
  let asked = 0;
  let goOn: () => void = () => undefined;
  let told: () => void = () => undefined;
  // 1: every wait is as long as it may be
  const clock: Clock = {
    ...{ now: () => 0, random: () => 1 },
    after: (milliseconds, run) => {
      waits.push(milliseconds);
      goOn = run;
      told();
      return () => undefined;
    },
  };
  const finder = createDhtFinder({
    dht: {
      announce: () => Promise.resolve(true),
      forget: () => Promise.resolve(),
      find: () => {
        asked += 1;
        return Promise.resolve([]);
      },
    },
    ...{ links: () => [link], clock, onChange: () => undefined },
    discovery: { ...usualDiscovery, dht: options.isWanted ?? true },
    hasPeers: () => options.hasPeers,
  });
  const waited = (): Promise<void> =>
    new Promise((resolve) => {
      told = resolve;
    });
  const begin = (): void => {
    finder.update();
    finder.setTags(["a".repeat(32)]);
  };
  return { waits, asked: () => asked, begin, waited, goOn: () => goOn() };
};

test.each([
  [true, 60_000],
  [false, 30_000],
])(
  "P-091 with peers %j it is asked ever more seldom, at last every %i ms",
  async (hasPeers, last) => {
    const { waits, begin, waited, goOn } = bench({ hasPeers });
    const first = waited();
    begin();
    await first;
    for (let round = 0; round < 7; round += 1) {
      const next = waited();
      goOn();
      await next;
    }
    expect(waits.slice(0, 3)).toEqual([1_000, 2_000, 4_000]);
    expect(waits.at(-1)).toBe(last);
  },
);

test("P-056 P-090 a DHT that is not wanted is never asked", () => {
  const wanted = bench({ hasPeers: false });
  wanted.begin();
  expect(wanted.asked()).toBe(1);
  const { begin, asked, waits } = bench({ hasPeers: false, isWanted: false });
  begin();
  expect([asked(), waits]).toEqual([0, []]);
});
