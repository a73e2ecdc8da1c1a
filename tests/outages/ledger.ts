/**
 * What must be there in the end: every write that was acknowledged, of every profile. Each profile
 * inserts and deletes documents of its own, and sets a field of its own in anybody's, so that what
 * the end must show does not hang on who was first.
 */
import type { Random } from "../support/random.ts";
import type { WriteRequest } from "../support/sharePage/protocol.ts";

export interface Ledger {
  /** A burst of writes of that profile. */
  readonly next: (profile: string, collection: string, random: Random) => WriteRequest;
  /** It was acknowledged, and these were there to be updated. */
  readonly acknowledge: (
    profile: string,
    request: WriteRequest,
    updated: readonly string[],
  ) => void;
  /** Nobody can say what became of it. */
  readonly lose: (profile: string, request: WriteRequest) => void;
  /** What is wrong with what a profile reads in the end, some of it. */
  readonly judge: (collection: string, documents: readonly Read[]) => readonly string[];
  readonly counts: () => { readonly documents: number; readonly updates: number };
}

export interface Read {
  readonly id: string;
  readonly [field: string]: unknown;
}

interface Entry {
  readonly collection: string;
  /** Unsure: its insert or delete was not heard of. */
  state: "there" | "deleted" | "unsure";
  /** By field; null: an update of it was not heard of. */
  readonly fields: Map<string, number | null>;
}

const problemsMax = 5;

export const createLedger = (): Ledger => {
  const entries = new Map<string, Entry>();
  let [serial, updates] = [0, 0];

  const next: Ledger["next"] = (profile, collection, random) => {
    const ids = [...entries].filter(([, each]) => each.collection === collection);
    const there = ids.filter(([, { state }]) => state === "there").map(([id]) => id);
    const own = there.filter((id) => id.startsWith(`${profile}-`));
    const inserts = Array.from({ length: 1 + random.integer(20) }, () => {
      serial += 1;
      const id = `${profile}-${String(serial)}`;
      return { id, text: `shared canary ${id}`, tags: [profile, random.integer(9)] };
    });
    const updated = there.length === 0 ? [] : Array.from({ length: random.integer(6) }, () => 0);
    return {
      ...{ collection, inserts },
      updates: updated.map(() => {
        serial += 1;
        return { id: random.pick(there), set: { [`by ${profile}`]: serial, title: serial } };
      }),
      deletes: own.length > 10 && random.chance(0.3) ? [random.pick(own)] : [],
    };
  };

  const acknowledge: Ledger["acknowledge"] = (profile, request, updated) => {
    const { collection, inserts = [], deletes = [] } = request;
    for (const { id } of inserts)
      entries.set(id, { collection, state: "there", fields: new Map() });
    for (const { id, set } of request.updates ?? []) {
      // Whose document it is may have deleted it meanwhile
      if (!updated.includes(id)) continue;
      updates += 1;
      entries.get(id)?.fields.set(`by ${profile}`, Number(set[`by ${profile}`]));
    }
    for (const id of deletes) setState(entries.get(id), "deleted");
  };

  const lose: Ledger["lose"] = (profile, { collection, inserts = [], ...request }) => {
    for (const { id } of inserts) {
      entries.set(id, { collection, state: "unsure", fields: new Map() });
    }
    for (const { id } of request.updates ?? []) entries.get(id)?.fields.set(`by ${profile}`, null);
    for (const id of request.deletes ?? []) setState(entries.get(id), "unsure");
  };

  const judge: Ledger["judge"] = (collection, documents) => {
    const read = new Map(documents.map((each) => [each.id, each]));
    const problems: string[] = [];
    for (const [id, entry] of entries) {
      if (entry.collection !== collection) continue;
      const document = read.get(id);
      read.delete(id);
      if (entry.state === "there" && document === undefined) problems.push(`${id} is lost`);
      if (entry.state === "deleted" && document !== undefined) problems.push(`${id} is back`);
      if (document === undefined) continue;
      for (const [field, value] of entry.fields) {
        if (value !== null && document[field] !== value) {
          problems.push(`${id} reads ${field} ${String(document[field])}, not ${String(value)}`);
        }
      }
    }
    for (const id of read.keys()) problems.push(`${id} was written by nobody`);
    const more = problems.length - problemsMax;
    return more <= 0
      ? problems
      : [...problems.slice(0, problemsMax), `and ${String(more)} more in ${collection}`];
  };

  return {
    ...{ next, acknowledge, lose, judge },
    counts: () => ({ documents: entries.size, updates }),
  };
};

const setState = (entry: Entry | undefined, state: Entry["state"]): void => {
  if (entry !== undefined) entry.state = state;
};
