/**
 * What can be said to the relay on its command line.
 */
import { parseArgs } from "node:util";

export interface Flags {
  readonly port: number;
  /** `127.0.0.1`: this machine only. `0.0.0.0`: the local network too. */
  readonly host: string;
  /** The built app. */
  readonly static: string;
  /** Where the relay's key is kept. */
  readonly data: string;
}

export const usage = `usage: node relay/main.ts [options]
  --port N        the one port for page and relay (default 5173; 0 takes a free one)
  --host ADDRESS  where to listen (default 127.0.0.1, this machine only;
                  0.0.0.0 for the local network too)
  --static DIR    the built app (default dist)
  --data DIR      where the relay's key is kept (default .nebulus-relay)
  --help`;

/** Null when help was asked for. Throws an Error that names the flag. */
export const parseFlags = (words: readonly string[]): Flags | null => {
  const { values } = parseArgs({
    args: [...words],
    allowPositionals: false,
    options: {
      port: { type: "string", default: "5173" },
      host: { type: "string", default: "127.0.0.1" },
      static: { type: "string", default: "dist" },
      data: { type: "string", default: ".nebulus-relay" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return null;
  return { ...values, port: portOf(values.port) };
};

const portOf = (text: string): number => {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new Error(`--port takes a number from 0 to 65535, not "${text}"`);
};
