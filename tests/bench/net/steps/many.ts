/** Very many documents that arrive, and several devices that write at once. */
import type { Device } from "../device.ts";
import { connectedOver, type Round, type Step } from "./step.ts";

export const arrival: Step = async (round) => {
  const { a, b, plan, emit, newMember } = round;
  const { arriving: documents, seed } = plan;
  const wanted = { operations: documents, devices: 1 };
  await a.ask("share", "many");
  await a.ask("fill", "many", documents, seed);
  const asked = { collection: "notes", documents: plan.documents, seed };
  const arrived = await b.ask("takeWatched", "many", wanted, asked);
  emit("arrival-time", arrived.ended - arrived.started, { documents });
  emit("arrival-task", arrived.longestTask, { documents });
  emit("arrival-answers", arrived.answers.p95, { documents, spread: arrived.answers });
  await b.ask("check", "many", documents, seed);

  // Looking at memory takes time, so another device does it
  await b.profile.leave();
  await a.ask("connected", 0, "any");
  const weighed = await newMember("m");
  await weighed.ask("connected", 1, "direct");
  const held = await weighed.ask("takeWeighed", "many", wanted);
  emit("arrival-worker", held.worker, { documents });
  emit("arrival-page", held.page, { documents });
  await weighed.profile.leave();
  await b.load();
  await connectedOver(round, "direct");
};

export const crowd: Step = async (round) => {
  const { a, b, newMember } = round;
  const third = await newMember("c");
  await measureCrowd(round, [a, b, third], "three");
  const all = [a, b, third, await newMember("d"), await newMember("e")];
  await measureCrowd(round, all, "five");
  for (const { profile } of all.slice(2)) await profile.leave();
  await connectedOver(round, "any");
};

const measureCrowd = async (
  { plan, emit }: Round,
  devices: readonly Device[],
  name: "three" | "five",
): Promise<void> => {
  const others = devices.length - 1;
  const [maker, ...rest] = devices;
  const operations = plan.writes * devices.length;
  await Promise.all(devices.map((each) => each.ask("connected", others, "any")));
  await maker?.ask("share", name);
  const empty = { operations: 0, devices: others };
  await Promise.all(rest.map((each) => each.ask("take", name, empty)));
  await maker?.ask("settled", name, empty);
  const settled = devices.map((each) => each.ask("settled", name, { operations, devices: others }));
  // Pages' own clocks may be apart
  const started = performance.now();
  const written = devices.map((each, at) =>
    each.ask("writeAll", name, plan.writes, plan.seed, at * plan.writes),
  );
  await Promise.all([...settled, ...written]);
  const milliseconds = performance.now() - started;
  for (const each of devices) await each.ask("check", name, operations, plan.seed);
  emit(`${name}-time`, milliseconds, { documents: operations });
};
