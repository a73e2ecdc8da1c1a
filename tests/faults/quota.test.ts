/**
 * The disk is full from some call on: what is written then is wholly absent and says why, reading
 * goes on in the open database, and when there is space again so does writing. Closing meanwhile
 * loses nothing.
 */
import { expect, test } from "vitest";
import { NebulusError } from "../../src/core/base/errors.ts";
import { writeTo } from "../../src/worker/service.ts";
import { createMachine, type Machine, type Running } from "./machine.ts";
import { createLedger, expectedText, faultsOf, shownBy, type Ledger } from "./verify.ts";
import { expectedAfter, workload, type Command } from "./workload.ts";

const commands = workload.flatMap(({ groups }) => groups.flat());
/** Commands between the moment at which the disk is full and that at which it is not. */
const fullFor = 6;

interface Trial {
  readonly machine: Machine;
  readonly running: Running;
  readonly ledger: Ledger;
  readonly effective: Command[];
}

const begin = async (): Promise<Trial> => {
  const ledger = createLedger();
  const machine = createMachine({
    ...{ mode: "files", seed: 1, image: null, failures: [] },
    ...{ appending: () => undefined, appended: ledger.appended },
  });
  return { machine, running: await machine.open(), ledger, effective: [] };
};

const committed = async ({ running, effective }: Trial, command: Command): Promise<boolean> => {
  const { id, write } = command;
  try {
    await writeTo(running.opened, { commandId: id, write });
  } catch (error) {
    if (!(error instanceof NebulusError)) throw error;
    // Whose detaching or deleting was refused is there still
    if (error.code === "AlreadyAttached" || error.code === "DuplicateId") return false;
    expect(error.code, id).toBe("QuotaExceeded");
    // Attached it is, though its documents could not be moved
    if (error.outcome !== "committed") {
      expect(error.outcome, id).toBe("not committed");
      return false;
    }
  }
  effective.push(command);
  return true;
};

const expectShown = async ({ running, effective }: Trial, when: string): Promise<void> => {
  expect(await shownBy(running), when).toBe(expectedText(expectedAfter(effective)));
  expect(running.hasFailed(), when).toBe(false);
};

/** Fills the disk at that operation. Returns commands that it refused, and those not asked for. */
const fillAt = async (trial: Trial, operation: number): Promise<readonly Command[]> => {
  const { machine } = trial;
  const refused: Command[] = [];
  machine.fill(operation);
  let left = fullFor;
  for (const [index, command] of commands.entries()) {
    const before = expectedText(expectedAfter(trial.effective));
    const isFull = machine.operations().length >= operation;
    if (left === 0) {
      refused.push(command);
      continue;
    }
    const isCommitted = await committed(trial, command);
    if (!isCommitted) refused.push(command);
    // What finds nothing to change is answered on a full disk as well
    const after = expectedText(expectedAfter(trial.effective));
    if (isCommitted && isFull) expect(after, command.id).toBe(before);
    if (index % 3 !== 1) await machine.settle();
    if (isFull) {
      left -= 1;
      await expectShown(trial, `full since ${operation}, after ${command.id}`);
    }
  }
  expect(refused.length).toBeGreaterThan(0);
  return refused;
};

/** Spread over the calls of the workload; the first ones come when both collections are made. */
const momentsOf = async (): Promise<readonly number[]> => {
  const trial = await begin();
  for (const command of commands) expect(await committed(trial, command)).toBe(true);
  const first = 40;
  const step = (trial.machine.operations().length - first) / momentsCount;
  return Array.from({ length: momentsCount }, (_, index) => first + Math.floor(index * step));
};

const momentsCount = 24;

test("writing goes on when there is space again", { timeout: 600_000 }, async () => {
  for (const operation of await momentsOf()) {
    const trial = await begin();
    const { machine, running, ledger } = trial;
    const refused = await fillAt(trial, operation);
    machine.fill(null);
    for (const command of refused) {
      expect(await committed(trial, command), command.id).toBe(true);
    }
    await machine.settle();
    await expectShown(trial, `there is space again, full at ${operation}`);
    expect(await faultsOf(machine, running, ledger)).toEqual([]);
  }
});

test("closing while the disk is full loses nothing", { timeout: 600_000 }, async () => {
  for (const operation of await momentsOf()) {
    const trial = await begin();
    const { machine, running, ledger } = trial;
    await fillAt(trial, operation);
    await running.opened.engine.close();
    machine.end("crash", operation);
    machine.fill(null);
    const reopened = { ...trial, running: await machine.open() };
    await expectShown(reopened, `opened again, full at ${operation}`);
    expect(await faultsOf(machine, reopened.running, ledger)).toEqual([]);
  }
});
