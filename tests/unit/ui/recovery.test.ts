/**
 * A network of several recovery keys as the app makes it: what may be asked for, the keys one by
 * one, and what stands on the sheet of each.
 */
import { afterEach, expect, test } from "vitest";
import { recoveryKeysMax } from "../../../src/core/base/limits.ts";
import { createDistributedDb, InMemoryAdapter } from "../../../src/index.node.ts";
import { makeForm } from "../../../src/ui/join.svelte.ts";
import { Recovery } from "../../../src/ui/recovery.svelte.ts";
import { RecoverySplit } from "../../../src/ui/recoverySplit.svelte.ts";
import { inviteCode, recoveryKeyCode } from "../../../src/ui/scan.svelte.ts";
import { sheetOf, sheetText } from "../../../src/ui/text/recoverySheet.ts";
import { createApiBench } from "../../contract/api/bench.ts";

const adapter = new InMemoryAdapter();
const bench = createApiBench((options) => createDistributedDb({ ...options, adapter }));
afterEach(() => bench.clean());

test.each([
  [3, 4, "", "A whole number from 1 to 3."],
  [0, 1, `A whole number from 1 to ${String(recoveryKeysMax)}.`, ""],
  [recoveryKeysMax + 1, 2, `A whole number from 1 to ${String(recoveryKeysMax)}.`, ""],
  [null, 1, `A whole number from 1 to ${String(recoveryKeysMax)}.`, ""],
  [3, 1.5, "", "A whole number from 1 to 3."],
])("of %s keys %s cannot be needed, which is said at the field", (keys, needed, ...problems) => {
  const split = new RecoverySplit();
  Object.assign(split, { keys, needed });
  expect(split.check()).toBeNull();
  expect([split.keysProblem, split.neededProblem]).toEqual(problems);
  // where nobody sees the fields, nobody sees what is wrong
  expect(split.isOpen).toBe(true);
});

test("a network is made once its recovery is sound, and its keys are turned over", async () => {
  const database = bench.open();
  const split = new RecoverySplit();
  const form = makeForm(database, split);
  form.value = "team";
  Object.assign(split, { keys: 3, needed: 4 });
  await form.submit();
  expect([form.value, form.note, form.problem]).toEqual(["team", "", ""]);
  expect(database.getNetworkManager().getNetworks()).toEqual([]);

  split.needed = 2;
  await form.submit();
  expect(form.note).toMatch(/^team is made/);
  expect(split.check()).toEqual({ keys: 1, needed: 1 });
  const [made] = database.getNetworkManager().getNetworks();
  expect(made?.closed?.recovery).toMatchObject({ keys: 3, needed: 2, held: 3 });

  const recovery = new Recovery(database, "team");
  await recovery.show();
  const first = recovery.key;
  const link = `https://app.example/#join=${first}`;
  expect([first, ` ${first}`, link].map(recoveryKeyCode.find)).toEqual([first, null, null]);
  expect([first, link].map(inviteCode.find)).toEqual([null, `#join=${first}`]);
  recovery.turn(1);
  expect([recovery.keys.indexOf(recovery.key), recovery.key === first]).toEqual([1, false]);
  recovery.putAway();
  expect(recovery.key).toBe("");
  await recovery.forget();
  recovery.form.value = first;
  await recovery.form.submit();
  expect(recovery.form.note).toBe("This device has that recovery key now.");
  await recovery.show();
  expect([recovery.at, recovery.keys]).toEqual([0, [first]]);
});

test("a sheet tells what its key is for, and its number where that is known", () => {
  const of = { network: "Team", at: 1, held: 3, keys: 3, needed: 2 };
  const sheet = sheetOf(of);
  expect(sheet.fileName).toBe("Recovery key 2 of 3.txt");
  const lines = sheetText(sheet, "ABCD-EFGH").split("\n");
  expect(lines[0]).toBe("Recovery key 2 of 3 of the network “Team” (NebulusDB)");
  expect(lines).toContain("ABCD-EFGH");
  expect(lines.join(" ")).toMatch(/2 of 3 such keys together bring the network back/);
  expect(sheetOf({ ...of, at: 0, held: 1 }).label).toBe("One of 3 recovery keys");
  expect(sheetOf({ ...of, at: 0, held: 1, keys: 1, needed: 1 }).label).toBe("Recovery key");
});
