/**
 * Wrong look-alikes of the code: what DESIGN.md §3 and FORMATS.md forbid, each as one small change
 * of one file, and the test that must catch it. `run.ts` applies them one at a time to a copy.
 */
import { digestMutants } from "./digestMutants.ts";
import type { Mutant } from "./mutant.ts";
import { acknowledgeMutants } from "./acknowledgeMutants.ts";
import { asideMutants } from "./asideMutants.ts";
import { closedMutants } from "./closedMutants.ts";
import { docsMutants } from "./docsMutants.ts";
import { limitMutants } from "./limitMutants.ts";
import { misuseMutants } from "./misuseMutants.ts";
import { netMutants } from "./netMutants.ts";
import { pageMutants } from "./pageMutants.ts";
import { peerMutants } from "./peerMutants.ts";
import { rangesMutants } from "./rangesMutants.ts";
import { connectionMutants } from "./connectionMutants.ts";
import { relayMutants } from "./relayMutants.ts";
import { skippedMutants } from "./skippedMutants.ts";
import { tabMutants } from "./tabMutants.ts";
import { trimMutants } from "./trimMutants.ts";
import { uiMutants } from "./uiMutants.ts";

const mergeMutants: readonly Mutant[] = [
  {
    name: "an entry replaces all earlier ones of the writers that it names",
    file: "src/core/doc/merge.ts",
    text: "const stays = ({ dot }: HeldEntry): boolean => !includesDot(entry.replaces, dot);",
    instead: `const stays = ({ dot }: HeldEntry): boolean =>
      !entry.replaces.some((each) => each.writer === dot.writer && each.n >= dot.n);`,
    killedBy: "tests/property/mergeHostile.test.ts",
  },
  {
    name: "an op replaces whatever stood there, seen or not",
    file: "src/core/doc/merge.ts",
    text: "const stays = ({ dot }: HeldEntry): boolean => !includesDot(entry.replaces, dot);",
    instead: "const stays = (_held: HeldEntry): boolean => false;",
    killedBy: "tests/unit/core/doc/intent.test.ts",
  },
  {
    name: "a delete takes away births that it did not see",
    file: "src/core/doc/merge.ts",
    text: "const births = before.births.filter(({ dot }) => !includesDot(op.births, dot));",
    instead: "const births = before.births.filter(() => op.births.length === 0);",
    killedBy: "tests/property/mergeHonest.test.ts",
  },
  {
    name: "a delete counts for the first birth that it names",
    file: "src/core/doc/merge.ts",
    text: "const births = before.births.filter(({ dot }) => !includesDot(op.births, dot));",
    instead:
      "const births = before.births.filter(({ dot }) => !includesDot(op.births.slice(0, 1), dot));",
    killedBy: "tests/property/mergeHonest.test.ts",
  },
  {
    name: "siblings are capped",
    file: "src/core/doc/merge.ts",
    text: "[...entries, written].sort(compare));",
    instead: "[...entries, written].sort(compare).slice(-2));",
    killedBy: "tests/property/mergeHonest.test.ts",
  },
  {
    name: "siblings are folded pairwise: the later one stays",
    file: "src/core/doc/merge.ts",
    text: "[...entries, written].sort(compare));",
    instead: "[...entries, written].sort(compare).slice(-1));",
    killedBy: "tests/unit/core/doc/intent.test.ts",
  },
  {
    name: "a birth goes with its replaced values",
    file: "src/core/doc/merge.ts",
    text: "return pack({ ...before, births, registers: settled.filter(isHeld) });",
    instead: `const valued = (birth: Birth): boolean =>
      settled.some(({ base }) => base.some((held) => equalDots(held.dot, birth.dot)));
  return pack({ ...before, births: births.filter(valued), registers: settled.filter(isHeld) });`,
    killedBy: "tests/property/mergeHonest.test.ts",
  },
  {
    name: "an op that is invisible replaces nothing",
    file: "src/core/doc/merge.ts",
    text: `for (const entry of op.entries) {
    const key = pathKey(entry.path);`,
    instead: `for (const entry of living.length > 0 ? op.entries : []) {
    const key = pathKey(entry.path);`,
    killedBy: "tests/property/mergeHostile.test.ts",
  },
  {
    name: "a remove hides elements although the value it saw is gone",
    file: "src/core/doc/merge.ts",
    text: "return bases.length === 0 ? [] : [{ ...each, bases }];",
    instead: "return [{ ...each, bases }];",
    killedBy: "tests/property/mergeHonest.test.ts",
  },
  {
    name: "a write names one of the births that it saw",
    file: "src/core/doc/diff.ts",
    text: "const seen = birthsOf(state).map((each) => each.dot);",
    instead: "const seen = birthsOf(state).map((each) => each.dot).slice(0, 1);",
    killedBy: "tests/property/mergeHonest.test.ts",
  },
  {
    name: "a run is issued anew from nothing",
    file: "src/core/doc/draft.ts",
    text: "const before = draft.runs.get(runKey)?.total ?? mine?.total ?? 0;",
    instead: "const before = draft.runs.get(runKey)?.total ?? 0;",
    killedBy: "tests/unit/core/doc/intent.test.ts",
  },
  {
    name: "a set forgets which totals it saw",
    file: "src/core/doc/draft.ts",
    text: "const seen = seenRuns(held.runs);",
    instead: "const seen = seenRuns(held.runs.slice(0, 0));",
    killedBy: "tests/unit/core/doc/intent.test.ts",
  },
  {
    name: "fast clocks win",
    file: "src/core/clock/hybrid.ts",
    text: "time.ms > now + clockAheadMillisecondsMax;",
    instead: "time.ms > now + clockAheadMillisecondsMax * 1e9;",
    killedBy: "tests/unit/core/doc/read.test.ts",
  },
  {
    name: "what was read does not move the clock",
    file: "src/core/clock/hybrid.ts",
    text: "if (compareTimes(time, last) > 0) last = time;",
    instead: "if (compareTimes(time, last) > 1e15) last = time;",
    killedBy: "tests/unit/core/clock/hybrid.test.ts",
  },
];

const formatMutants: readonly Mutant[] = [
  {
    name: "row 0 may name the op itself and later ones",
    file: "src/core/segment/body.ts",
    text: "return n < own ?",
    instead: "return n < own + 2 ?",
    killedBy: "tests/unit/core/segment/body.test.ts",
  },
  {
    name: "two entries in one register are one too many, and count",
    file: "src/core/op/decode.ts",
    text: 'if (registers.size < entries.length) wrong(reader, "two entries in one register");',
    instead: 'if (registers.size === 0) wrong(reader, "two entries in one register");',
    killedBy: "tests/unit/core/op/decode.test.ts",
  },
  {
    name: "an entry may end in nil",
    file: "src/core/op/decode.ts",
    text: 'if (rest.left === 0) wrong(rest.reader, "an entry that ends in nil");',
    instead: 'if (rest.left < 0) wrong(rest.reader, "an entry that ends in nil");',
    killedBy: "tests/unit/core/op/decode.test.ts",
  },
  {
    name: "-0 is a number like any other",
    file: "src/core/cbor/reader.ts",
    text: 'if (Object.is(value, -0)) this.fail("notCanonical", "-0", start);',
    instead: 'if (Object.is(value, -0) && start < 0) this.fail("notCanonical", "-0", start);',
    killedBy: "tests/unit/core/cbor/value.test.ts",
  },
  {
    name: "bytes may follow a deflated body",
    file: "src/core/segment/compress.ts",
    text: "const left = stream.avail_in;",
    instead: "const left = stream.avail_in * 0;",
    killedBy: "tests/golden/golden.test.ts",
  },
  {
    name: "a signature is somebody else's business",
    file: "src/core/segment/deliver.ts",
    text: 'if (!isSigned) return refused("signature");',
    instead: 'if (!isSigned && header.count < 0) return refused("signature");',
    killedBy: "tests/unit/core/segment/deliver.test.ts",
  },
  {
    name: "rows may be missing",
    file: "src/core/segment/deliver.ts",
    text: "if (isHere || control?.isVoidRow(scope, row.writer, row.n) === true) continue;",
    instead: "if (isHere || control?.isVoidRow(scope, row.writer, row.n) !== true) continue;",
    killedBy: "tests/unit/core/segment/deliver.test.ts",
  },
  {
    name: "a log may have gaps",
    file: "src/core/segment/deliver.ts",
    text: "const isNext = previous.first + previous.count === header.first;",
    instead: "const isNext = previous.first + previous.count <= header.first;",
    killedBy: "tests/unit/core/segment/deliver.test.ts",
  },
  {
    name: "segments are read as they come",
    file: "src/core/segment/reading.ts",
    text: "if (needed.size === 0) ready.add(item);",
    instead: "ready.add(item);",
    killedBy: "tests/unit/core/segment/reading.test.ts",
  },
  {
    name: "branches of a fork share their writer's name",
    file: "src/core/segment/branches.ts",
    text: 'writerIdOf(shortHash("branch", hexToBytes(writer), hexToBytes(hash)));',
    instead: 'writerIdOf(shortHash("branch", hexToBytes(writer), hexToBytes(hash).slice(0, 0)));',
    killedBy: "tests/unit/core/segment/tree.test.ts",
  },
  {
    name: "own segments leave though the peer names a head of mine that I do not know",
    file: "src/core/sync/serving.ts",
    text: "return isNamed;",
    instead: "return true;",
    killedBy: "tests/unit/core/sync/session.test.ts",
  },
];

const engineMutants: readonly Mutant[] = [
  {
    name: "a write is acknowledged before it is flushed",
    file: "src/engine/journal.ts",
    text: "this.queue.push({ record, entry, resolve, reject });",
    instead: "this.queue.push({ record, entry, resolve, reject });\n      resolve();",
    killedBy: "tests/unit/engine/journal.test.ts",
  },
  {
    name: "a failed flush leaves its effects in memory",
    file: "src/engine/journal.ts",
    text: "for (const { entry } of [...group, ...queued].reverse()) entry.undo();",
    instead: "for (const { entry } of [...queued].reverse()) entry.undo();",
    killedBy: "tests/unit/engine/journal.test.ts",
  },
  {
    name: "numbers of a failed flush are used up in its tables",
    file: "src/engine/writer.ts",
    text: "if (last !== undefined && last.run.nextN > n) this.shorten(last, n);",
    instead: "if (last !== undefined && last.run.nextN < n) this.shorten(last, n);",
    killedBy: "tests/unit/engine/journal.test.ts",
  },
];

const journalMutants: readonly Mutant[] = [
  {
    name: "journal: acknowledged before it is flushed",
    file: "src/storage/journal/writer.ts",
    text: 'if (durability === "strict") {',
    instead: 'if (durability !== "strict") {',
    killedBy: "tests/unit/storage/journaledStore.test.ts",
  },
  {
    name: "journal: what is relaxed is not flushed before the tables change",
    file: "src/storage/journaledStore.ts",
    text: "await journal.flush();",
    instead: "",
    killedBy: "tests/unit/storage/journaledStore.test.ts",
  },
  {
    name: "journal: the epoch is not read again after the flush",
    file: "src/storage/journal/fileJournal.ts",
    text: "if (await isCurrent(state)) writer.accept(last);",
    instead: "if (state.ended === null) writer.accept(last);",
    killedBy: "tests/unit/storage/journaledStore.test.ts",
  },
  {
    name: "journal: an epoch that was replaced stays open",
    file: "src/storage/journal/opening.ts",
    text: "closings.set(epoch, { epoch, generation, closing: { sequence, files: number } });",
    instead: "closings.set(epoch, { epoch, generation, closing: null });",
    killedBy: "tests/unit/storage/journaledStore.test.ts",
  },
  {
    name: "journal: files that a replaced holder begins late count",
    file: "src/storage/journal/survey.ts",
    text: "number <= (closing?.files ?? Infinity);",
    instead: "number >= 1;",
    killedBy: "tests/unit/storage/journaledStore.test.ts",
  },
  {
    name: "journal: what a frozen holder has not flushed is trusted to last",
    file: "src/storage/journal/opening.ts",
    text: "!(await flushFile(folder, file.name))) held = index;",
    instead: "(await flushFile(folder, file.name)) && index < 0) held = index;",
    killedBy: "tests/unit/storage/journaledStore.test.ts",
  },
  {
    name: "journal: a torn end is damage where a later part of it was kept",
    file: "src/storage/journal/records.ts",
    text: "(expected <= source.proven || (await provesFlush(window, found, salt, expected)));",
    instead: "(expected <= source.proven || salt !== -1);",
    killedBy: "tests/unit/storage/journal/records.test.ts",
  },
  {
    name: "journal: damage in the middle is a torn end",
    file: "src/storage/journal/records.ts",
    text: "(expected <= source.proven || (await provesFlush(window, found, salt, expected)));",
    instead: "expected <= source.proven;",
    killedBy: "tests/unit/storage/journal/records.test.ts",
  },
  {
    name: "journal: a failed write is not cut off",
    file: "src/storage/journal/writer.ts",
    text: "file.handle.truncate(file.end);",
    instead: "",
    killedBy: "tests/unit/storage/journaledStore.test.ts",
  },
  {
    name: "journal: files go before the tables have absorbed them",
    file: "src/storage/journaledStore.ts",
    text: 'await write(isAbsorbing ? "strict" : durability, note?.bytes ?? null);',
    instead: `if (isAbsorbing) await journal.release(next);
  await write(isAbsorbing ? "strict" : durability, note?.bytes ?? null);`,
    killedBy: "tests/unit/storage/journaledStore.test.ts",
  },
  {
    name: "journal: files go although the tables may lose what they absorbed",
    file: "src/storage/journaledStore.ts",
    text: 'await write(isAbsorbing ? "strict" : durability, note?.bytes ?? null);',
    instead: "await write(durability, note?.bytes ?? null);",
    killedBy: "tests/unit/storage/journaledStore.test.ts",
  },
  {
    name: "journal: new tables beside written files are a new database",
    file: "src/storage/journal/opening.ts",
    text: "if (isNew) refuseLost(database, surveyed);",
    instead: "",
    killedBy: "tests/unit/storage/journalRollback.test.ts",
  },
  {
    name: "journal: sequences go on where the files end, whatever the tables know",
    file: "src/storage/journal/verdict.ts",
    text: "const lastSequence = Math.max(known, end);",
    instead: "const lastSequence = Math.max(found.absorbedSequence ?? 0, end);",
    killedBy: "tests/unit/storage/journalRollback.test.ts",
  },
];

const fileMutants: readonly Mutant[] = [
  {
    name: "a strict batch in files counts before it is flushed",
    file: "src/storage/file/appendFile.ts",
    text: 'if (durability === "strict") handle.flush();',
    instead: "",
    killedBy: "tests/property/fileStoreCrash.test.ts",
  },
  {
    name: "a failed write in files is not cut off",
    file: "src/storage/file/appendFile.ts",
    text: "throw isMended() ? notCommitted(cause) : cause;",
    instead: "state.isSuspect = false;\n      throw notCommitted(cause);",
    killedBy: "tests/unit/storage/file/faults.test.ts",
  },
  {
    name: "the manifest names a copy of the tables that was never finished",
    file: "src/storage/file/copyTables.ts",
    text: "  to.finish();\n",
    instead: "",
    killedBy: "tests/property/fileStoreCrash.test.ts",
  },
  {
    name: "journal files go though the batch that absorbed them may still be lost",
    file: "src/storage/file/folderState.ts",
    text: "await journal.drop(tables.solidAbsorbed());",
    instead: "await journal.drop(tables.absorbed());",
    killedBy: "tests/property/fileStoreCrash.test.ts",
  },
  {
    name: "tables absorb what the journal may still lose",
    file: "src/storage/file/fileStore.ts",
    text: "if (absorbed > tables.absorbed()) journal.flush();",
    instead: "",
    killedBy: "tests/property/fileStoreCrash.test.ts",
  },
  {
    name: "half a group of the journal counts",
    file: "src/storage/file/recordLog.ts",
    text: "while (isCutOff(pieces.at(-1))) pieces.pop();",
    instead: "if (isCutOff(undefined)) pieces.pop();",
    killedBy: "tests/property/fileStoreCrash.test.ts",
  },
  {
    name: "a broken batch in files ends the file, whether it was solid or not",
    file: "src/storage/file/scanTables.ts",
    text: "const isSolid = at < solidTo;",
    instead: "const isSolid = at < Math.min(solidTo, 0);",
    killedBy: "tests/unit/storage/file/damage.test.ts",
  },
  {
    name: "a store on files that was replaced goes on writing",
    file: "src/storage/file/fileStore.ts",
    text: "if (ended !== null) throw ended(name);",
    instead: "if (ended === closedError) throw ended(name);",
    killedBy: "tests/contract/fileStore.test.ts",
  },
  {
    name: "the lock of a process that lives is taken over",
    file: "src/storage/nodeFiles.ts",
    text: "if (!isGone(holder)) throw new FileHeld(`${path} of ${holder.trim()}`);",
    instead: "",
    killedBy: "tests/unit/storage/nodeFiles.test.ts",
  },
  {
    name: "a blob counts before it was read back",
    file: "src/storage/blob/blobStore.ts",
    text: "await checkDraft(state, draft, made);",
    instead: "",
    killedBy: "tests/unit/storage/blob/fileBlobs.test.ts",
  },
  {
    name: "a sweep takes what was just read",
    file: "src/storage/blob/blobStore.ts",
    text: "const isLeft = [since, modified, touched.get(hash) ?? modified].every(isOld);",
    instead: "const isLeft = [since, modified].every(isOld);",
    killedBy: "tests/unit/storage/blob/fileBlobs.test.ts",
  },
];

export const mutants: readonly Mutant[] = [
  ...pageMutants,
  ...mergeMutants,
  ...formatMutants,
  ...engineMutants,
  ...journalMutants,
  ...fileMutants,
  ...peerMutants,
  ...tabMutants,
  ...trimMutants,
  ...asideMutants,
  ...misuseMutants,
  ...closedMutants,
  ...skippedMutants,
  ...rangesMutants,
  ...netMutants,
  ...relayMutants,
  ...connectionMutants,
  ...digestMutants,
  ...acknowledgeMutants,
  ...uiMutants,
  ...limitMutants,
  ...docsMutants,
];
