/**
 * The relay as a process: `node relay/main.ts` (`--help` lists what can be set). Serves the built
 * app and introduces browsers to each other, on one port, until it is stopped.
 */
import { readSettings } from "./configuration.ts";
import { limits } from "./limits.ts";
import { createLog, type Log } from "./log.ts";
import { usage } from "./settings.ts";
import { startRelayServer, type RunningRelay } from "./start.ts";

const main = async (): Promise<void> => {
  const settings = readSettings({ words: process.argv.slice(2), environment: process.env });
  if (settings === null) {
    process.stdout.write(`${usage()}\n`);
    return;
  }
  const log = createLog({
    write: (line) => process.stderr.write(line),
    now: Date.now,
    level: settings.logLevel,
  });
  const relay = await startRelayServer(settings, log);
  stopOnSignals(relay, log);
  process.stdout.write(`NebulusDB is at ${relay.url}\n`);
  for (const address of relay.addresses) process.stdout.write(`relay ${address}\n`);
};

const stopOnSignals = (relay: RunningRelay, log: Log): void => {
  const stop = (): void => {
    // A connection that will not close must not keep the process.
    setTimeout(() => {
      log("stop forced");
      process.exit(0);
    }, limits.stopMillisecondsMax).unref();
    relay.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        fail(error);
      },
    );
  };
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
};

/**
 * Says what is wrong and, if it knows, what to do; the stack is of no use to whoever started it.
 */
const fail = (error: unknown): void => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
};

main().catch(fail);
