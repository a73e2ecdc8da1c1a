/** What two devices do that are connected directly, or through the relay. */
import { spreadOf } from "../../support/statistics.ts";
import type { WorkloadName } from "../workloads.ts";
import {
  aheadOf,
  closeBare,
  connectBare,
  connectedOver,
  shareEmpty,
  type Round,
  type Step,
} from "./step.ts";

const pings = 200;

export const bare: Step = async (round) => {
  await connectBare(round);
  // The first ones pay for what starts with them
  await round.a.bare("ping", pings / 10);
  const { spread } = await round.a.bare("ping", pings);
  await closeBare(round);
  round.emit("round-trip", spread.p50, { spread, participant: "bare" });
};

export const initial: Step = (round) => takeNotes(round, "initial-direct");

/** Nothing of `notes` is on B yet. */
const takeNotes = async (
  { b, plan, emit }: Round,
  workload: WorkloadName,
  name = "notes",
): Promise<void> => {
  const { documents, seed } = plan;
  const { started, ended } = await b.ask("take", name, { operations: documents, devices: 1 });
  await b.ask("check", name, documents, seed);
  emit(workload, ended - started, { documents });
};

export const visible: Step = (round) => measureVisible(round, "visible", "visible");

/** `workloads`: what their names begin with. */
export const measureVisible = async (
  round: Round,
  collection: string,
  workloads: "visible" | "visible-relayed" | "shaped-visible",
): Promise<void> => {
  const { a, b, plan, emit } = round;
  await shareEmpty(round, collection);
  const ahead = await aheadOf(round);
  const seeing = b.ask("seen", collection, plan.seen);
  const made = await a.ask("writeSpaced", collection, plan.seen);
  const seen = await seeing;
  const waits = made.map((at, index) => (seen[index] ?? Number.NaN) - at - ahead);
  const spread = spreadOf(waits);
  emit(`${workloads}-p50`, spread.p50, { spread });
  emit(`${workloads}-p95`, spread.p95, { spread });
};

export const writes: Step = async (round) => {
  const { a, b, emit, plan } = round;
  const { writes: operations, seed } = plan;
  const wanted = { operations, devices: 1 };
  const ahead = await aheadOf(round);
  // So that the compiler has seen the code
  await a.ask("share", "warm");
  await a.ask("writeEach", "warm", operations, seed);

  await shareEmpty(round, "batched");
  const applied = b.ask("settled", "batched", wanted);
  const batch = await a.ask("fill", "batched", operations, seed);
  emit("batched", (await applied) - ahead - batch.started, { operations });
  await b.ask("check", "batched", operations, seed);

  await shareEmpty(round, "awaited");
  await a.ask("counted");
  const all = b.ask("settled", "awaited", wanted);
  const each = await a.ask("writeEach", "awaited", operations, seed);
  emit("awaited", (await all) - ahead - each.started, { operations });
  emit("awaited-frames", (await a.ask("counted")).sent);
  await b.ask("check", "awaited", operations, seed);

  await b.profile.leave();
  await a.ask("connected", 0, "any");
  await a.ask("share", "alone");
  const alone = await a.ask("writeEach", "alone", operations, seed);
  emit("awaited", alone.ended - alone.started, { operations, participant: "alone" });
  await b.load();
  await connectedOver(round, "direct");
};

export const large: Step = async (round) => {
  const { a, b, emit, plan } = round;
  const documents = (plan.largeMebibytes * 1_048_576) / largeBytes;
  const operations = (documents * largeBytes) / 1_000;
  await a.ask("share", "large");
  await a.ask("fillLarge", "large", documents, largeBytes);
  // Cut and sealed when it closes, so that the transfer alone is measured
  await a.ask("close");
  await a.load();
  await connectedOver(round, "direct");
  const wanted = { operations: documents, devices: 1 };
  const { started, ended } = await b.ask("take", "large", wanted);
  emit("large-direct", ended - started, { operations });
  await connectBare(round);
  const milliseconds = await a.bare("send", documents * largeBytes);
  await closeBare(round);
  emit("large-direct", milliseconds, { operations, participant: "bare" });
};

/** Of one document: its op holds a MiB at most. */
const largeBytes = 524_288;

export const relayed: Step = async (round) => {
  const { a, ground, plan } = round;
  await configureBoth(round, { relays: [ground.relay], relayOnly: true });
  await connectedOver(round, "relayed");
  await a.ask("share", "relayed");
  await a.ask("fill", "relayed", plan.documents, plan.seed);
  await takeNotes(round, "initial-relayed", "relayed");
  await measureVisible(round, "visible-relayed", "visible-relayed");
  await configureBoth(round, { relays: [ground.relay], relayOnly: false });
  await connectedOver(round, "direct");
};

const configureBoth = async (
  { a, b }: Round,
  settings: { readonly relays: readonly string[]; readonly relayOnly: boolean },
): Promise<void> => {
  await Promise.all([a, b].map((each) => each.ask("configure", settings)));
};
