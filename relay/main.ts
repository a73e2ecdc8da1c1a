/**
 * The relay as a process: `node relay/main.ts [--port 5173] [--host 127.0.0.1] [--static dist]
 * [--data DIR]`. Serves the built app and introduces browsers to each other, on one port, until it
 * is stopped.
 */
import { parseFlags, usage } from "./flags.ts";
import { limits } from "./limits.ts";
import { createLog } from "./log.ts";
import { startRelayServer, type RunningRelay } from "./start.ts";

const main = async (): Promise<void> => {
  const flags = parseFlags(process.argv.slice(2));
  if (flags === null) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  const log = createLog((line) => process.stderr.write(line), Date.now);
  const relay = await startRelayServer(flags, log);
  stopOnSignals(relay);
  process.stdout.write(`NebulusDB is at ${relay.url}\n`);
  for (const address of relay.addresses) process.stdout.write(`relay ${address}\n`);
};

const stopOnSignals = (relay: RunningRelay): void => {
  const stop = (): void => {
    // A connection that will not close must not keep the process.
    setTimeout(() => process.exit(0), limits.stopMillisecondsMax).unref();
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
