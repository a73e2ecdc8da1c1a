/** What the server of a page says of the time, over a real server. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { afterEach, expect, test } from "vitest";
import { aheadOfServer } from "../../../src/client/serverClock.ts";

const minute = 60_000;
const hour = 60 * minute;
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

const serve = async (sendDate: boolean): Promise<string> => {
  const server = createServer((request, response) => {
    expect(request.method).toBe("HEAD");
    response.sendDate = sendDate;
    response.end();
  }).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("it is nowhere");
  return `http://127.0.0.1:${String(address.port)}/`;
};

test.each([0, hour, -hour])("a clock that is off by %d ms is told to be", async (off) => {
  const ahead = await aheadOfServer(await serve(true), () => Date.now() + off);
  // Of what is told to the second by a process that may be busy
  expect(Math.round((ahead ?? Number.NaN) / minute)).toBeCloseTo(off / minute);
});

test("a server that tells no time, or is away, leaves it open", async () => {
  const url = await serve(false);
  expect(await aheadOfServer(url)).toBeNull();
  const [server] = servers;
  server?.closeAllConnections();
  server?.close();
  if (server !== undefined) await once(server, "close");
  expect(await aheadOfServer(url)).toBeNull();
});
