/**
 * One simulation: engines, disks, clocks, timers and links driven by one seed. Commands and
 * accidents, then healing; what must hold is checked on the way and in the end.
 */
import type { StorageBounds } from "../../src/engine/bounds.ts";
import { bytesToHex } from "../../src/core/base/bytes.ts";
import { sha256 } from "../../src/core/crypto/hash.ts";
import { utf8Encode } from "../../src/core/base/utf8.ts";
import { openNetwork } from "../../src/core/network/open.ts";
import { createMemoryHub, type MemoryHub } from "../../src/net/memory.ts";
import { createNodeCrypto } from "../support/nodeCrypto.ts";
import { loadPages } from "../support/loadPages.ts";
import { createRandom, type Random } from "../support/random.ts";
import { testNetwork } from "../support/testNetwork.ts";
import { stableText } from "../support/model.ts";
import { createCanaries } from "./canaries.ts";
import { chainLines, standingText } from "./chainText.ts";
import { finalProblems, mirrorDiffers } from "./checks.ts";
import { isMember, membersApart, truthOf } from "./closedChecks.ts";
import { createClosedLiar } from "./closedLiar.ts";
import { createCommands, type Commands } from "./commands.ts";
import { Device, networkId, type DeviceParts } from "./device.ts";
import { wastefulness } from "./frugal.ts";
import { createLiar, type Liar } from "./liar.ts";
import { createOracle, type Oracle } from "./oracle.ts";
import { createScheduler, type Scheduler } from "./scheduler.ts";
import type { Surroundings } from "./surroundings.ts";
import { createSociety, recoveryIn, type Society } from "./society.ts";

export interface SimulationOptions {
  readonly engines?: number;
  readonly commands?: number;
  /** 0: a test genesis without signatures; of open networks alone. */
  readonly suite?: 0 | 1;
  /** People come into the network by invites, and go. */
  readonly closed?: boolean;
  /** Disks forget what was not flushed, and worse (`crashDisk.ts`). */
  readonly crash?: boolean;
  /** Links lose nothing, no disk is put back, and what is sent is held to a bound. */
  readonly frugal?: boolean;
  /** One member lies. */
  readonly liar?: boolean;
  /** Hears what happens, line by line. */
  readonly trace?: (line: string) => void;
}

export interface SimulationReport {
  /** Equal for equal runs. */
  readonly fingerprint: string;
  readonly virtualMs: number;
  readonly events: number;
  readonly frames: number;
  readonly checks: number;
  /** Texts that were kept from whoever was gone, for each of these. */
  readonly canaries: number;
}

/** Rejects with all that was found wrong, and the seed that shows it again. */
export const simulate = async (
  seed: number,
  options: SimulationOptions = {},
): Promise<SimulationReport> => {
  const world = new World(seed, options);
  const stop = listenForStrays((error) => {
    world.problem(`uncaught: ${error instanceof Error ? String(error.stack) : String(error)}`);
  });
  try {
    await world.run();
  } catch (error) {
    world.problem(error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    stop();
  }
  if (world.problems.length > 0) throw new SimulationFailure(seed, options, world.problems);
  return world.report();
};

export class SimulationFailure extends Error {
  override readonly name = "SimulationFailure";

  constructor(seed: number, options: SimulationOptions, problems: readonly string[]) {
    const again = `SIM_SEED=${seed} with ${JSON.stringify({ ...options, trace: undefined })}`;
    super([`${again}:`, ...problems.slice(0, 12)].join("\n"));
  }
}

/** Rejections that nobody handles belong to the run in which they happen. */
const listenForStrays = (take: (error: unknown) => void): (() => void) => {
  process.on("unhandledRejection", take);
  return () => {
    process.off("unhandledRejection", take);
  };
};

class World {
  readonly problems: string[] = [];
  private readonly random: Random;
  private readonly scheduler: Scheduler = createScheduler();
  private readonly hub: MemoryHub;
  private readonly around: Surroundings;
  private readonly oracle: Oracle;
  private readonly commands: Commands = createCommands();
  private readonly devices: Device[] = [];
  private readonly canaries = createCanaries(this.devices);
  private readonly commandsMax: number;
  private readonly forgets: boolean;
  private readonly networkKind: Surroundings["networkKind"];
  /** null in open networks, where nobody decides anything. */
  private readonly society: Society | null;
  /** Forks are a liar's alone. */
  private readonly isWatched: boolean;
  private readonly isFrugal: boolean;
  private readonly trace: ((line: string) => void) | undefined;
  /** Devices whose next quiet moment is to be checked. */
  private readonly due = new Set<Device>();
  private checks = 0;

  constructor(seed: number, options: SimulationOptions) {
    this.random = createRandom(seed);
    this.trace = options.trace;
    this.commandsMax = options.commands ?? 200;
    this.forgets = options.crash === true;
    this.isWatched = options.closed === true && options.liar === true;
    this.isFrugal = options.frugal === true;
    this.networkKind = options.closed === true ? "closed" : "open";
    const crypto = createNodeCrypto(createRandom(seed ^ 0x5eed));
    this.oracle = createOracle(crypto);
    this.hub = createMemoryHub({
      seed,
      timers: { after: (ms, run) => this.scheduler.after(ms, run) },
      delayMs: this.random.pick([0, 5, 80]),
    });
    this.around = {
      openNetwork: options.suite === 0 ? testNetwork : openNetwork,
      ...{ networkKind: this.networkKind, recovery: recoveryIn(seed) },
      scheduler: this.scheduler,
      random: this.random,
      crypto,
      rules: {
        diskMs: this.random.pick([0, 3, 40]),
        cryptoMs: this.random.pick([0, 0, 5]),
        bounds: this.random.pick(bounds),
      },
      problem: (what) => {
        this.problem(what);
      },
      note: (what) => {
        this.note(what);
      },
    };
    this.society = options.closed === true ? this.makeSociety() : null;
    const count = options.engines ?? (options.closed === true ? 5 : 4);
    for (let index = 0; index < count; index++) {
      this.add({
        name: `e${index}`,
        forgets: this.forgets,
        isFounder: index === 0,
        liar: options.liar === true && index === count - 1 ? this.makeLiar() : null,
        journalProvesContinuity: this.random.chance(0.6),
        skewMs: this.random.pick(skews),
      });
    }
  }

  problem(what: string): void {
    this.note(`PROBLEM ${what}`);
    this.problems.push(`${this.scheduler.now()} ms: ${what}`);
  }

  private note(what: string): void {
    this.trace?.(`${this.scheduler.now()} ms: ${what}`);
  }

  report(): SimulationReport {
    const homes = this.devices.map(({ engine }) =>
      (engine?.registry.homes() ?? []).map(({ scope, tree }) => [scope, tree.heads()]),
    );
    const { frames } = this.hub.stats();
    const text = stableText([homes, frames, this.scheduler.events()]);
    return {
      fingerprint: bytesToHex(sha256(utf8Encode(text))).slice(0, 16),
      virtualMs: this.scheduler.now(),
      events: this.scheduler.events(),
      frames,
      checks: this.checks,
      canaries: this.canaries.tried(),
    };
  }

  async run(): Promise<void> {
    await this.begin();
    for (let command = 1; command <= this.commandsMax; command++) {
      this.act();
      if (this.random.chance(0.25)) this.accident();
      if (command % checkEvery === 0) for (const device of this.devices) this.due.add(device);
      await this.pass(this.random.pick(pauses));
      if (this.problems.length > 0) return;
    }
    await this.end();
  }

  private add(parts: Omit<DeviceParts, "network">): Device {
    const device = new Device({ ...parts, network: this.hub.network() }, this.around);
    this.devices.push(device);
    device.start();
    return device;
  }

  private async begin(): Promise<void> {
    await this.pass(1_000);
    for (const device of this.devices) {
      device.submit({ kind: "make-collection", collection: "a" });
      device.submit({ kind: "make-collection", collection: "b" });
      device.submit({ kind: "attach", collection: "a", networkId });
      if (this.random.chance(0.5)) device.submit({ kind: "attach", collection: "b", networkId });
    }
    await this.pass(1_000);
  }

  private makeLiar(): Liar {
    return this.society === null ? createLiar(this.random) : createClosedLiar(this.random);
  }

  private makeSociety(): Society {
    const { devices, random, scheduler, hub } = this;
    return createSociety({
      ...{ devices, random, scheduler },
      sendAway: (device, milliseconds) => {
        this.note(`${device.name} is away`);
        if (random.chance(0.5)) {
          const others = devices.filter((each) => each !== device);
          hub.partition([others.map(({ network }) => network)]);
        } else this.restart(device, () => device.close(), milliseconds);
      },
    });
  }

  private act(): void {
    this.society?.act();
    const open = this.devices.filter(({ engine }) => engine !== null);
    if (open.length === 0) return;
    const device = this.random.pick(open);
    const write = this.commands.next(this.random);
    this.canaries.note(device, write, this.commands.text());
    device.submit(write);
    if (this.random.chance(0.05)) device.repeat();
  }

  /** Lets time pass, and checks who is due whenever they are at rest. */
  private async pass(milliseconds: number): Promise<void> {
    await this.scheduler.run(milliseconds, async () => {
      for (const device of this.due) {
        if (!device.isIdle()) continue;
        this.due.delete(device);
        await this.check(device);
      }
    });
  }

  private async check(device: Device): Promise<void> {
    const { engine } = device;
    if (engine === null || device.isLiar) return;
    const homes = engine.registry.homes();
    // What is delivered and waits to be read anew is not a replica's state.
    if (homes.some(({ reading }) => reading.unreadCount() > 0)) return;
    this.checks++;
    await device.disk.atOnce(() => loadPages(engine));
    const image = device.disk.image();
    for (const home of homes) {
      const difference = await this.oracle.compare(home, image, device.now());
      if (difference !== null) this.problem(`${device.name}/${home.collection}: ${difference}`);
    }
    // Live queries are told when a commit is durable; asking shows it before.
    const mirror = device.unanswered.size > 0 ? null : mirrorDiffers(device);
    if (mirror !== null) this.problem(`${device.name}: ${mirror}`);
  }

  // ------------------------------------------------------------------------------ accidents

  private accident(): void {
    const { random } = this;
    const device = random.pick(this.devices);
    const dice = random.integer(100);
    // Whose device made the network is its only one for a while: nobody could be let in any more
    const isSpared = this.society !== null && device === this.devices[0];
    const [what, happen] =
      this.forgets && random.chance(0.12) && !isSpared
        ? (["suffers", () => this.restart(device, () => device.suffer())] as const)
        : this.accidentOf(device, dice);
    this.note(`${device.name} ${what}`);
    happen();
  }

  private accidentOf(device: Device, dice: number): readonly [what: string, happen: () => void] {
    const { random, hub } = this;
    // Whoever is copied forks, and could not be told from a liar
    const isCopied = dice >= 80 && dice < 89;
    if (isCopied && (this.isWatched || this.isFrugal)) return ["stays one", () => undefined];
    if (dice < 14) return ["partition", () => hub.partition(this.groups())];
    if (dice < 28) return ["heal", () => hub.heal()];
    if (dice < 40) return ["links", () => hub.setFaults(this.faults())];
    if (dice < 52) return ["crash", () => this.restart(device, () => device.crash())];
    if (dice < 60) return ["close", () => this.restart(device, () => device.close())];
    if (dice < 72) return ["disk failure", () => this.failDisk(device)];
    if (dice < 80) return ["image", () => device.keepImage()];
    if (dice < 86) return ["rollback", () => this.restart(device, () => device.rollBack())];
    if (dice < 89) return ["clone", () => this.clone(device)];
    const skew = random.pick([...skews, device.skew + 3_600_000]);
    return [`clock ${skew}`, () => device.setClock(skew)];
  }

  private groups(): Parameters<MemoryHub["partition"]>[0] {
    const sides = this.random.shuffle(this.devices.map(({ network }) => network));
    const at = 1 + this.random.integer(sides.length - 1);
    return [sides.slice(0, at), sides.slice(at)];
  }

  private faults(): Parameters<MemoryHub["setFaults"]>[0] {
    const { random } = this;
    if (this.isFrugal) return { delayMs: random.pick([0, 5, 80, 700]) };
    return {
      loss: random.pick([0, 0, 0.02, 0.3]),
      duplicate: random.pick([0, 0, 0.1]),
      reorder: random.pick([0, 0, 0.1]),
      delayMs: random.pick([0, 5, 80, 700]),
    };
  }

  private restart(
    device: Device,
    end: () => void | Promise<void>,
    milliseconds: number | null = null,
  ): void {
    this.canaries.cutOff(device);
    void Promise.resolve(end()).then(() => {
      this.scheduler.after(milliseconds ?? this.random.pick([0, 50, 20_000]), () => {
        device.start();
      });
    });
  }

  private failDisk(device: Device): void {
    device.fail({
      kind: this.random.pick(["appendJournal", "write"]),
      phase: this.random.pick(["before", "after"]),
      code: this.random.pick(["StorageFailed", "QuotaExceeded"]),
    });
  }

  /** Somebody copies a whole profile and uses both. */
  private clone(device: Device): void {
    if (this.devices.length >= devicesMax) return;
    this.add({
      name: `${device.name}c${this.devices.length}`,
      forgets: this.forgets,
      isFounder: false,
      liar: device.liar,
      // An image of files and tables goes with such a disk
      journalProvesContinuity: this.forgets
        ? device.journalProvesContinuity
        : this.random.chance(0.6),
      skewMs: this.random.pick(skews),
      image: device.disk.image(),
    });
  }

  // -------------------------------------------------------------------------------- the end

  private async end(): Promise<void> {
    this.hub.heal();
    this.hub.setFaults({ loss: 0, duplicate: 0, reorder: 0, delayMs: 5 });
    for (const device of this.devices) device.fail(null);
    for (const device of this.devices) {
      if (device.liar === null) continue;
      device.liar.stop();
      device.crash();
    }
    await this.openAll();
    for (const device of this.devices) {
      // Who lost its database, or the beginning of it, begins anew
      if (this.forgets) {
        device.submit({ kind: "make-collection", collection: "a" });
        device.submit({ kind: "make-collection", collection: "b" });
        device.submit({ kind: "attach", collection: "a", networkId });
      }
      if (this.society === null) device.submit({ kind: "attach", collection: "b", networkId });
    }
    await this.settleSociety();
    // Somebody may be let in, or something be decided, when all others agree already
    for (let round = 0; ; round++) {
      for (let waited = 0; waited < this.quietMsMax() && !this.isVerified(); waited += 5_000) {
        await this.pass(5_000);
        this.society?.shareAll();
      }
      await this.pass(60_000);
      const isSettled = this.isVerified() && this.society?.isUnsettled() !== true;
      if (this.society === null || round === roundsMax || isSettled) break;
      this.society.settle();
    }
    for (const device of this.devices) if (!this.mayBeHeard(device)) device.crash();
    // Acknowledgements are the later the longer they are, and in a closed network a pair may yet be
    // linked, which tried others' invites before
    const isLate = (await this.framesIn(120_000)) > 0;
    const chatter = isLate ? await this.framesIn(120_000) : 0;
    if (chatter > 0) this.problem(`${chatter} frames after all was said`);
    for (const device of this.devices) device.start();
    const isDue = (): boolean => this.forgets || this.devices.some(({ engine }) => engine === null);
    for (let at = 0; at < 60 && (at === 0 || isDue()); at++) await this.pass(1_000); // long chains
    for (const device of this.devices) await this.check(device);
    for (const { engine, disk } of this.devices)
      if (engine !== null) await disk.atOnce(() => loadPages(engine));
    this.noteSociety();
    const { devices, oracle, commands, networkKind, isWatched, forgets, canaries } = this;
    const { crypto } = this.around;
    const deps = { networkKind, isWatched, forgets, devices, oracle, crypto, commands, canaries };
    for (const problem of await finalProblems(deps)) {
      this.problem(problem);
    }
    const waste = this.isFrugal ? await wastefulness(deps, this.hub.stats()) : null;
    if (waste !== null) this.problem(waste);
  }

  private noteSociety(): void {
    const truth = truthOf(this.devices);
    if (truth === null || this.trace === undefined) return;
    for (const line of chainLines(truth, this.devices)) this.note(line);
    for (const { name, membership } of this.devices) {
      if (membership !== null) this.note(`${name} ${standingText(membership)}`);
    }
  }

  private async framesIn(milliseconds: number): Promise<number> {
    const before = this.framesButHeartbeats();
    await this.pass(milliseconds);
    return this.framesButHeartbeats() - before;
  }

  /** Decisions under way are made, and whoever is in by then shares all. */
  private async settleSociety(): Promise<void> {
    if (this.society === null) return;
    for (let round = 0; round < 3; round++) {
      this.society.settle();
      await this.pass(20_000);
    }
  }

  /** Who is no member is turned away again and again. */
  private mayBeHeard(device: Device): boolean {
    return this.society === null || isMember(device, truthOf(this.devices));
  }

  private isAlone(): boolean {
    return this.society !== null && membersApart(this.devices, truthOf(this.devices)) < 2;
  }

  private framesButHeartbeats(): number {
    const heartbeats = this.devices.reduce((sum, device) => sum + device.heartbeats, 0);
    return this.hub.stats().frames - heartbeats;
  }

  private async openAll(): Promise<void> {
    // Restarts and failures under way come to their end first.
    await this.pass(60_000);
    for (const device of this.devices) device.start();
    await this.pass(5_000);
  }

  /** Nobody is kept waiting by a lost frame for longer; in closed networks waiting costs more. */
  private quietMsMax(): number {
    return this.society === null ? 3_600_000 : 300_000;
  }

  private isVerified(): boolean {
    return this.devices.every((device) => {
      const { running } = device;
      if (!this.mayBeHeard(device) || this.isAlone()) return true;
      const sync = running?.sync ?? [];
      return (
        sync.length === 2 && sync.every(({ status }) => status.kind === "synced" && status.verified)
      );
    });
  }
}

const devicesMax = 6;
/** Of a minute or more, in which what is under way in a closed network comes to its end. */
const roundsMax = 10;
const checkEvery = 40;
const pauses = [0, 0, 0, 3, 30, 300, 1_500, 5_000];
/** How wrong clocks are, in ms: hours, days, years. */
/** As in the product, or so small that pages and checkpoints come with every few writes. */
const bounds: readonly Partial<StorageBounds>[] = [
  {},
  { pageBytes: 200, dirtyDocuments: 3, pageCacheBytes: 600, journalHeldBytes: 1_000 },
  {
    ...{ pageBytes: 1_000, dirtyDocuments: 10, pageCacheBytes: 0, journalHeldBytes: 4_000 },
    deflatesPages: true,
  },
];
const skews = [0, 0, 0, 200, -3_000, 240_000, 7_200_000, -86_400_000, 63_072_000_000];
