/**
 * The relay's end of the rendezvous streams: one long-lived stream a page, over which it registers
 * tags and is told who else stands under them, at once and whenever that changes. What ends a
 * stream: anything malformed, too many registrations, a newer stream of the same page.
 */
import type { Connection, Libp2p, Stream } from "@libp2p/interface";
import { rendezvousFrameBytesMax } from "../src/core/base/limits.ts";
import type { Clock } from "../src/net/clock.ts";
import { createFrameStream } from "../src/net/frameStream.ts";
import {
  encodePeersOfTag,
  parseRegistration,
  rendezvousProtocol,
  type Registration,
} from "../src/net/rendezvousMessages.ts";
import type { Counts } from "./counts.ts";
import { limits } from "./limits.ts";
import type { Log } from "./log.ts";
import type { Changes, Registry } from "./registry.ts";

export interface RendezvousDeps {
  readonly registry: Registry;
  readonly counts: Counts;
  readonly log: Log;
  readonly clock: Clock;
  readonly pagesMax: number;
}

/** Resolves when the relay answers the protocol. */
export const serveRendezvous = (libp2p: Libp2p, deps: RendezvousDeps): Promise<void> => {
  const pages = new Map<string, Page>();

  /** Every page concerned is told, and those that are being told will be told again. */
  const tell = (changes: Changes): void => {
    for (const [peer, tags] of changes) pages.get(peer)?.tell(tags);
  };

  const serve = (stream: Stream, connection: Connection): void => {
    const peer = connection.remotePeer.toString();
    if (pages.size >= deps.pagesMax && !pages.has(peer)) {
      deps.log("rendezvous full");
      deps.counts.registrationsRefused.add("full");
      stream.abort(new Error("the rendezvous is full"));
      return;
    }
    const older = pages.get(peer);
    const page = createPage(stream, peer, deps, {
      onRegistration: (registration) => {
        tell(deps.registry.register(peer, registration));
      },
      onEnded: () => {
        if (pages.get(peer) !== page) return;
        pages.delete(peer);
        tell(deps.registry.forget(peer));
        deps.log("rendezvous ended", { pages: pages.size });
      },
    });
    pages.set(peer, page);
    older?.end();
    deps.log("rendezvous opened", { pages: pages.size });
  };

  return libp2p.handle(rendezvousProtocol, serve, {
    maxInboundStreams: limits.rendezvousStreamsPerPageMax,
  });
};

interface Page {
  tell(tags: Iterable<string>): void;
  end(): void;
}

interface PageHandlers {
  /** Not after `end`. */
  readonly onRegistration: (registration: Registration) => void;
  /** Once, for whatever reason. */
  readonly onEnded: () => void;
}

const createPage = (
  stream: Stream,
  peer: string,
  { registry, counts, log, clock }: RendezvousDeps,
  { onRegistration, onEnded }: PageHandlers,
): Page => {
  const frames = createFrameStream({ stream, clock, frameBytesMax: rendezvousFrameBytesMax });
  const mayRegister = createRate(limits.registrationsBurst, limits.registrationsPerSecond, clock);
  const untold = new Set<string>();
  let isTelling = false;

  /** Writes as fast as the page reads; what changes meanwhile is told once, as it then stands. */
  const tellAll = async (): Promise<void> => {
    isTelling = true;
    try {
      while (untold.size > 0) {
        const tags = [...untold];
        untold.clear();
        for (const tag of tags) {
          await frames.send(encodePeersOfTag(registry.peersOf(tag, peer)));
          counts.pushes.add();
        }
        await pause(limits.pushIntervalMilliseconds);
      }
    } catch {
      // The stream is closed, and nobody is there to be told.
    } finally {
      isTelling = false;
    }
  };

  frames.onClose(onEnded);
  frames.onFrame((frame) => {
    const registration = parseRegistration(frame);
    if (registration !== null && mayRegister()) {
      counts.registrations.add();
      onRegistration(registration);
    } else {
      log("registration refused");
      counts.registrationsRefused.add(registration === null ? "malformed" : "rate");
      frames.abort("the registration is refused");
    }
  });
  return {
    end: () => {
      frames.abort("a newer stream took its place");
    },
    tell: (tags) => {
      for (const tag of tags) untold.add(tag);
      if (!isTelling) void tellAll();
    },
  };
};

/** A token bucket: `burst` at once, then `perSecond`. */
const createRate = (burst: number, perSecond: number, clock: Clock): (() => boolean) => {
  let tokens = burst;
  let last = clock.now();
  return () => {
    const time = clock.now();
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
