/**
 * Datagrams between two pages over a shaped link: a page sends to a port here what it would send to
 * its peer, which sees them come from another port here, as behind a NAT. WebRTC is told of nothing
 * else (`page/shapedPeers.ts`), so that none goes past the link.
 */
import { createSocket, type Socket } from "node:dgram";
import type { ShapedPlace } from "../page/protocol.ts";
import type { Shape } from "./shape.ts";

export interface UdpLink {
  /** Where a page sends what is for `target`; `out` is the page's direction, `back` the peer's. */
  readonly placeFor: (target: ShapedPlace, out: Shape, back: Shape) => Promise<ShapedPlace>;
  readonly close: () => void;
}

export const createUdpLink = (): UdpLink => {
  const sockets = new Set<Socket>();
  const open = async (address: string): Promise<Socket> => {
    const socket = createSocket("udp4");
    sockets.add(socket);
    // A port that nobody listens on any more answers with an error, which is the page's affair
    socket.on("error", () => undefined);
    await new Promise<void>((resolve) => {
      socket.bind(0, address, resolve);
    });
    return socket;
  };
  const placeFor: UdpLink["placeFor"] = async (target, out, back) => {
    const near = await open(target.address);
    /** By the sender's place: the socket from which the peer hears it. */
    const far = new Map<string, Promise<Socket>>();
    const farOf = (address: string, port: number): Promise<Socket> => {
      const key = `${address}:${port}`;
      const opening =
        far.get(key) ??
        open(target.address).then((socket) => {
          socket.on("message", (bytes) => {
            back.pass(bytes.length, () => send(near, bytes, { address, port }), true);
          });
          return socket;
        });
      far.set(key, opening);
      return opening;
    };
    near.on("message", (bytes, { address, port }) => {
      void farOf(address, port).then((socket) => {
        out.pass(bytes.length, () => send(socket, bytes, target), true);
      });
    });
    return { address: target.address, port: near.address().port };
  };
  return {
    placeFor,
    close: () => {
      for (const socket of sockets) socket.close();
      sockets.clear();
    },
  };

  /** Sockets may be closed while something is under way. */
  function send(socket: Socket, bytes: Buffer, { address, port }: ShapedPlace): void {
    if (sockets.has(socket)) socket.send(bytes, port, address);
  }
};
