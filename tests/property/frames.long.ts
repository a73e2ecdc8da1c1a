/**
 * `npm run frames -- --count 4000000`: so many frames and control records that no honest peer
 * sends, in rounds of other seeds each: against the session, against a whole engine, against the
 * chain and as segments. `--from 7` begins with another seed. Ends with 1 where any round fails,
 * and names its seed.
 */
import { spawn } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "4000000" },
    from: { type: "string", default: "1" },
  },
});

/** Memory that a round leaves behind goes with its process. */
const framesPerRound = 100_000;
const files = [
  "tests/property/hostileFrames.test.ts",
  "tests/property/hostilePeer.test.ts",
  "tests/property/hostileSegments.test.ts",
  "tests/unit/core/network/closed/hostile.test.ts",
];

const playRound = (seed: number, frames: number): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const vitest = spawn(
      process.execPath,
      ["node_modules/vitest/vitest.mjs", "run", "--project", "node", ...files],
      {
        env: {
          ...process.env,
          ...{ HOSTILE_FRAMES: String(frames), HOSTILE_SEED: String(seed) },
          // A segment takes longer than a frame, and a run of them has its own seeds
          NEBULUS_HOSTILE_SEGMENTS: String(Math.ceil(frames / 10)),
          NEBULUS_HOSTILE_SEED: String(seed * framesPerRound),
        },
      },
    );
    let said = "";
    for (const stream of [vitest.stdout, vitest.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        said += chunk.toString();
      });
    }
    vitest.on("error", reject);
    vitest.on("exit", (code) => {
      if (code !== 0) process.stdout.write(said);
      resolve(code === 0);
    });
  });

const [count, from] = [Number(values.count), Number(values.from)];
let failed = 0;
for (let played = 0, seed = from; played < count; played += framesPerRound, seed++) {
  const frames = Math.min(framesPerRound, count - played);
  const isSound = await playRound(seed, frames);
  if (!isSound) failed += 1;
  process.stdout.write(`seed ${String(seed)}: ${String(frames)} ${isSound ? "held" : "FAILED"}\n`);
}
process.exitCode = failed === 0 ? 0 : 1;
