/**
 * coturn, Debian's TURN server, as somebody would run it: for one user, on this machine alone.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createSocket } from "node:dgram";
import { install, mayInstall } from "../../.ci/debian.mjs";

export interface TurnServer {
  readonly url: string;
  readonly username: string;
  readonly credential: string;
  /** All that it said so far. */
  readonly said: () => string;
  readonly stop: () => Promise<void>;
}

const program = "/usr/bin/turnserver";

/** Null where it is missing and cannot be installed. */
export const startTurnServer = async (): Promise<TurnServer | null> => {
  if (!existsSync(program) && mayInstall()) install("coturn");
  if (!existsSync(program)) return null;
  const port = await freePort();
  const [username, credential] = ["ann", "the secret of this test"];
  const child = spawn(
    program,
    [
      ...["-n", "--no-cli", "--no-tls", "--no-dtls", "--verbose"],
      ...["--log-file=stdout", "--simple-log", "--pidfile=/dev/null"],
      ...["--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", "--allow-loopback-peers"],
      ...[`--listening-port=${String(port)}`, "--realm=nebulus"],
      ...["--lt-cred-mech", `--user=${username}:${credential}`],
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  const ended = new Promise<void>((resolve) =>
    child.once("close", () => {
      resolve();
    }),
  );
  let said = "";
  await new Promise<void>((resolve, reject) => {
    for (const output of [child.stdout, child.stderr]) {
      output.on("data", (bytes: Buffer) => {
        said += bytes.toString();
        if (said.includes(`UDP listener opened on: 127.0.0.1:${String(port)}`)) resolve();
      });
    }
    child.once("error", reject);
    child.once("close", () => {
      reject(new Error(`coturn ended: ${said}`));
    });
  });
  return {
    ...{ url: `turn:127.0.0.1:${String(port)}`, username, credential },
    said: () => said,
    stop: () => {
      child.kill("SIGTERM");
      return ended;
    },
  };
};

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const socket = createSocket("udp4");
    socket.once("error", reject);
    socket.bind(0, "127.0.0.1", () => {
      const { port } = socket.address();
      socket.close(() => {
        resolve(port);
      });
    });
  });
