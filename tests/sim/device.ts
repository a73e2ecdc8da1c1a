/**
 * One device of the simulation: a disk, a clock that may be wrong, and at most one running engine,
 * which may crash, be closed, be opened again from what the disk holds, or from what it once held.
 */
import { NebulusError } from "../../src/core/base/errors.ts";
import type { CryptoPort } from "../../src/core/crypto/port.ts";
import type { Commit } from "../../src/core/journal/record.ts";
import type { Carrier, PeerChannel } from "../../src/core/net/carrier.ts";
import { messageTypes } from "../../src/core/sync/frames.ts";
import type { Managed, ManageRequest } from "../../src/core/wire/networks.ts";
import type { Write } from "../../src/core/wire/requests.ts";
import type { SyncSnapshot } from "../../src/core/wire/snapshots.ts";
import { manage } from "../../src/engine/closed/manage.ts";
import type { ClosedMembership } from "../../src/engine/closed/membership.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { joinNetwork, leaveNetwork } from "../../src/engine/membership.ts";
import type { MemoryNetwork } from "../../src/net/memory.ts";
import { openDatabase, writeTo, type Opened } from "../../src/worker/service.ts";
import "../support/loadedOnDemand.ts";
import { createCrashDisk } from "./crashDisk.ts";
import {
  createDisk,
  diskName,
  isLostImage,
  partText,
  type Disk,
  type DiskImage,
  type StoreFailure,
} from "./disk.ts";
import type { Liar } from "./liar.ts";
import { createMirror, type Mirror } from "./mirror.ts";
import { memberRefusals, ordinaryRefusals } from "./refusals.ts";
import type { Surroundings } from "./surroundings.ts";
import { simulationStart, timersOf, type Life } from "./scheduler.ts";

/** A command that was answered. */
export interface Acknowledged {
  readonly commandId: string;
  readonly write: Write;
  /** null: it changed nothing. */
  readonly commit: Commit | null;
  /** Whether the disk was put back to before it since. */
  isRolledBack: boolean;
}

export interface Running extends Life {
  /** The earliest that its wall clock has shown since it began. */
  earliest: number;
  opened: Opened | null;
  sync: readonly SyncSnapshot[];
  readonly mirror: Mirror;
  /** A failure was injected while it ran: it may give up. */
  isDamaged: boolean;
}

export interface DeviceParts {
  readonly name: string;
  readonly network: MemoryNetwork;
  readonly journalProvesContinuity: boolean;
  /** Milliseconds that its clock is ahead. */
  readonly skewMs: number;
  readonly image?: DiskImage;
  /** Whether its disk is one that forgets (`crashDisk.ts`). */
  readonly forgets: boolean;
  /** It makes the closed network when it is opened first. */
  readonly isFounder: boolean;
  /** What stands between this device and the truth. */
  readonly liar: Liar | null;
}

export const networkId = "simulated";

/** A class: the thing that a simulation has many of. */
export class Device {
  readonly name: string;
  readonly isLiar: boolean;
  readonly network: MemoryNetwork;
  readonly disk: Disk;
  readonly acknowledged: Acknowledged[] = [];
  /** What was asked for and not answered. */
  readonly unanswered = new Map<string, Write>();
  /**
   * Not answered when the disk lost something: where the journal still had them, what they changed
   * may be lost for all that.
   */
  private readonly doubtful = new Set<string>();
  /** What the disk held at some moments. */
  readonly images: { readonly image: DiskImage; readonly acknowledged: number }[] = [];
  running: Running | null = null;
  /** Signs of life that it sent. */
  heartbeats = 0;
  private skewMs: number;
  private readonly parts: DeviceParts;
  private readonly around: Surroundings;
  /** Its tables are gone: the person is told, and begins anew. */
  private isLost: boolean;
  private hasFounded = false;
  private commands = 0;
  private cryptoCalls = 0;

  constructor(parts: DeviceParts, around: Surroundings) {
    this.parts = parts;
    this.around = around;
    this.name = parts.name;
    this.network = parts.network;
    this.isLiar = parts.liar !== null;
    this.skewMs = parts.skewMs;
    const pause = (): Promise<void> | null => this.pause(around.rules.diskMs);
    const { journalProvesContinuity, image } = parts;
    this.isLost = image !== undefined && isLostImage(image);
    this.disk = parts.forgets
      ? createCrashDisk(
          {
            ...{ pause, random: around.random, hasFence: around.random.chance(0.5) },
            // Where files come and go, what is in them does too
            hasFiles: () => journalProvesContinuity,
          },
          image,
        )
      : createDisk({ journalProvesContinuity, keepsPages: parts.liar === null, pause }, image);
  }

  /** The engine, if it is open and nothing has ended it. */
  get engine(): Engine | null {
    return this.running?.opened?.engine ?? null;
  }

  /** Its place in the closed network; null: it is not in it, or not open. */
  get membership(): ClosedMembership | null {
    const found = this.engine?.registry.networks.all().find(({ kind }) => kind === "closed");
    return found?.kind === "closed" ? found : null;
  }

  /**
   * The wall clock, in ms since 1970: whole ones, as Date.now gives them. Links wait for parts of
   * them, and no record of a chain holds such a time.
   */
  readonly now = (): number =>
    simulationStart + Math.floor(this.around.scheduler.now()) + this.skewMs;

  start(): void {
    if (this.running !== null) return;
    const life: Running = {
      ...{ isAlive: true, earliest: this.now(), opened: null, sync: [], mirror: createMirror() },
      isDamaged: this.disk.isFailing(),
    };
    this.running = life;
    this.open(life).then(
      () => {
        for (const [id, write] of this.unanswered) this.send(life, id, write);
      },
      (error: unknown) => {
        if (life.isAlive) this.giveUp(life, error);
      },
    );
  }

  submit(write: Write): void {
    const life = this.running;
    if (life === null || life.opened === null) return;
    this.parts.liar?.corrupt(life.opened.engine);
    this.commands++;
    const commandId = `${this.name}-${this.commands}`;
    this.unanswered.set(commandId, write);
    this.around.note(`${commandId} ${write.kind}`);
    this.send(life, commandId, write);
  }

  /** Something about the closed network, as a page asks for it; `done` hears what came of it. */
  manage(request: ManageRequest, done: (managed: Managed) => void = () => undefined): void {
    this.change(`${request.kind} ${JSON.stringify(request)}`, async ({ engine, sync }) => {
      const { membership, ...managed } = await manage(engine, request);
      if (membership !== null) await sync.chainChanged(membership);
      sync.refresh();
      done(managed);
    });
  }

  /** What it wrote to the network goes home, and its log with that. */
  leave(): void {
    for (const each of this.acknowledged) each.isRolledBack = true;
    for (const commandId of this.unanswered.keys()) this.doubtful.add(commandId);
    this.images.length = 0;
    this.change("leave", async ({ engine, sync }) => {
      await leaveNetwork(engine, networkId);
      sync.refresh();
    });
  }

  /** Beside documents; refusals that people must expect are none of a simulation's problems. */
  change(what: string, run: (opened: Opened) => Promise<void>): void {
    const life = this.running;
    if (life === null || life.opened === null) return;
    this.around.note(`${this.name} ${what}`);
    run(life.opened).catch((error: unknown) => {
      if (!life.isAlive) return;
      const code = error instanceof NebulusError ? error.code : null;
      this.around.note(`${this.name} refused ${what}: ${code ?? String(error)}`);
      const isStorage = code === "StorageFailed" || code === "QuotaExceeded";
      if (this.isLiar || (isStorage && life.isDamaged)) return;
      if (code !== null && memberRefusals.has(code)) return;
      const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.around.problem(`${this.name} could not ${what}: ${cause}`);
    });
  }

  /** Asks again what was answered: nothing may happen twice. */
  repeat(): void {
    const life = this.running;
    const last = this.acknowledged.slice(-20).filter(({ isRolledBack }) => !isRolledBack);
    if (life === null || last.length === 0) return;
    const { commandId, write } = this.around.random.pick(last);
    this.send(life, commandId, write);
  }

  /** The process ends at once; the disk is as the crash leaves it, or is another. */
  crash(image: DiskImage | null = null): void {
    const life = this.running;
    if (life !== null) life.isAlive = false;
    this.running = null;
    this.parts.network.onChannel(() => undefined);
    this.parts.network.stop();
    if (image === null) this.disk.crash();
    else {
      this.disk.replace(image);
      this.isLost = isLostImage(image);
    }
  }

  /** Something befalls its journal or its tables alone, while it is off. */
  suffer(): void {
    const { disk } = this;
    if (disk.misfortune === null) return;
    this.crash();
    const images = this.images.map(({ image }) => image);
    const { what, safeSequence, isLost, backTo } = disk.misfortune(images);
    if (backTo !== null) this.images.length = images.indexOf(backTo) + 1;
    this.around.note(`${this.name}: ${what}`);
    this.isLost ||= isLost;
    disk.forget();
    for (const each of this.acknowledged) {
      if ((each.commit?.sequence ?? 0) > safeSequence) each.isRolledBack = true;
    }
    for (const commandId of this.unanswered.keys()) this.doubtful.add(commandId);
  }

  /** Back to what the disk held once. */
  rollBack(): void {
    if (this.images.length === 0) return;
    const at = this.around.random.integer(this.images.length);
    // What was kept later belongs to a time that is no more.
    const [kept] = this.images.splice(at);
    if (kept === undefined) return;
    const { image, acknowledged } = kept;
    this.crash(image);
    this.disk.forget();
    for (const each of this.acknowledged.slice(acknowledged)) each.isRolledBack = true;
  }

  keepImage(): void {
    this.images.push({ image: this.disk.image(), acknowledged: this.acknowledged.length });
  }

  /** Ends as it should. */
  async close(): Promise<void> {
    const life = this.running;
    if (life === null || life.opened === null) return;
    const { engine, sync } = life.opened;
    life.opened = null;
    try {
      await sync.carry(null);
      await engine.close();
    } catch (error) {
      if (life.isAlive) this.giveUp(life, error);
      return;
    }
    if (life.isAlive) this.crash();
  }

  /** Sets the wall clock: from now on it is so many milliseconds ahead. */
  setClock(skewMs: number): void {
    this.skewMs = skewMs;
    if (this.running !== null) {
      this.running.earliest = Math.min(this.running.earliest, this.now());
    }
  }

  get liar(): Liar | null {
    return this.parts.liar;
  }

  get journalProvesContinuity(): boolean {
    return this.parts.journalProvesContinuity;
  }

  get skew(): number {
    return this.skewMs;
  }

  /** null: no more. */
  fail(failure: StoreFailure | null): void {
    this.disk.fail(failure);
    if (this.running !== null && failure !== null) this.running.isDamaged = true;
  }

  /** Whether nothing that waits for disk, cryptography or its turn is under way. */
  isIdle(): boolean {
    const isStill = this.engine?.rebuild.isUnderWay() === false;
    return isStill && this.disk.underWay() + this.cryptoCalls === 0;
  }

  private async open(life: Running): Promise<void> {
    const { scheduler } = this.around;
    const opened = await openDatabase(
      {
        adapter: this.disk.adapter,
        crypto: this.slowCrypto(life),
        openNetwork: this.around.openNetwork,
        bounds: this.around.rules.bounds,
        timers: timersOf(scheduler, life, { now: this.now }),
      },
      { name: diskName, durability: "strict" },
      (event) => {
        if (!life.isAlive) return;
        if (event.kind === "failed") this.giveUp(life, event.error);
        else if (event.kind === "sync") life.sync = event.sync;
        else if (event.kind === "live") life.mirror.take(event.change);
      },
    );
    if (!life.isAlive) return;
    await this.enterNetwork(opened.engine);
    opened.sync.refresh();
    await opened.sync.carry(this.carrier(life));
    await opened.engine.reading(() => {
      life.mirror.subscribe(opened.engine.live);
    });
    life.opened = opened;
    // What is done only now is done
    for (const commandId of this.doubtful) {
      if (this.disk.commitOf(commandId) === null) this.doubtful.delete(commandId);
    }
  }

  /** A closed one is made once, and entered by invites. */
  private async enterNetwork(engine: Engine): Promise<void> {
    const { networkKind, recovery } = this.around;
    if (networkKind === "closed" && (!this.parts.isFounder || this.hasFounded)) return;
    const named = { networkId, name: "Simulated", sharedSecret: "simulated ".repeat(4) };
    await joinNetwork(engine, { ...named, kind: networkKind, recovery });
    this.hasFounded = true;
  }

  private send(life: Running, commandId: string, write: Write): void {
    if (life.opened === null) return;
    writeTo(life.opened, { commandId, write }).then(
      () => {
        if (life.isAlive) this.acknowledge(commandId, write);
      },
      (error: unknown) => {
        if (life.isAlive) this.refuse(life, commandId, error);
      },
    );
  }

  private acknowledge(commandId: string, write: Write): void {
    if (!this.unanswered.delete(commandId)) return;
    const commit = this.disk.commitOf(commandId);
    this.around.note(`${commandId} acknowledged ${(commit?.parts ?? []).map(partText).join()}`);
    const isRolledBack = this.doubtful.delete(commandId);
    this.acknowledged.push({ commandId, write, commit, isRolledBack });
    const effects = this.disk.effectsOf(commandId);
    if (effects > 1) this.around.problem(`${commandId} took effect ${effects} times`);
  }

  private refuse(life: Running, commandId: string, error: unknown): void {
    const code = error instanceof NebulusError ? error.code : null;
    this.around.note(`${commandId} refused: ${code ?? String(error)}`);
    const isStorage = code === "StorageFailed" || code === "QuotaExceeded";
    if (isStorage && life.isDamaged) {
      // What became of it may be unknown: the page asks again when the database is open again.
      const write = this.unanswered.get(commandId);
      if (write !== undefined && this.around.random.chance(0.5)) this.send(life, commandId, write);
      return;
    }
    this.unanswered.delete(commandId);
    if (this.isLiar) return;
    if (code !== null && ordinaryRefusals.has(code)) return;
    const isClosed = this.around.networkKind === "closed";
    if (isClosed && code !== null && memberRefusals.has(code)) return;
    const cause = error instanceof Error ? String(error.cause) : "";
    this.around.problem(`${commandId} was refused: ${String(error)} ${cause}`);
  }

  /** A page whose database can not go on is loaded again, some time later. */
  private giveUp(life: Running, error: unknown): void {
    this.around.note(`${this.name} gives up: ${String(error)}`);
    if (this.isLost && error instanceof NebulusError && error.code === "StorageLost") {
      this.destroy();
    } else if (!life.isDamaged && !this.isLiar) {
      const cause = error instanceof Error ? (error.stack ?? error.message) : JSON.stringify(error);
      this.around.problem(`${this.name} gave up: ${cause}`);
    }
    const { random, scheduler } = this.around;
    scheduler.after(
      random.integer(5_000),
      () => {
        this.crash();
        this.start();
      },
      life,
    );
  }

  /** With its images. If that fails, it is tried again when the page is loaded again. */
  private destroy(): void {
    this.disk.adapter.destroy(diskName).then(
      () => {
        this.isLost = false;
        this.images.length = 0;
      },
      (error: unknown) => {
        this.around.note(`${this.name} can not destroy it: ${String(error)}`);
      },
    );
  }

  private carrier(life: Life): Carrier {
    const { network, liar } = this.parts;
    return {
      start: (key) => network.start(key),
      setTags: (tags) => {
        // Tags of the day part devices whose clocks are years off; here they have an address.
        if (life.isAlive) network.setTags(tags.length === 0 ? [] : ["members"]);
      },
      setRefused: (peers) => {
        if (life.isAlive) network.setRefused(peers);
      },
      onChannel: (handler) => {
        network.onChannel((channel) => {
          if (!life.isAlive) return;
          handler(this.countingHeartbeats(liar === null ? channel : liar.tamper(channel)));
        });
      },
      onStatus: (handler) => {
        network.onStatus(handler);
      },
      stop: () => {
        if (life.isAlive) network.stop();
      },
    };
  }

  private countingHeartbeats(channel: PeerChannel): PeerChannel {
    return {
      ...channel,
      send: (frame) => {
        if (frame[0] === messageTypes.heartbeat) this.heartbeats++;
        return channel.send(frame);
      },
    };
  }

  private pause(atMostMs: number): Promise<void> | null {
    const { random, scheduler } = this.around;
    const life = this.running;
    if (atMostMs === 0 || life === null || random.chance(0.6)) return null;
    return scheduler.wait(random.integer(atMostMs + 1), life);
  }

  /** Cryptography that takes time, as that of browsers does: others' turns come in between. */
  private slowCrypto(life: Life): CryptoPort {
    const { crypto, rules } = this.around;
    if (rules.cryptoMs === 0) return crypto;
    const slowly = async <T>(run: () => Promise<T>): Promise<T> => {
      this.cryptoCalls++;
      try {
        await this.pause(rules.cryptoMs);
        return await run();
      } finally {
        // A call that a crash cut off never comes here.
        if (life.isAlive) this.cryptoCalls--;
      }
    };
    this.cryptoCalls = 0;
    return {
      ...{ randomBytes: crypto.randomBytes, publicKey: crypto.publicKey },
      sign: (seed, message) => slowly(() => crypto.sign(seed, message)),
      verify: (key, signature, message) => slowly(() => crypto.verify(key, signature, message)),
      seal: (key, data, plaintext) => slowly(() => crypto.seal(key, data, plaintext)),
      open: (key, data, sealed) => slowly(() => crypto.open(key, data, sealed)),
      sha256: (bytes) => slowly(() => crypto.sha256(bytes)),
      pairSecret: (seed, key) => slowly(() => crypto.pairSecret(seed, key)),
      xWing: {
        publicKey: crypto.xWing.publicKey,
        encapsulate: (key) => slowly(() => crypto.xWing.encapsulate(key)),
        decapsulate: (seed, text) => slowly(() => crypto.xWing.decapsulate(seed, text)),
      },
    };
  }
}
