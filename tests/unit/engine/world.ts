/**
 * Engines for tests: real stores in memory, real cryptography from a seed, sync over the in-memory
 * network, all on one virtual clock. Nothing waits for real time: `settle` lets everything happen
 * that is due, `until` lets time pass as far as it must.
 */
import "../../support/loadedOnDemand.ts";
import { loadPages } from "../../support/loadPages.ts";
import type { ErrorValue } from "../../../src/core/base/errors.ts";
import type { Value } from "../../../src/core/base/types.ts";
import { checkDocument } from "../../../src/core/cbor/document.ts";
import type { Carrier } from "../../../src/core/net/carrier.ts";
import { normaliseFilter } from "../../../src/core/query/match.ts";
import { compileUpdate } from "../../../src/core/query/update.ts";
import { decodeCommit, type Commit } from "../../../src/core/journal/record.ts";
import { applyLiveChange } from "../../../src/core/wire/liveChange.ts";
import type {
  FindRequest,
  LiveChange,
  Visibility,
  Write,
} from "../../../src/core/wire/requests.ts";
import { decodeRows, encodeRows, rowToDocument, type Row } from "../../../src/core/wire/rows.ts";
import type { NetworkSnapshot, SyncSnapshot } from "../../../src/core/wire/snapshots.ts";
import type { Collection } from "../../../src/engine/collections.ts";
import type { Bounds } from "../../../src/engine/bounds.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import type { Home } from "../../../src/engine/home.ts";
import { joinNetwork } from "../../../src/engine/membership.ts";
import { findRows } from "../../../src/engine/query.ts";
import { messageTypes } from "../../../src/core/sync/frames.ts";
import { createMemoryHub, type MemoryHub, type MemoryNetwork } from "../../../src/net/memory.ts";
import { InMemoryAdapter, type StoreFault, type StoreImage } from "../../../src/storage/memory.ts";
import { openDatabase, writeTo, type Opened } from "../../../src/worker/service.ts";
import type { ServiceEvent } from "../../../src/worker/api.ts";
import { createNodeCrypto } from "../../support/nodeCrypto.ts";
import { createRandom } from "../../support/random.ts";
import {
  createVirtualTime,
  virtualTimers,
  type Life,
  type VirtualTime,
} from "../../support/virtualTime.ts";

export const secret = "a secret of thirty-two bytes or more";
export const networkId = "home";
const diskName = "database";

export interface World {
  readonly hub: MemoryHub;
  /** That were sent up to now, but heartbeats: those go for ever. */
  readonly frames: () => number;
  /** Milliseconds since 1970, the same for all devices but for their own skew. */
  readonly now: () => number;
  readonly open: (options?: OpenOptions) => Promise<Device>;
  /** Everything happens that is due now. */
  readonly settle: () => Promise<void>;
  readonly pass: (milliseconds: number) => Promise<void>;
  /** Lets time pass until it is so; rejects after ten virtual minutes. */
  readonly until: (isSo: () => boolean, what: string) => Promise<void>;
}

export interface OpenOptions {
  /** What stands on its disk. */
  readonly image?: StoreImage;
  readonly journalProvesContinuity?: boolean;
  readonly bounds?: Partial<Bounds>;
  /** Milliseconds that its clock is ahead. */
  readonly skew?: number;
  /** False: it meets nobody. */
  readonly online?: boolean;
  /** False: it is in no network. */
  readonly joined?: boolean;
}

/** `wrap` stands between each engine and its place in the hub. */
export const createWorld = (seed = 1, wrap: WrapNetwork = (network) => network): World => {
  const crypto = createNodeCrypto(createRandom(seed));
  const clock = createVirtualTime();
  let frames = 0;
  const hub = createMemoryHub({
    ...{ seed, timers: { after: (ms, run) => clock.after(ms, run) } },
    watch: ([type]) => {
      if (type !== messageTypes.heartbeat) frames++;
    },
  });
  return {
    hub,
    frames: () => frames,
    now: clock.now,
    settle: clock.settle,
    pass: clock.pass,
    async until(isSo, what) {
      const end = clock.now() + 600_000;
      for (;;) {
        await clock.settle();
        if (isSo()) return;
        if (clock.now() > end || !(await clock.step())) throw new Error(`it never came: ${what}`);
      }
    },
    open: async (options = {}) => {
      const device = new Device({ clock, crypto, network: hub.network(), wrap }, options);
      await device.open(options);
      return device;
    },
  };
};

export type WrapNetwork = (network: MemoryNetwork) => Carrier;

interface Around {
  readonly wrap: WrapNetwork;
  readonly clock: VirtualTime;
  readonly crypto: ReturnType<typeof createNodeCrypto>;
  readonly network: MemoryNetwork;
}

/** One profile of a browser: a disk, and at most one engine that runs on it. */
export class Device {
  readonly network: MemoryNetwork;
  readonly events: ServiceEvent[] = [];
  /** Called before and after each call of its store. */
  fault: StoreFault | null = null;
  /** Called before each sealing of its engine. */
  beforeSeal: (() => Promise<void>) | null = null;
  skew: number;
  private readonly around: Around;
  private readonly adapter: InMemoryAdapter;
  private life: Life = { isAlive: false };
  private running: Opened | null = null;

  constructor(around: Around, options: OpenOptions) {
    this.around = around;
    this.network = around.network;
    this.skew = options.skew ?? 0;
    const { journalProvesContinuity = true } = options;
    this.adapter = new InMemoryAdapter({
      journalProvesContinuity,
      fault: (operation) => this.fault?.(operation),
    });
    if (options.image !== undefined) this.adapter.restore(diskName, options.image);
  }

  async open({ online = true, joined = true, bounds = {} }: OpenOptions = {}): Promise<void> {
    const life: Life = { isAlive: true };
    this.life = life;
    const { clock, crypto } = this.around;
    const opened = await openDatabase(
      {
        adapter: this.adapter,
        crypto: {
          ...crypto,
          seal: async (...message) => {
            await this.beforeSeal?.();
            return crypto.seal(...message);
          },
        },
        bounds,
        timers: virtualTimers(clock, life, () => this.skew),
      },
      { name: diskName, durability: "strict" },
      (event) => {
        if (life.isAlive) this.events.push(event);
      },
    );
    this.running = opened;
    await loadPages(opened.engine);
    if (joined) await this.join();
    if (online) await this.connect();
  }

  async join(id = networkId): Promise<void> {
    await joinNetwork(this.engine, {
      ...{ networkId: id, name: "Home", kind: "open", sharedSecret: secret },
    });
    this.opened.sync.refresh();
  }

  connect(): Promise<void> {
    return this.opened.sync.carry(this.around.wrap(this.network));
  }

  disconnect(): Promise<void> {
    return this.opened.sync.carry(null);
  }

  /** The process ends at once; what the disk holds. */
  crash(): StoreImage {
    this.life.isAlive = false;
    this.running = null;
    this.network.stop();
    return this.image();
  }

  async close(): Promise<void> {
    const { engine, sync } = this.opened;
    await sync.carry(null);
    await engine.close();
    this.crash();
  }

  image(): StoreImage {
    return this.adapter.snapshot(diskName);
  }

  /** Ends, and opens on this disk, or on what it holds by now. */
  async reopen(image = this.crash(), options: OpenOptions = {}): Promise<void> {
    this.crash();
    this.adapter.restore(diskName, image);
    await this.open(options);
  }

  get opened(): Opened {
    if (this.running === null) throw new Error("this device is not open");
    return this.running;
  }

  get engine(): Engine {
    return this.opened.engine;
  }

  // ------------------------------------------------------------------------------- commands

  async write(write: Write, commandId = this.nextId()): Promise<readonly number[]> {
    return (await writeTo(this.opened, { commandId, write })).counts;
  }

  /** Never the same, on copies of a profile neither. */
  nextId(): string {
    commands += 1;
    return `command-${commands}`;
  }

  /** Makes the collection, attached to the network. */
  async share(collection: string): Promise<void> {
    await this.write({ kind: "make-collection", collection });
    await this.write({ kind: "attach", collection, networkId });
  }

  insert(
    collection: string,
    documents: readonly object[],
    visibility: Visibility | null = null,
  ): Promise<readonly number[]> {
    return this.write({ kind: "insert", collection, rows: rowsOf(documents), visibility });
  }

  upsert(collection: string, documents: readonly object[]): Promise<readonly number[]> {
    return this.write({ kind: "upsert", collection, rows: rowsOf(documents) });
  }

  update(collection: string, id: string, update: object): Promise<readonly number[]> {
    return this.write(updateOf(collection, id, update));
  }

  remove(collection: string, id: string): Promise<readonly number[]> {
    return this.write({ kind: "delete", collection, target: { kind: "ids", ids: [id] } });
  }

  // -------------------------------------------------------------------------------- reading

  rows(collection: string, request: Partial<FindRequest> = {}): readonly Row[] {
    const { registry } = this.engine;
    return findRows(registry.readable(collection), findOf(collection, request));
  }

  find(collection: string, request: Partial<FindRequest> = {}): readonly Record<string, Value>[] {
    return this.rows(collection, request).map(rowToDocument);
  }

  /** undefined: there is none. */
  get(collection: string, id: string): Record<string, Value> | undefined {
    return this.find(collection, { filter: { id } })[0];
  }

  collection(name: string): Collection {
    const found = this.engine.registry.find(name);
    if (found === null) throw new Error(`there is no collection ${name}`);
    return found;
  }

  /** The collection's home in the network. */
  shared(name: string): Home {
    const { shared } = this.collection(name);
    if (shared === null) throw new Error(`${name} was never attached`);
    return shared;
  }

  local(name: string): Home {
    return this.collection(name).local;
  }

  failures(): readonly ErrorValue[] {
    return this.events.flatMap((event) => (event.kind === "failed" ? [event.error] : []));
  }

  sync(collection: string): SyncSnapshot | undefined {
    const told = this.events.findLast((event) => event.kind === "sync");
    return told?.sync.find((each) => each.collection === collection);
  }

  networks(): readonly NetworkSnapshot[] {
    return this.events.findLast((event) => event.kind === "networks")?.networks ?? [];
  }

  isVerified(collection: string): boolean {
    const status = this.sync(collection)?.status;
    return status?.kind === "synced" && status.verified;
  }

  /** The commits that the journal holds. */
  journal(): readonly Commit[] {
    return [...this.image().journal].map(([, payload]) => {
      const commit = decodeCommit(payload);
      if (!commit.ok) throw new Error("a record that can not be read");
      return commit.value;
    });
  }
}

/** What it holds of its notes, cut whole, in the order of the store: by writer, then number. */
export const segmentsOf = async (device: Device): Promise<readonly Uint8Array[]> => {
  await device.engine.cutter.cutAll(device.engine.registry.homes());
  const segments: Uint8Array[] = [];
  const { store } = device.engine.deps;
  for await (const { bytes } of store.segments(device.shared("notes").scope)) segments.push(bytes);
  return segments;
};

/** A follower of a live query, as a page is one: holds what it was told. */
export const follow = (
  device: Device,
  collection: string,
  request: Partial<FindRequest> = {},
): { readonly rows: () => readonly Record<string, Value>[]; readonly messages: () => number } => {
  const number = ++followers;
  device.engine.live.subscribe(number, findOf(collection, request));
  return {
    rows: () => shownBy(device.events, number),
    messages: () => changesOf(device.events, number).length,
  };
};

/** What a page shows of a live query that it was told these of. */
export const shownBy = (
  events: readonly ServiceEvent[],
  subscription: number,
): readonly Record<string, Value>[] =>
  changesOf(events, subscription)
    .reduce<readonly Row[]>((held, change) => applyLiveChange(held, change, decodeRows), [])
    .map(rowToDocument);

const changesOf = (events: readonly ServiceEvent[], subscription: number): readonly LiveChange[] =>
  events.flatMap((event) =>
    event.kind === "live" && event.subscription === subscription ? [event.change] : [],
  );

let followers = 0;
let commands = 0;

export const rowsOf = (documents: readonly object[]): Uint8Array =>
  encodeRows(
    documents.map((document) => {
      const { id, leaves } = checkDocument(document);
      if (id === undefined) throw new Error("a document of a test has an id");
      return { id, leaves, meta: null };
    }),
  );

export const updateOf = (
  collection: string,
  id: string,
  update: object,
): Write & { readonly kind: "update" } => ({
  kind: "update",
  collection,
  target: { kind: "ids", ids: [id] },
  update: compileUpdate(update),
});

export const findOf = (collection: string, request: Partial<FindRequest>): FindRequest => ({
  ...{ collection, sort: [], limit: null, offset: 0, after: null },
  ...{ fields: null, includeDeleted: false, meta: false },
  ...request,
  filter: normaliseFilter(request.filter ?? {}),
});
