/**
 * One trial: a life of the workload on a disk that fails where it is told to; then the process or
 * the power goes, the database is opened again, and what was told before must hold.
 */
import { writeTo } from "../../src/worker/service.ts";
import {
  createMachine,
  outcomeOf,
  waysOf,
  type Failure,
  type Machine,
  type MachineImage,
  type Mode,
  type OperationKind,
  type Running,
} from "./machine.ts";
import { createLedger, expectedText, faultsOf, misplaced, shownBy, type Ledger } from "./verify.ts";
import { afterwards, expectedAfter, workload, type Command, type LifePlan } from "./workload.ts";

/** Where a life begins: what the ones before left, when nothing had failed. */
export interface Beginning {
  readonly plan: LifePlan;
  readonly mode: Mode;
  readonly image: MachineImage | null;
  readonly earlier: readonly Command[];
  readonly ledger: Ledger;
  readonly seed: number;
  /** What the life calls of the disk when nothing fails. */
  readonly operations: readonly OperationKind[];
}

export interface Trial {
  readonly failures: readonly Failure[];
  /** Throws for how long it goes on after a failure, and for what the end loses. */
  readonly dice: number;
  /** Whether it is closed and opened once more in the end. */
  readonly isLookedAtTwice: boolean;
}

/** Runs the whole workload with nothing failing. */
export const beginningsOf = async (mode: Mode): Promise<readonly Beginning[]> => {
  const beginnings: Beginning[] = [];
  let before: Pick<Beginning, "image" | "earlier" | "ledger"> = {
    ...{ image: null, earlier: [], ledger: createLedger() },
  };
  for (const [index, plan] of workload.entries()) {
    const seed = 1 + index;
    const beginning = { plan, mode, seed, operations: [], ...before, ledger: before.ledger.copy() };
    const life = new TrialLife(beginning, { failures: [], dice: 0, isLookedAtTwice: false });
    await life.run();
    if (life.problems.length > 0) throw new Error(life.problems.join("\n"));
    beginnings.push({ ...beginning, ...before, operations: life.machine.operations() });
    const image = life.machine.image();
    before = { image, earlier: life.effective, ledger: life.ledger };
  }
  return beginnings;
};

/** All that is wrong; the count of failures that came. */
export const attempt = async (
  beginning: Beginning,
  trial: Trial,
): Promise<{ readonly problems: readonly string[]; readonly failed: number }> => {
  const life = new TrialLife({ ...beginning, ledger: beginning.ledger.copy() }, trial);
  try {
    await life.run();
    await life.reopen();
  } catch (error) {
    life.problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  return { problems: life.problems, failed: life.machine.failed() };
};

/** Every failure that can come to a life, one at a time. */
export const singleFailures = ({ operations }: Beginning): readonly Failure[] =>
  operations.flatMap((kind, index) => waysOf(kind).map((way) => ({ operation: index + 1, way })));

const openingsMax = 4;
/** How many groups of commands follow on a failure before the end. */
const goOns = [0, 1, 3, Infinity];

class TrialLife {
  readonly problems: string[] = [];
  readonly machine: Machine;
  readonly ledger: Ledger;
  /** In the order in which they took effect. */
  readonly effective: Command[];
  private readonly beginning: Beginning;
  private readonly trial: Trial;
  /** Nobody knows whether they took effect. */
  private open: Command[] = [];

  constructor(beginning: Beginning, trial: Trial) {
    this.beginning = beginning;
    this.trial = trial;
    this.ledger = beginning.ledger;
    this.effective = [...beginning.earlier];
    this.machine = createMachine({
      ...{ mode: beginning.mode, seed: beginning.seed, image: beginning.image },
      failures: trial.failures,
      appending: () => undefined,
      appended: this.ledger.appended,
    });
  }

  async run(): Promise<void> {
    const { groups, end } = this.beginning.plan;
    const { machine, trial } = this;
    const running = await this.openAnew();
    let left = Infinity;
    for (const [index, group] of groups.entries()) {
      if (left <= 0) break;
      await this.ask(running, group);
      // Some go on while what the commands before began in the background is still under way
      if (index % 3 !== 1) await machine.settle();
      left -= 1;
      if (machine.failed() > 0) left = Math.min(left, goOns[trial.dice % goOns.length] ?? 0);
      if (this.open.length > 0 || running.hasFailed()) break;
    }
    const isQuiet = this.open.length === 0 && !running.hasFailed() && left > 0;
    if (isQuiet && end === "close") await this.close(running);
    if (isQuiet) await machine.settle();
    const how = trial.failures.length === 0 && end !== "close" ? end : this.howItEnds();
    machine.end(how, trial.dice);
  }

  /** After the end: everything that was told holds, and the database goes on. */
  async reopen(): Promise<void> {
    const { machine, problems, ledger } = this;
    const running = await this.openAnew();
    machine.heal();
    const taken = this.settleOpen(await shownBy(running));
    problems.push(...(await faultsOf(machine, running, ledger)));
    // What nobody knew is asked again; what was answered may be asked again
    const last = this.effective.at(-1);
    const again = [...taken, ...this.open, ...(last === undefined ? [] : [last])];
    this.effective.push(...this.open.splice(0));
    for (const command of again) await this.tell(running, command);
    await this.expectShown(running, "asked again");
    for (const command of afterwards) await this.tell(running, command);
    this.effective.push(...afterwards);
    await machine.settle();
    await this.expectShown(running, "afterwards");
    problems.push(...(await misplaced(running, this.effective)));
    if (!this.trial.isLookedAtTwice) return;
    await this.close(running);
    machine.end("crash", this.trial.dice);
    const reopened = await this.openAnew();
    await this.expectShown(reopened, "in the end");
    problems.push(...(await faultsOf(machine, reopened, ledger)));
  }

  private howItEnds(): "kill" | "crash" {
    return this.trial.dice % 3 === 0 ? "kill" : "crash";
  }

  /** A page whose database does not open is loaded again. */
  private async openAnew(): Promise<Running> {
    const { machine } = this;
    let failure: unknown = null;
    for (let opening = 0; opening < openingsMax; opening++) {
      try {
        return await machine.open();
      } catch (error) {
        if (outcomeOf(error) === "untyped") this.problems.push(`opening fails with ${text(error)}`);
        failure = error;
        machine.end(this.howItEnds(), this.trial.dice + opening);
      }
    }
    throw failure;
  }

  /** Asks for all at once; what was not committed has no effect, and is asked for once more. */
  private async ask(running: Running, group: readonly Command[]): Promise<void> {
    const refused: Command[] = [];
    const answers = await Promise.all(group.map((command) => this.tryOne(running, command)));
    group.forEach((command, index) => {
      const answer = answers[index];
      if (answer === "committed") this.effective.push(command);
      else if (answer === "not committed") refused.push(command);
      else this.open.push(command);
    });
    if (refused.length === 0 || this.open.length > 0 || running.hasFailed()) return;
    await this.expectShown(running, "after a refusal").catch(rethrowUnlessTyped);
    for (const command of refused) {
      const answer = await this.tryOne(running, command);
      if (answer === "committed") this.effective.push(command);
      else if (answer === "unknown") this.open.push(command);
      else if (this.trial.failures.length < 2) {
        this.problems.push(`${command.id} is refused although only one call failed`);
      }
    }
  }

  private async tryOne(
    { opened }: Running,
    { id, write }: Command,
  ): Promise<"committed" | "not committed" | "unknown"> {
    try {
      await writeTo(opened, { commandId: id, write });
      return "committed";
    } catch (error) {
      const outcome = outcomeOf(error);
      if (this.machine.failed() === 0 || outcome === "untyped") {
        this.problems.push(`${id} fails with ${text(error)}`);
      }
      return outcome === "untyped" ? "unknown" : outcome;
    }
  }

  private async tell({ opened }: Running, { id, write }: Command): Promise<void> {
    await writeTo(opened, { commandId: id, write }).catch((error: unknown) => {
      this.problems.push(`${id} fails on a sound disk with ${text(error)}`);
    });
  }

  private async close({ opened }: Running): Promise<void> {
    try {
      await opened.engine.close();
    } catch (error) {
      if (this.machine.failed() === 0 || outcomeOf(error) === "untyped") {
        this.problems.push(`closing fails with ${text(error)}`);
      }
    }
  }

  private async expectShown(running: Running, when: string): Promise<void> {
    const shown = await shownBy(running);
    const expected = expectedText(expectedAfter(this.effective));
    if (shown !== expected) this.problems.push(`${when} it shows\n  ${shown}\n  not ${expected}`);
  }

  /** Those of which nobody knew took effect whole or not at all. Which did? */
  private settleOpen(shown: string): readonly Command[] {
    const { effective, open } = this;
    for (let chosen = 0; chosen < 2 ** open.length; chosen++) {
      const taken = open.filter((_, index) => (chosen & (1 << index)) !== 0);
      if (shown !== expectedText(expectedAfter([...effective, ...taken]))) continue;
      effective.push(...taken);
      this.open = open.filter((command) => !taken.includes(command));
      return taken;
    }
    const ids = open.map(({ id }) => id).join();
    const expected = expectedText(expectedAfter(effective));
    this.problems.push(`reopened it shows\n  ${shown}\n  not ${expected}\n  with any of ${ids}`);
    return [];
  }
}

const text = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

const rethrowUnlessTyped = (error: unknown): void => {
  if (outcomeOf(error) === "untyped") throw error;
};
