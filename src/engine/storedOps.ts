/**
 * Ops of this device read back from its stored segments, one segment at a time: to tell what of it
 * reached somebody, and what its ops saw.
 */
import type { CryptoPort } from "../core/crypto/port.ts";
import type { Dot, HeaderHash, WriterId } from "../core/base/types.ts";
import type { NoOp, Op } from "../core/op/types.ts";
import { decodeBody } from "../core/segment/body.ts";
import { openSegment } from "../core/segment/open.ts";
import type { SegmentHeader } from "../core/segment/header.ts";
import type { SegmentNames } from "../core/segment/tree.ts";
import type { Store } from "../storage/store.ts";
import { keyringOf, type Home } from "./home.ts";
import { loadDelivered } from "./ingest.ts";

export interface StoredOps {
  /** null: not delivered, damaged, or not readable. */
  op(dot: Dot): Promise<Op | NoOp | null>;
  /**
   * All of a writer's branches beyond a header (null: from its first). Their own ops go by the
   * writer's name there, whatever forks made of it.
   */
  beyond(writer: WriterId, header: HeaderHash | null): Promise<readonly (Op | NoOp)[]>;
}

export const createStoredOps = (home: Home, store: Store, crypto: CryptoPort): StoredOps => {
  const opened = new Map<HeaderHash, Promise<Opened | null>>();

  const openOnce = (hash: HeaderHash): Promise<Opened | null> => {
    const known = opened.get(hash) ?? open(hash);
    opened.set(hash, known);
    return known;
  };

  const open = async (hash: HeaderHash): Promise<Opened | null> => {
    const segment = await loadDelivered(home, store, hash);
    if (segment === null) return null;
    const { header } = segment;
    const body = await openSegment(segment, keyringOf(home), crypto);
    return body.kind === "plain" ? { hash, header, body: body.body } : null;
  };

  const namesIn = ({ hash, header }: Opened): SegmentNames => home.tree.namesFor(hash, header.rows);

  return {
    async op(dot) {
      const place = home.tree.locate(dot);
      const found = place === null ? null : await openOnce(place.header);
      if (found === null) return null;
      const ops = decodeBody(found.body, found.header, namesIn(found));
      return ops.find((op) => op.dot.n === dot.n) ?? null;
    },
    async beyond(writer, header) {
      const headers = home.tree.beyond(writer, header === null ? [] : [header]);
      const found = await Promise.all(headers.map(openOnce));
      return found.flatMap((one) => {
        if (one === null) return [];
        const names = { ...namesIn(one), own: () => writer };
        return decodeBody(one.body, one.header, names);
      });
    },
  };
};

interface Opened {
  readonly hash: HeaderHash;
  readonly header: SegmentHeader;
  readonly body: Uint8Array;
}
