/** Starts a process for a task and takes its samples, or why there are none. */
import { fork } from "node:child_process";
import { join } from "node:path";
import type { SyncSample, Task } from "./tasks.ts";

/** Rejects with an error in words where the process fails, answers wrongly or takes too long. */
export const runInProcess = (task: Task, milliseconds: number): Promise<readonly SyncSample[]> =>
  new Promise((resolve, reject) => {
    const child = fork(join(import.meta.dirname, "task.ts"), [JSON.stringify(task)], {
      execArgv: ["--expose-gc", "--no-warnings"],
      stdio: ["ignore", "inherit", "pipe", "ipc"],
    });
    let errors = "";
    child.stderr?.on("data", (chunk: Buffer) => (errors += chunk.toString()));
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`not done after ${milliseconds / 1_000} s`));
    }, milliseconds);
    child.once("message", (samples) => {
      // Its writer is task.ts
      resolve(samples as readonly SyncSample[]);
    });
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(timer);
      reject(new Error(lastError(errors) ?? `its process ended with ${String(code)}`));
    });
  });

/** What an uncaught error says of itself. */
const lastError = (text: string): string | null => /^\w*Error.*: .*$/m.exec(text)?.[0] ?? null;
