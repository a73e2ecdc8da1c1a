/**
 * A TLS end before a relay, as whoever serves a page by https has one: a certificate of its own,
 * made when it starts, and a port that outlives the relay behind it.
 */
import { connect, type AddressInfo, type Socket } from "node:net";
import { createServer } from "node:tls";
import { makeCertificate } from "./certificate.ts";

export interface TlsFront {
  readonly port: number;
  /** Bytes that came sealed, both ways, up to now. */
  readonly carriedBytes: () => number;
  close(): Promise<void>;
}

/** `behind` is asked for each connection: the relay may have moved. */
export const startTlsFront = async (behind: () => number, host: string): Promise<TlsFront> => {
  const { key, cert } = makeCertificate(host);
  const sockets = new Set<Socket>();
  let carriedBytes = 0;
  const hold = (one: Socket, other: Socket): void => {
    sockets.add(one);
    // Whoever ends it, and however, the other end goes too
    one.on("error", () => other.destroy());
    one.on("close", () => {
      sockets.delete(one);
      other.destroy();
    });
    one.on("data", (bytes: Buffer) => {
      carriedBytes += bytes.length;
    });
    one.pipe(other);
  };
  const server = createServer({ key, cert }, (page) => {
    const relay = connect(behind(), "127.0.0.1");
    hold(page, relay);
    hold(relay, page);
  });
  // A browser that does not like the certificate says so and goes
  server.on("tlsClientError", (_, socket) => socket.destroy());
  await new Promise<void>((resolve) => {
    server.listen(0, host, resolve);
  });
  return {
    // It listens on a port, not on a pipe
    port: (server.address() as AddressInfo).port,
    carriedBytes: () => carriedBytes,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
};
