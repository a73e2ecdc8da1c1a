/**
 * The relay's end of the rendezvous streams: one long-lived stream a page, over which it registers
 * tags and is told who else stands under them, at once and whenever that changes. What ends a
 * stream: anything malformed, too many registrations, a newer stream of the same page.
 */
import type { Connection, Libp2p, Stream } from "@libp2p/interface";
import { lpStream } from "@libp2p/utils";
import { rendezvousFrameBytesMax } from "../src/core/base/limits.ts";
import {
  encodePeersOfTag,
  parseRegistration,
  rendezvousProtocol,
  type Registration,
} from "../src/net/rendezvousMessages.ts";
import { limits } from "./limits.ts";
import type { Log } from "./log.ts";
import type { Changes, Registry } from "./registry.ts";

export interface RendezvousDeps {
  readonly registry: Registry;
  readonly log: Log;
  /** Milliseconds; only differences are used. */
  readonly now: () => number;
}

/** Resolves when the relay answers the protocol. */
export const serveRendezvous = (libp2p: Libp2p, deps: RendezvousDeps): Promise<void> => {
  const pages = new Map<string, Page>();

  /** Every page concerned is told, and those that are being told will be told again. */
  const tell = (changes: Changes): void => {
    for (const [peer, tags] of changes) pages.get(peer)?.tell(tags);
  };

  const serve = async (stream: Stream, connection: Connection): Promise<void> => {
    const peer = connection.remotePeer.toString();
    if (pages.size >= limits.rendezvousPagesMax && !pages.has(peer)) {
      deps.log("rendezvous full");
      stream.abort(new Error("the rendezvous is full"));
      return;
    }
    pages.get(peer)?.end();
    const page = createPage(stream, peer, deps);
    pages.set(peer, page);
    deps.log("rendezvous opened", { pages: pages.size });
    await page.listen((registration) => {
      // A stream that was replaced may still hand over what it had read.
      if (pages.get(peer) === page) tell(deps.registry.register(peer, registration));
    });
    if (pages.get(peer) !== page) return;
    pages.delete(peer);
    tell(deps.registry.forget(peer));
    deps.log("rendezvous ended", { pages: pages.size });
  };

  return libp2p.handle(
    rendezvousProtocol,
    (stream, connection) => {
      void serve(stream, connection);
    },
    { maxInboundStreams: limits.rendezvousStreamsPerPageMax },
  );
};

interface Page {
  /** Resolves when the stream has ended, for whatever reason. */
  listen(onRegistration: (registration: Registration) => void): Promise<void>;
  tell(tags: Iterable<string>): void;
  end(): void;
}

const createPage = (stream: Stream, peer: string, { registry, log, now }: RendezvousDeps): Page => {
  const messages = lpStream(stream, { maxDataLength: rendezvousFrameBytesMax });
  const mayRegister = createRate(limits.registrationsBurst, limits.registrationsPerSecond, now);
  const untold = new Set<string>();
  let isTelling = false;

  const end = (): void => {
    stream.abort(new Error("the rendezvous is over"));
  };

  /** Writes as fast as the page reads; what changes meanwhile is told once, as it then stands. */
  const tellAll = async (): Promise<void> => {
    isTelling = true;
    try {
      while (untold.size > 0 && stream.status === "open") {
        const tags = [...untold];
        untold.clear();
        for (const tag of tags) {
          await messages.write(encodePeersOfTag(registry.peersOf(tag, peer)));
        }
        await pause(limits.pushIntervalMilliseconds);
      }
    } catch {
      end();
    } finally {
      isTelling = false;
    }
  };

  return {
    end,
    listen: async (onRegistration) => {
      try {
        for (;;) {
          const registration = parseRegistration((await messages.read()).subarray());
          if (registration === null || !mayRegister()) {
            log("registration refused");
            break;
          }
          onRegistration(registration);
        }
      } catch {
        // The page has gone, or its connection has.
      }
      end();
    },
    tell: (tags) => {
      for (const tag of tags) untold.add(tag);
      if (!isTelling) void tellAll();
    },
  };
};

/** A token bucket: `burst` at once, then `perSecond`. */
const createRate = (burst: number, perSecond: number, now: () => number): (() => boolean) => {
  let tokens = burst;
  let last = now();
  return () => {
    const time = now();
    tokens = Math.min(burst, tokens + ((time - last) / 1_000) * perSecond);
    last = time;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
};

/** Does not keep the process alive. */
const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
