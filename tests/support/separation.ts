/**
 * Keeps databases apart that meet over libp2p: each is made to refuse the others, beside whom it
 * refuses by itself. Both benches over libp2p, in Node and in a page, stand on it.
 */
import type { DistributedDatabase } from "../../src/client/api.ts";

/** A database's end of the network: what stands between the two. */
export interface End {
  /** To be told when the network has started, and with what the network refuses peers. */
  readonly started: (peerId: string, refuse: (peers: readonly string[]) => void) => void;
  /** What the database calls in place of that. */
  readonly setRefused: (peers: readonly string[]) => void;
}

export interface Separation {
  /** `make`: a database whose network has that end. */
  readonly open: (make: (end: End) => DistributedDatabase) => DistributedDatabase;
  /** From now on only those of one group reach each other; null: all do. */
  readonly separate: (groups: readonly (readonly DistributedDatabase[])[] | null) => void;
  /** Shuts down all that were opened. */
  readonly clean: () => Promise<void>;
}

export const createSeparation = (): Separation => {
  const ends = new Map<DistributedDatabase, SeparableEnd>();
  let groups: readonly (readonly DistributedDatabase[])[] | null = null;
  const keepApart = (): void => {
    for (const [database, end] of ends) {
      const group = groups?.find((each) => each.includes(database)) ?? [];
      const others = [...ends].filter(
        ([other]) => groups !== null && other !== database && !group.includes(other),
      );
      end.refuse(others.flatMap(([, each]) => each.peerId() ?? []));
    }
  };
  const separate: Separation["separate"] = (wanted) => {
    groups = wanted;
    keepApart();
  };
  return {
    open: (make) => {
      const end = createEnd(keepApart);
      const database = make(end);
      ends.set(database, end);
      return database;
    },
    separate,
    clean: async () => {
      separate(null);
      await Promise.all([...ends.keys()].map((each) => each.shutdown().catch(() => undefined)));
      ends.clear();
    },
  };
};

interface SeparableEnd extends End {
  /** Null before it has started. */
  readonly peerId: () => string | null;
  /** Beside those that the database refuses. */
  readonly refuse: (peers: readonly string[]) => void;
}

const createEnd = (onStarted: () => void): SeparableEnd => {
  let id: string | null = null;
  let own: readonly string[] = [];
  let apart: readonly string[] = [];
  let refuseAll: (peers: readonly string[]) => void = () => undefined;
  const tell = (): void => {
    refuseAll([...own, ...apart]);
  };
  return {
    started: (peerId, refuse) => {
      id = peerId;
      refuseAll = refuse;
      onStarted();
    },
    setRefused: (peers) => {
      own = peers;
      tell();
    },
    peerId: () => id,
    refuse: (peers) => {
      apart = peers;
      tell();
    },
  };
};
