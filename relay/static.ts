/**
 * Serves the built app from one directory: right types, caching, and the headers that keep foreign
 * code and foreign origins out. What is not in the directory is not there: only a navigation falls
 * back to the app.
 */
import { createReadStream } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join, resolve, sep } from "node:path";
import { pipeline } from "node:stream/promises";

/** Answers one request; rejects only if the response broke off. */
export type StaticFiles = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * `directory` may be empty or missing as yet; then every path answers that the app is not built.
 */
export const createStaticFiles =
  (directory: string): StaticFiles =>
  async (request, response) => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      sendText(response, 405, "method not allowed", { Allow: "GET, HEAD" });
      return;
    }
    const path = pathOf(request);
    if (path === null) {
      sendText(response, 400, "bad path");
      return;
    }
    const wanted = path.endsWith("/") ? `${path}index.html` : path;
    const file =
      (await findFile(directory, wanted)) ??
      (isNavigation(request, path) ? await findFile(directory, "/index.html") : null);
    if (file === null) sendText(response, 404, "not found");
    else await sendFile(request, response, file);
  };

/** The same for every answer of the relay. */
export const setSecurityHeaders = (response: ServerResponse): void => {
  response.setHeader("Content-Security-Policy", contentSecurityPolicy);
  response.setHeader("X-Content-Type-Options", "nosniff");
  response.setHeader("Referrer-Policy", "no-referrer");
  response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
};

export const sendText = (
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void => {
  const body = `${text}\n`;
  response.writeHead(status, {
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-store",
    ...headers,
  });
  response.end(body);
};

/**
 * Relays come from invites and may stand anywhere, hence `ws:` and `wss:`. Svelte makes the policy
 * `svelte-trusted-html` at import; ours, `nebulus`, vouches for the URLs of our own workers.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "connect-src 'self' ws: wss:",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "font-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "object-src 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types nebulus svelte-trusted-html",
].join("; ");

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".webmanifest": "application/manifest+json; charset=utf-8",
  ".wasm": "application/wasm",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".webp": "image/webp",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
  ".map": "application/json; charset=utf-8",
};

interface FoundFile {
  readonly path: string;
  readonly bytes: number;
  readonly tag: string;
  /** Vite puts a hash of the content into the names of what it bundles. */
  readonly isHashed: boolean;
}

/** The decoded path, or null if it is none. */
const pathOf = ({ url = "/" }: IncomingMessage): string | null => {
  const raw = url.split(/[?#]/, 1)[0] ?? "";
  try {
    const path = decodeURIComponent(raw);
    return path.startsWith("/") && !/[\0\\]/.test(path) ? path : null;
  } catch {
    return null;
  }
};

/** Only regular files inside the directory, also after links are followed; no hidden ones. */
const findFile = async (directory: string, path: string): Promise<FoundFile | null> => {
  if (path.split("/").some((part) => part.startsWith("."))) return null;
  try {
    const root = await realpath(resolve(directory));
    const real = await realpath(join(root, path));
    if (!real.startsWith(root + sep)) return null;
    const found = await stat(real);
    if (!found.isFile()) return null;
    return {
      path: real,
      bytes: found.size,
      tag: `"${found.size.toString(36)}-${Math.trunc(found.mtimeMs).toString(36)}"`,
      isHashed: path.startsWith("/assets/"),
    };
  } catch {
    return null;
  }
};

/** A person opening a page of the app. A script, model or image that is missing must be a 404. */
const isNavigation = ({ headers }: IncomingMessage, path: string): boolean => {
  const mode = headers["sec-fetch-mode"];
  const wantsPage = headers.accept?.includes("text/html") ?? false;
  return (mode === undefined ? wantsPage : mode === "navigate") && extname(path) === "";
};

const sendFile = async (
  request: IncomingMessage,
  response: ServerResponse,
  file: FoundFile,
): Promise<void> => {
  const type = contentTypes[extname(file.path).toLowerCase()] ?? "application/octet-stream";
  response.setHeader("ETag", file.tag);
  response.setHeader(
    "Cache-Control",
    file.isHashed ? "public, max-age=31536000, immutable" : "no-cache",
  );
  if (request.headers["if-none-match"] === file.tag) {
    response.writeHead(304).end();
    return;
  }
  response.writeHead(200, { "Content-Type": type, "Content-Length": file.bytes });
  if (request.method === "HEAD") response.end();
  else await pipeline(createReadStream(file.path, { end: Math.max(0, file.bytes - 1) }), response);
};
