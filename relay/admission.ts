/**
 * Which sockets the relay holds open. Whoever connects is a guest until libp2p knows it as a peer:
 * there are so many places for guests, and when a new one comes and none is free, the one goes that
 * has been silent longest; not before all was read that has come from them, for of thousands that
 * are accepted at once none has been heard yet. So sockets that are opened and say nothing, however
 * many, keep nobody out for longer than it takes to say something.
 */
import type { Duplex } from "node:stream";

export interface Admission {
  /** A new socket: the last of the guests. */
  readonly enter: (socket: Duplex) => void;
  /** It asked for something sensible, and is the last again. */
  readonly touch: (socket: Duplex) => void;
  /** It is a WebSocket, which reaches libp2p from this port. */
  readonly carry: (socket: Duplex, port: number) => void;
  /** What comes from this port is a peer, and no guest any more. */
  readonly admit: (port: number) => void;
  /** libp2p is done with the peer: its socket is a guest again, and has little time to end. */
  readonly dismiss: (port: number) => void;
  readonly isAdmitted: (socket: Duplex) => boolean;
  /** Ends every socket. */
  readonly close: () => void;
}

export interface AdmissionDeps {
  readonly guestsMax: number;
  readonly onEvicted: () => void;
  /** Runs once, when what has come from every socket by now was read. */
  readonly onceRead: (run: () => void) => void;
  /** Runs once, when a browser has had time enough to say goodbye. */
  readonly goodbye: (run: () => void) => void;
}

export const createAdmission = ({
  guestsMax,
  onEvicted,
  onceRead,
  goodbye,
}: AdmissionDeps): Admission => {
  /** The one silent longest comes first. */
  const guests = new Set<Duplex>();
  const peers = new Set<Duplex>();
  const socketByPort = new Map<number, Duplex>();
  let isSettling = false;

  const seat = (socket: Duplex): void => {
    guests.delete(socket);
    guests.add(socket);
    if (guests.size <= guestsMax || isSettling) return;
    isSettling = true;
    onceRead(() => {
      isSettling = false;
      for (const oldest of guests) {
        if (guests.size <= guestsMax) return;
        guests.delete(oldest);
        onEvicted();
        oldest.destroy();
      }
    });
  };

  return {
    enter: (socket) => {
      socket.once("close", () => {
        guests.delete(socket);
        peers.delete(socket);
      });
      seat(socket);
    },
    touch: (socket) => {
      if (guests.has(socket)) seat(socket);
    },
    carry: (socket, port) => {
      if (socket.destroyed) return;
      socketByPort.set(port, socket);
      socket.once("close", () => {
        if (socketByPort.get(port) === socket) socketByPort.delete(port);
      });
    },
    admit: (port) => {
      const socket = socketByPort.get(port);
      if (socket === undefined || !guests.delete(socket)) return;
      peers.add(socket);
    },
    dismiss: (port) => {
      const socket = socketByPort.get(port);
      if (socket === undefined || !peers.delete(socket)) return;
      seat(socket);
      // libp2p resets a WebSocket with a code that no WebSocket takes, and leaves it open
      goodbye(() => socket.destroy());
    },
    isAdmitted: (socket) => peers.has(socket),
    close: () => {
      for (const socket of [...guests, ...peers]) socket.destroy();
    },
  };
};
