/** Pages that are loaded while another device holds the same, near the relay and far from it. */
import { median, spreadOf } from "../../support/statistics.ts";
import { noShape } from "../link/shape.ts";
import type { Loaded } from "../page/protocol.ts";
import { connectedOver, type Round, type Step } from "./step.ts";

export const load: Step = async (round) => {
  const loads = await loadAgain(round, round.plan.loads);
  const { emit, plan } = round;
  const { documents } = plan;
  const times = loads.map(({ milliseconds }) => milliseconds);
  emit("load-time", median(times), { documents, spread: spreadOf(times) });
  emit("load-bytes", median(loads.map(({ bytes }) => bytes)), { documents });
  emit("load-frames", median(loads.map(({ frames }) => frames)), { documents });
};

/** 50 ms each way, of both. */
export const far: Step = async (round) => {
  const { ground, plan, emit, a, b } = round;
  for (const each of [a, b]) {
    await each.ask("configure", { relays: [each.profile.farRelay], relayOnly: false });
  }
  ground.setRelayLinks({ ...noShape, delayMilliseconds: 50 });
  await connectedOver(round, "direct");
  const loads = await loadAgain(round, plan.loads);
  const times = loads.map(({ milliseconds }) => milliseconds);
  emit("load-far-time", median(times), { documents: plan.documents, spread: spreadOf(times) });
  ground.setRelayLinks(noShape);
  for (const each of [a, b]) {
    await each.ask("configure", { relays: [ground.relay], relayOnly: false });
  }
  await connectedOver(round, "direct");
};

/** Of B, one after the other: A has seen it go before it comes again. */
export const loadAgain = async ({ a, b }: Round, count: number): Promise<readonly Loaded[]> => {
  const loads: Loaded[] = [];
  for (let at = 0; at < count; at++) {
    await b.profile.leave();
    await a.ask("connected", 0, "any");
    loads.push(await b.loadWatching("notes"));
  }
  return loads;
};
