/**
 * The relay as people run it: a process of its own, told what to do by flags and signals.
 */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { createInterface } from "node:readline";
import { resolve } from "node:path";
import type { Readable } from "node:stream";

export interface RelayProcess {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** All that it said so far, on standard output and on standard error. */
  readonly said: () => string;
  /** Sends SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
}

const root = resolve(import.meta.dirname, "../..");

/** Resolves when the relay says that it is ready; rejects with what it said if it ends before. */
export const startRelayProcess = async (flags: readonly string[]): Promise<RelayProcess> => {
  const child = spawn(process.execPath, ["relay/main.ts", ...flags], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<number | null>((resolveEnd) => {
    child.once("close", resolveEnd);
  });
  let said = "";
  for (const output of [child.stdout, child.stderr]) {
    output.on("data", (bytes: Buffer) => {
      said += bytes.toString();
    });
  }
  const url = await firstUrl(child, () => said);
  return {
    url,
    pid: child.pid ?? 0,
    said: () => said,
    port: Number(new URL(url).port),
    stop: () => {
      child.kill("SIGTERM");
      return ended;
    },
  };
};

const firstUrl = (child: ChildProcessByStdio<null, Readable, Readable>, said: () => string) =>
  new Promise<string>((resolveUrl, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      reject(new Error(`the relay ended with ${String(code)}: ${said()}`));
    });
    createInterface({ input: child.stdout }).on("line", (line) => {
      const url = /^NebulusDB is at (\S+)$/.exec(line)?.[1];
      if (url !== undefined) resolveUrl(url);
    });
  });
