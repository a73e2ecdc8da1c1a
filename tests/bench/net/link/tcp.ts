/**
 * A port that leads to another one over a shaped link: how a page reaches a relay that is far away,
 * or not at all.
 */
import { createServer, connect, type AddressInfo, type Socket } from "node:net";
import { queueBytesMax, type Shape } from "./shape.ts";

export interface TcpWay {
  readonly port: number;
  readonly close: () => Promise<void>;
}

export interface Ways {
  /** Towards the relay. */
  readonly up: Shape;
  readonly down: Shape;
}

export const openTcpWay = async (target: number, { up, down }: Ways): Promise<TcpWay> => {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(target, "127.0.0.1");
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      // Either end may go at any time; `close` follows
      socket.on("error", () => undefined);
    }
    join(near, far, up);
    join(far, near, down);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    // It listens on a port, so it has one
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => {
          resolve();
        });
      }),
  };
};

/** What is on its way, or waits in the other socket, holds this one back. */
const join = (from: Socket, to: Socket, shape: Shape): void => {
  let underWay = 0;
  const hold = (): void => {
    if (underWay > queueBytesMax || to.writableNeedDrain) from.pause();
    else from.resume();
  };
  to.on("drain", hold);
  from.on("data", (bytes: Buffer) => {
    underWay += bytes.length;
    const write = (): void => {
      underWay -= bytes.length;
      if (!to.destroyed) to.write(bytes);
      hold();
    };
    shape.pass(bytes.length, write, false);
    hold();
  });
  from.on("close", () => {
    shape.pass(0, () => to.end(), false);
  });
};
