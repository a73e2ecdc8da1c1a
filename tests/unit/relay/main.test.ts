/** The relay as people run it: what it says, how it ends, what it keeps. */
import { execFile } from "node:child_process";
import { generateKeyPair } from "@libp2p/crypto/keys";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join, resolve } from "node:path";
import { afterEach, expect, test } from "vitest";
import { loadIdentity } from "../../../relay/identity.ts";
import type { RelayStatus } from "../../../src/core/net/carrier.ts";
import { systemClock } from "../../../src/net/clock.ts";
import { createRelayedLibp2p } from "../../../src/net/libp2p.ts";
import { createPeerNode } from "../../../src/net/peerNode.ts";
import { createCleanup, createSignal, temporaryDirectory } from "../../support/nodePeers.ts";
import { startRelayProcess, type RelayProcess } from "../../support/relayProcess.ts";

const cleanup = createCleanup();
afterEach(() => cleanup.run());

const root = resolve(import.meta.dirname, "../../..");

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** Runs it to its end. */
const run = (flags: readonly string[]): Promise<Ended> =>
  new Promise((resolveEnd) => {
    const command = ["relay/main.ts", ...flags];
    execFile(process.execPath, command, { cwd: root }, (error, out, errorText) => {
      resolveEnd({ code: Number(error?.code ?? 0), out, error: errorText });
    });
  });

const startIn = async (data: string): Promise<RelayProcess> => {
  const relay = await startRelayProcess(["--port", "0", "--static", data, "--data", data]);
  cleanup.add(() => relay.stop());
  return relay;
};

const descriptionOf = async ({ port }: RelayProcess): Promise<unknown> => {
  const response = await fetch(`http://127.0.0.1:${port}/relay.json`);
  return response.json();
};

test("it says where the page is, ends cleanly when asked, and is the same afterwards", async () => {
  const data = await temporaryDirectory(cleanup);
  const relay = await startIn(data);
  expect(relay.url).toMatch(/^http:\/\/localhost:\d+$/);
  const description = await descriptionOf(relay);
  expect(JSON.stringify(description)).toContain('"peerId":"12D3KooW');
  expect(await relay.stop()).toBe(0);
  // Only its owner may read the key.
  expect((await stat(join(data, "identity.key"))).mode & 0o777).toBe(0o600);
  const again = await startRelayProcess([
    ...["--port", String(relay.port)],
    ...["--static", data, "--data", data],
  ]);
  cleanup.add(() => again.stop());
  // The same peer id at the same addresses.
  expect(await descriptionOf(again)).toEqual(description);
});

test("asked to end, it tells pages, waits for nobody, and ends with 0", async () => {
  const relay = await startIn(await temporaryDirectory(cleanup));
  const libp2p = await createRelayedLibp2p({
    privateKey: await generateKeyPair("Ed25519"),
    relayCount: 1,
  });
  cleanup.add(() => libp2p.stop());
  const page = await createPeerNode({
    libp2p,
    relays: [`/ip4/127.0.0.1/tcp/${relay.port}/ws`],
    clock: systemClock,
  });
  cleanup.add(() => page.stop());
  const changed = createSignal();
  page.onStatus(changed.raise);
  const stateIs = (state: RelayStatus["state"]): Promise<boolean> =>
    changed.until(() => page.status().relays.every((each) => each.state === state));
  await stateIs("reserved");
  // One that says nothing, one that never ends its request, one whose WebSocket is no peer.
  const upgrade =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
  for (const said of [
    "",
    "GET / HTTP/1.1\r\nHost: x\r\n",
    `GET / HTTP/1.1\r\nHost: x\r\n${upgrade}`,
  ]) {
    const socket = connect(relay.port, "127.0.0.1");
    cleanup.add(() => socket.destroy());
    socket.on("error", () => undefined);
    await new Promise<void>((resolveWritten) => {
      socket.write(said, () => {
        resolveWritten();
      });
    });
  }
  const [code] = await Promise.all([relay.stop(), stateIs("connecting")]);
  expect(code).toBe(0);
  expect(relay.said()).toContain('"event":"stopped"');
  expect(relay.said()).not.toContain("stop forced");
});

test("a port in use is an error that names the flag", async () => {
  const holder = createServer();
  const port = await new Promise<number>((resolvePort) => {
    holder.listen(0, "127.0.0.1", () => {
      const address = holder.address();
      resolvePort(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  cleanup.add(() => holder.close());
  const data = await temporaryDirectory(cleanup);
  const { code, error } = await run(["--port", String(port), "--data", data]);
  expect(code).toBe(1);
  expect(error).toContain(`port ${port} is in use`);
  expect(error).toContain("--port");
  expect(error).not.toContain("    at ");
});

test.each([
  [["--port", "70000"], "--port: port takes a whole number from 0 to 65535"],
  [["--port", "http"], "--port: port takes a whole number from 0 to 65535"],
  [["--prot", "5"], "--prot"],
  [["--host", "203.0.113.1", "--port", "0"], "--host"],
])("%j is refused with advice", async (flags, advice) => {
  const data = await temporaryDirectory(cleanup);
  const { code, error } = await run([...flags, "--data", data]);
  expect(code).toBe(1);
  expect(error).toContain(advice);
});

test("--help lists the flags and starts nothing", async () => {
  const { code, out } = await run(["--help"]);
  expect(code).toBe(0);
  for (const flag of ["--port", "--host", "--static", "--data"]) expect(out).toContain(flag);
});

test("a key that cannot be used is an error of its own, with the file's name", async () => {
  const data = await temporaryDirectory(cleanup);
  const path = join(data, "identity.key");
  await mkdir(path);
  await expect(loadIdentity(data)).rejects.toMatchObject({ name: "IdentityError", path });
});

test("a damaged key is never replaced silently", async () => {
  const data = await temporaryDirectory(cleanup);
  const path = join(data, "identity.key");
  await writeFile(path, "damaged");
  const { code, error } = await run(["--port", "0", "--data", data]);
  expect(code).toBe(1);
  expect(error).toContain("identity.key");
  expect(await readFile(path, "utf8")).toBe("damaged");
});
