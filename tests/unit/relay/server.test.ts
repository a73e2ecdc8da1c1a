/**
 * The public port: files, headers, JSON answers, WebSockets, errors. Spoken to in raw HTTP where it
 * matters.
 */
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { RunningRelay } from "../../../relay/start.ts";
import { createCleanup, startTestRelay, temporaryDirectory } from "../../support/nodePeers.ts";

const cleanup = createCleanup();
afterEach(() => cleanup.run());

let relay: RunningRelay;
let site: string;

beforeEach(async () => {
  const directory = await temporaryDirectory(cleanup);
  site = join(directory, "site");
  await mkdir(join(site, "assets"), { recursive: true });
  await mkdir(join(site, ".hidden"));
  const files = {
    "site/index.html": "<!doctype html><title>app</title>",
    "site/favicon.svg": "<svg/>",
    "site/empty.txt": "",
    "site/assets/app-1a2b3c.js": "export {};",
    "site/assets/engine-1a2b3c.wasm": "\0asm",
    "site/.hidden/secret.txt": "secret",
    "secret.txt": "secret",
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  await symlink(join(directory, "secret.txt"), join(site, "link.txt"));
  relay = await startTestRelay(cleanup, { static: site });
});

const get = (path: string, headers: Record<string, string> = {}, method = "GET") =>
  fetch(`http://127.0.0.1:${relay.port}${path}`, { headers, method });

/** Sends a request as it stands, without the tidying that fetch does, and reads to the end. */
const raw = async (bytes: string): Promise<string> => {
  const socket = connect(relay.port, "127.0.0.1");
  socket.write(bytes);
  return readAll(socket);
};

const readAll = async (socket: Socket): Promise<string> =>
  (await buffer(socket)).toString("latin1");

const statusOfPath = async (path: string): Promise<string> => {
  const answer = await raw(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  return answer.slice(9, 12);
};

test("every answer keeps foreign code, frames and referrers out", async () => {
  const own = ["/relay.json", "/healthz", "/readyz", "/metrics"];
  for (const path of ["/", "/assets/app-1a2b3c.js", "/nothing.js", ...own]) {
    const { headers } = await get(path);
    const policy = headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'; script-src 'self' 'wasm-unsafe-eval';");
    expect(policy).toContain("trusted-types nebulus svelte-trusted-html");
    expect(policy).not.toMatch(/unsafe-inline|'unsafe-eval'|https?:/);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("cross-origin-opener-policy")).toBe("same-origin");
    expect(headers.get("cross-origin-embedder-policy")).toBeNull();
  }
});

test.each([
  ["/", "text/html; charset=utf-8", "no-cache"],
  ["/favicon.svg", "image/svg+xml", "no-cache"],
  [
    "/assets/app-1a2b3c.js",
    "text/javascript; charset=utf-8",
    "public, max-age=31536000, immutable",
  ],
  ["/assets/engine-1a2b3c.wasm", "application/wasm", "public, max-age=31536000, immutable"],
  ["/empty.txt", "text/plain; charset=utf-8", "no-cache"],
])("%s is served as %s, cached as %s", async (path, type, caching) => {
  const response = await get(path);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe(type);
  expect(response.headers.get("cache-control")).toBe(caching);
  expect(await response.text()).toHaveLength(Number(response.headers.get("content-length")));
  const head = await get(path, {}, "HEAD");
  expect([head.status, await head.text()]).toEqual([200, ""]);
  const again = await get(path, { "If-None-Match": response.headers.get("etag") ?? "" });
  expect(again.status).toBe(304);
});

/** Without the fetch metadata that fetch adds by itself. */
const plainGet = (path: string, headers: Record<string, string>): Promise<[number, string]> =>
  new Promise((resolve, reject) => {
    const options = { port: relay.port, path, headers };
    request(options, (response) => {
      text(response).then((body) => {
        resolve([response.statusCode ?? 0, body]);
      }, reject);
    })
      .on("error", reject)
      .end();
  });

test("a navigation gets the app; a missing asset is missing", async () => {
  const page = { Accept: "text/html,*/*;q=0.8" };
  const app = [200, "<!doctype html><title>app</title>"];
  const missing = [404, "not found\n"];
  expect(await plainGet("/collections/notes", page)).toEqual(app);
  expect(await plainGet("/collections/notes?x=1.5", page)).toEqual(app);
  expect(await plainGet("/collections/notes", { Accept: "*/*" })).toEqual(missing);
  expect(await plainGet("/assets/gone-1.js", page)).toEqual(missing);
  expect(await plainGet("/models/tokenizer.json", page)).toEqual(missing);
  // A browser says outright whether it navigates, whatever it accepts.
  expect(await plainGet("/app", { ...page, "Sec-Fetch-Mode": "navigate" })).toEqual(app);
  expect(await plainGet("/worker", { ...page, "Sec-Fetch-Mode": "cors" })).toEqual(missing);
  expect((await get("/", {}, "POST")).status).toBe(405);
});

test.each([
  "/../secret.txt",
  "/%2e%2e/secret.txt",
  "/..%2fsecret.txt",
  "/assets/../../secret.txt",
  "/assets/..%5c..%5csecret.txt",
  "//secret.txt",
  "/.hidden/secret.txt",
  "/%2ehidden/secret.txt",
  "/link.txt",
  "/secret.txt%00.js",
  "/assets",
  "/%ff",
  "/%",
  "http://127.0.0.1/secret.txt",
])("nothing outside the directory is served: %s", async (path) => {
  expect(await statusOfPath(path)).toMatch(/^40[04]$/);
});

test("/metrics is text that Prometheus reads", async () => {
  const { status, headers } = await get("/metrics");
  expect([status, headers.get("content-type"), headers.get("cache-control")]).toEqual([
    200,
    "text/plain; version=0.0.4; charset=utf-8",
    "no-store",
  ]);
});

test("/relay.json names the relay, /healthz counts, and neither names anyone", async () => {
  const description: unknown = await (await get("/relay.json")).json();
  expect(description).toEqual({ peerId: relay.peerId, addresses: relay.addresses });
  expect(relay.addresses).toEqual([`/ip4/127.0.0.1/tcp/${relay.port}/ws/p2p/${relay.peerId}`]);
  expect(await (await get("/healthz")).json()).toEqual({
    status: "ok",
    connections: 0,
    reservations: 0,
    pages: 0,
    relayed: 0,
    relays: 0,
    providers: 0,
  });
});

const upgrade = (path: string, after = ""): string =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n${after}`;

test("a WebSocket is carried to libp2p with what was sent right behind the request", async () => {
  const socket = connect(relay.port, "127.0.0.1");
  // A masked close frame in the same packet: libp2p's server answers it and ends.
  socket.write(Buffer.concat([Buffer.from(upgrade("/")), Buffer.from([0x88, 0x80, 0, 0, 0, 0])]));
  const answer = await readAll(socket);
  expect(answer).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
  expect(answer.toLowerCase()).toContain("sec-websocket-accept: icx+yqv66kxgm0fcwalwlflwtai=");
  expect(answer).toContain("\x88");
});

test("a WebSocket to another path is refused", async () => {
  expect(await raw(upgrade("/elsewhere"))).toMatch(/^HTTP\/1\.1 404 /);
});

test("a WebSocket that breaks off leaves the relay standing", async () => {
  for (let at = 0; at < 20; at += 1) {
    const socket = connect(relay.port, "127.0.0.1");
    socket.on("error", () => undefined);
    await new Promise<void>((resolve) =>
      socket.write(upgrade("/"), () => {
        resolve();
      }),
    );
    socket.resetAndDestroy();
  }
  expect((await get("/healthz")).status).toBe(200);
});
