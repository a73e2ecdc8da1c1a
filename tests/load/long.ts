/**
 * `npm run relay:load`: 100 members and 10,000 bad connections at one relay, or
 * `-- --members N --bad N`. Ends with 1 if anything went wrong, a
 * channel between two members that was lost among it.
 */
import { parseArgs } from "node:util";
import { runLoad } from "./relay.ts";

const { values } = parseArgs({
  options: {
    members: { type: "string", default: "100" },
    bad: { type: "string", default: "10000" },
  },
});

const { problems, channelsLost, memoryGrowthBytes, answers, dropped, slowestMilliseconds } =
  await runLoad({
    members: Number(values.members),
    badConnections: Number(values.bad),
    say: (line) => process.stdout.write(`${line}\n`),
  });
process.stdout.write(
  `/healthz answered ${answers} times meanwhile (${dropped} dropped), the slowest after ` +
    `${slowestMilliseconds.toFixed(0)} ms; memory grew by at most ` +
    `${(memoryGrowthBytes / 1_048_576).toFixed(0)} MiB; ` +
    `${channelsLost} channels lost and opened anew; ${problems.length} problems\n`,
);
for (const problem of problems) process.stdout.write(`  ${problem}\n`);
process.exitCode = problems.length === 0 && channelsLost === 0 ? 0 : 1;
