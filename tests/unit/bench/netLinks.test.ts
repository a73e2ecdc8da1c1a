/** The links of the benchmark between browsers, with real sockets of this machine. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { createShape, noShape, queueBytesMax } from "../../bench/net/link/shape.ts";
import { openTcpWay } from "../../bench/net/link/tcp.ts";
import { createUdpLink } from "../../bench/net/link/udp.ts";
import { createRandom } from "../../support/random.ts";

const shapeOf = (settings: Partial<typeof noShape> = {}): ReturnType<typeof createShape> => {
  const shape = createShape(createRandom(1));
  shape.set({ ...noShape, ...settings });
  onTestFinished(() => {
    shape.stop();
  });
  return shape;
};

test("what enters a slow link comes out in order, and what finds no room is lost", async () => {
  const shape = shapeOf({ bitsPerSecond: 80_000_000, delayMilliseconds: 1 });
  const came: number[] = [];
  const last = new Promise<void>((resolve) => {
    for (let at = 0; at < 20; at++) {
      const deliver = (): void => {
        came.push(at);
        if (at === 19) resolve();
      };
      shape.pass(1_000, deliver, true);
    }
  });
  await last;
  expect(came).toEqual(Array.from({ length: 20 }, (_, at) => at));
  const slow = shapeOf({ bitsPerSecond: 8_000 });
  const passed = Array.from({ length: 2 * (queueBytesMax / 1_024) }, () =>
    slow.pass(1_024, () => undefined, true),
  );
  expect(passed.filter(Boolean)).toHaveLength(queueBytesMax / 1_024 + 1);
  expect(slow.pass(1_024, () => undefined, false)).toBe(true);
});

test("as many are lost as are to be, and of a cut link all that may be", () => {
  const shape = shapeOf({ loss: 0.25 });
  let came = 0;
  for (let at = 0; at < 1_000; at++) shape.pass(1, () => (came += 1), true);
  expect(came).toBeGreaterThan(700);
  expect(came).toBeLessThan(800);
  shape.cut();
  let held = false;
  expect(shape.pass(1, () => undefined, true)).toBe(false);
  expect(shape.pass(1, () => (held = true), false)).toBe(true);
  expect(held).toBe(false);
  shape.join();
  expect(held).toBe(true);
});

test("a connection goes both ways, waits while it is cut, ends with its other end", async () => {
  const server = createServer((socket) => socket.pipe(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const ways = { up: shapeOf(), down: shapeOf() };
  // It listens on a port
  const { port } = server.address() as AddressInfo;
  const way = await openTcpWay(port, ways);
  const socket = connect(way.port, "127.0.0.1");
  socket.write("before");
  expect(String((await once(socket, "data"))[0])).toBe("before");
  ways.down.cut();
  socket.write("meanwhile");
  ways.down.join();
  expect(String((await once(socket, "data"))[0])).toBe("meanwhile");
  socket.end();
  await once(socket, "close");
  await way.close();
  server.close();
});

test("a datagram reaches its target, and the answer whoever sent it", async () => {
  const link = createUdpLink();
  const [peer, sender] = [createSocket("udp4"), createSocket("udp4")];
  peer.bind(0, "127.0.0.1");
  await once(peer, "listening");
  peer.on("message", (bytes, { address, port }) => {
    peer.send(Buffer.concat([bytes, Buffer.from("!")]), port, address);
  });
  const { address, port } = peer.address();
  const place = await link.placeFor({ address, port }, shapeOf(), shapeOf());
  expect(place.port).not.toBe(port);
  sender.send("hello", place.port, place.address);
  const answered: readonly unknown[] = await once(sender, "message");
  expect(String(answered[0])).toBe("hello!");
  expect(answered[1]).toMatchObject({ port: place.port });
  link.close();
  for (const socket of [peer, sender]) socket.close();
});
