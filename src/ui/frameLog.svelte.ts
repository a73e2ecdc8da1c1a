/**
 * The log of frames of one database as the view shows it. It goes on while the view is closed, so
 * that something can be done meanwhile, and ends when it is switched off or with the tab that
 * keeps it.
 */
import type { DistributedDatabase } from "../client/api.ts";
import type { FrameNote } from "../client/networkTypes.ts";
import { createTurns } from "../core/base/turns.ts";
import { copyText } from "./clipboard.ts";
import { connectionMessages } from "./connectionMessages.ts";
import { createPeerNames, framesAsText } from "./text/frames.ts";
import { problemOf } from "./text/problem.ts";

/** While somebody looks: nothing tells of a frame. */
const betweenLooksMilliseconds = 1_000;

export class FrameLog {
  isOn = $state(false);
  /** Oldest first. */
  notes = $state.raw<readonly FrameNote[]>([]);
  /** What became of the last thing that was asked for, in words. */
  note = $state("");
  problem = $state("");
  readonly #database: DistributedDatabase;
  readonly names = createPeerNames();
  readonly #inTurn = createTurns();
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(database: DistributedDatabase) {
    this.#database = database;
  }

  /** Looks again and again until the returned function is called. */
  follow(): () => void {
    let isFollowed = true;
    const look = async (): Promise<void> => {
      await this.look();
      if (isFollowed) this.#timer = setTimeout(() => void look(), betweenLooksMilliseconds);
    };
    void look();
    return () => {
      isFollowed = false;
      if (this.#timer !== null) clearTimeout(this.#timer);
    };
  }

  /**
   * It is one for all tabs: another may have switched it on or off, or taken the database over,
   * where it is off then.
   */
  async look(): Promise<void> {
    await this.#ask(async () => {
      const had = this.notes.length;
      this.notes = await this.#read(undefined);
      if (this.notes.length > 0) this.isOn = true;
      else if (had > 0) this.isOn = false;
      this.problem = "";
    });
  }

  async set(isOn: boolean): Promise<void> {
    this.note = "";
    this.problem = "";
    await this.#ask(async () => {
      await this.#read(isOn);
      this.isOn = isOn;
      this.notes = [];
    });
  }

  async copy(): Promise<void> {
    const isCopied = await copyText(framesAsText(this.notes, this.names.nameOf));
    this.note = isCopied ? connectionMessages.framesCopied : "";
    this.problem = isCopied ? "" : connectionMessages.framesNotCopied;
  }

  #read(isOn: boolean | undefined): Promise<readonly FrameNote[]> {
    return this.#database.getNetworkManager().logFrames(isOn);
  }

  /** One after another: a look that began before it was switched off must not switch it on. */
  async #ask(run: () => Promise<void>): Promise<void> {
    try {
      await this.#inTurn(run);
    } catch (error) {
      this.problem = problemOf(error).message;
    }
  }
}

const logs = new WeakMap<DistributedDatabase, FrameLog>();

/** The same for as long as the page has that database. */
export const frameLogOf = (database: DistributedDatabase): FrameLog => {
  const log = logs.get(database) ?? new FrameLog(database);
  logs.set(database, log);
  return log;
};
