/**
 * A Chromium of its own process group, spoken to over a pipe by the DevTools protocol alone: what
 * the page tells comes in order, the whole group can be killed at any moment, and it ends by itself
 * when this process goes, since the pipe ends with it.
 */
import { spawn, type ChildProcess } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { chromiumLaunch, chromiumPath } from "../../.ci/chromium.mjs";
import type { Told } from "../support/storagePage/protocol.ts";

export interface KillableBrowser {
  /** Opens the page; `heard` gets what it tells, in order, from the moment it was told. */
  readonly open: (url: string, heard: (told: Told) => void) => Promise<KillablePage>;
  /** SIGKILL to the whole group; resolves when all of it is gone. Again: the same. */
  readonly kill: () => Promise<void>;
  /** Resolves when all of it is gone, by whoever's doing. */
  readonly ended: Promise<void>;
}

export interface KillablePage {
  /** What the expression, or its promise, comes to. Rejects when the browser ends before. */
  readonly evaluate: (expression: string) => Promise<unknown>;
}

export const launchKillable = (profile: string): KillableBrowser => {
  const flags = ["--headless=new", "--remote-debugging-pipe", `--user-data-dir=${profile}`];
  const child = spawn(chromiumPath, [...chromiumLaunch.args, ...flags, "about:blank"], {
    detached: true,
    stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
  });
  const kill = (): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // All of it is gone already
    }
  };
  process.once("exit", kill);
  // Every process of the group holds its standard error, so it closes with the last of them
  child.stderr?.resume();
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => {
      process.removeListener("exit", kill);
      resolve();
    });
  });
  const protocol = createProtocol(child);
  return {
    ended,
    open: (url, heard) => openPage(protocol, url, heard),
    kill: () => {
      kill();
      return ended;
    },
  };
};

interface Message {
  readonly id?: number;
  readonly sessionId?: string;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

interface Protocol {
  readonly call: (
    method: string,
    params: object,
    sessionId?: string,
  ) => Promise<Readonly<Record<string, unknown>>>;
  readonly onEvent: (handler: (message: Message) => void) => void;
}

/** Messages are JSON, each ended by a zero byte. */
const createProtocol = (child: ChildProcess): Protocol => {
  // Stream 3 is written to, 4 read from, as they were asked for
  const [output, input] = [child.stdio[3] as Writable, child.stdio[4] as Readable];
  const calls = new Map<number, (message: Message | Error) => void>();
  const handlers: ((message: Message) => void)[] = [];
  let last = 0;
  let rest = "";
  let isOver = false;
  const over = (): void => {
    isOver = true;
    const error = new Error("the browser is gone");
    for (const settle of calls.values()) settle(error);
    calls.clear();
  };
  input.setEncoding("utf8").on("data", (text: string) => {
    const messages = (rest + text).split("\0");
    rest = messages.pop() ?? "";
    for (const each of messages) {
      // The browser's own messages
      const message = JSON.parse(each) as Message;
      if (message.id === undefined) for (const handle of handlers) handle(message);
      else calls.get(message.id)?.(message);
    }
  });
  input.once("close", over);
  child.once("error", over);
  // A write to a browser that is being killed fails; whoever waits is told by `over`
  output.on("error", () => undefined);
  return {
    onEvent: (handler) => handlers.push(handler),
    call: (method, params, sessionId) =>
      new Promise((resolve, reject) => {
        if (isOver) {
          reject(new Error("the browser is gone"));
          return;
        }
        const id = ++last;
        calls.set(id, (message) => {
          calls.delete(id);
          if (message instanceof Error) reject(message);
          else if (message.error !== undefined) reject(new Error(message.error.message));
          else resolve(message.result ?? {});
        });
        output.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
      }),
  };
};

const openPage = async (
  { call, onEvent }: Protocol,
  url: string,
  heard: (told: Told) => void,
): Promise<KillablePage> => {
  const { targetId } = await call("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await call("Target.attachToTarget", { targetId, flatten: true });
  const session = String(sessionId);
  onEvent(({ method, params = {}, sessionId: from }) => {
    if (from !== session) return;
    // What page.ts tells
    if (method === "Runtime.bindingCalled") heard(JSON.parse(String(params["payload"])) as Told);
    if (method === "Inspector.targetCrashed") heard({ kind: "failed", error: "the page crashed" });
  });
  await call("Inspector.enable", {}, session);
  await call("Runtime.enable", {}, session);
  await call("Runtime.addBinding", { name: "tellHarness" }, session);
  await call("Page.navigate", { url }, session);
  return {
    evaluate: async (expression) => {
      const wanted = { expression, awaitPromise: true, returnByValue: true };
      const { result, exceptionDetails } = await call("Runtime.evaluate", wanted, session);
      if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
      // As the protocol has it: { type, value }
      return (result as { readonly value?: unknown }).value;
    },
  };
};
