/** Links that are slow and lose something, and networks that go and come back. */
import { median } from "../../support/statistics.ts";
import { noShape } from "../link/shape.ts";
import { loadAgain } from "./loads.ts";
import { measureVisible } from "./pair.ts";
import {
  closeBare,
  connectBare,
  connectedOver,
  shareEmpty,
  type Round,
  type Step,
} from "./step.ts";

const roundTripMilliseconds = 80;
const way = { delayMilliseconds: roundTripMilliseconds / 2, bitsPerSecond: 10_000_000 };
const pings = 40;

/** The datagrams lose one in a hundred; the connection to the relay is as slow, and loses none. */
export const shaped: Step = async (round) => {
  const { a, b, ground, plan, emit } = round;
  const { documents, seed } = plan;
  await shapeBoth(round);
  ground.setRelayLinks({ ...way, loss: 0 });
  ground.setPeerLinks({ ...way, loss: 0.01 });
  const loads = await loadAgain(round, Math.ceil(plan.loads / 3));
  emit("shaped-load", median(loads.map(({ milliseconds }) => milliseconds)), { documents });
  const sessions = loads.map(({ sessionMilliseconds }) => sessionMilliseconds);
  emit("shaped-trips", median(sessions) / roundTripMilliseconds, { documents });

  await measureVisible(round, "shaped-visible", "shaped-visible");
  await connectBare(round);
  const { spread } = await a.bare("ping", pings);
  emit("shaped-round-trip", spread.p50, { spread, participant: "bare" });

  await a.ask("share", "shaped");
  await a.ask("fill", "shaped", documents, seed);
  await b.ask("counted");
  const taken = await b.ask("take", "shaped", { operations: documents, devices: 1 });
  emit("shaped-initial", taken.ended - taken.started, { documents });
  await b.ask("check", "shaped", documents, seed);
  // As many bytes as that takes
  const bareTime = await a.bare("send", initialBytes);
  emit("shaped-initial", bareTime, { documents, participant: "bare" });
  await closeBare(round);
  ground.setRelayLinks(noShape);
  ground.setPeerLinks(noShape);
};

/** Of 10,000 documents on the wire: `sync-bytes` of `npm run bench:sync`. */
const initialBytes = 760_000;

/** Nothing passes any more, and both browsers say so; each writes meanwhile. */
export const reconnect: Step = async (round) => {
  const { a, b, ground, plan, emit } = round;
  const { writes, seed } = plan;
  await shapeBoth(round);
  await shareEmpty(round, "missed");
  ground.cut();
  await Promise.all([a, b].map(({ profile }) => profile.setOffline(true)));
  const over = new Promise<void>((resolve) => {
    setTimeout(resolve, plan.offlineMilliseconds);
  });
  await Promise.all(
    [a, b].map((each, at) => each.ask("writeAll", "missed", writes, seed, at * writes)),
  );
  await over;
  const wanted = { operations: 2 * writes, devices: 1 };
  const settled = [a, b].map((each) => each.ask("settled", "missed", wanted));
  // Pages' own clocks may be apart
  const started = performance.now();
  ground.join();
  await Promise.all([a, b].map(({ profile }) => profile.setOffline(false)));
  await Promise.all(settled);
  const milliseconds = performance.now() - started;
  for (const each of [a, b]) await each.ask("check", "missed", 2 * writes, seed);
  emit("reconnect", milliseconds, { documents: 2 * writes });
};

/** Whatever goes between the two, or to the relay, goes over links of this program from now on. */
const shapeBoth = async (round: Round): Promise<void> => {
  const both = [round.a, round.b];
  for (const { profile } of both) if (!profile.isShaped()) await profile.shapeDatagrams();
  for (const each of both) {
    await each.load();
    await each.ask("configure", { relays: [each.profile.farRelay], relayOnly: false });
  }
  await connectedOver(round, "direct");
};
