/** Writes of one turn: one message, each its own answer, in the order of the calls. */
import { expect, test } from "vitest";
import { createGroupedWrites, type WriteSink } from "../../../src/client/groupedWrites.ts";
import type { WriteRequest } from "../../../src/core/wire/requests.ts";

const requestOf = (commandId: string): WriteRequest => ({
  commandId,
  write: { kind: "delete", collection: "notes", target: { kind: "ids", ids: [commandId] } },
});

const countOf = (commandId: string): number => Number(commandId);

const recording = (): { readonly sink: WriteSink; readonly sent: string[][] } => {
  const sent: string[][] = [];
  const answerOf = ({ commandId }: WriteRequest): { ok: true; value: { counts: number[] } } => ({
    ok: true,
    value: { counts: [countOf(commandId)] },
  });
  return {
    sent,
    sink: {
      write: (request) => {
        sent.push([request.commandId]);
        return Promise.resolve(answerOf(request));
      },
      writeAll: (requests) => {
        sent.push(requests.map(({ commandId }) => commandId));
        return Promise.resolve(requests.map(answerOf));
      },
    },
  };
};

test("those of one turn go together, and each has its own answer", async () => {
  const { sink, sent } = recording();
  const { write } = createGroupedWrites(sink);
  const answers = await Promise.all(["1", "2", "3"].map((id) => write(requestOf(id))));
  expect(sent).toEqual([["1", "2", "3"]]);
  expect(answers.map((answer) => answer.ok && answer.value.counts)).toEqual([[1], [2], [3]]);
  await write(requestOf("4"));
  expect(sent.slice(1)).toEqual([["4"]]);
});

test("of very many the first go while the next are made", async () => {
  const { sink, sent } = recording();
  const { write } = createGroupedWrites(sink);
  const ids = Array.from({ length: 150 }, (_, at) => String(at));
  const answers = ids.map((id) => write(requestOf(id)));
  expect(sent.map(({ length }) => length)).toEqual([64, 64]);
  await Promise.all(answers);
  expect(sent.flat()).toEqual(ids);
});

test("what is asked behind them goes behind them", async () => {
  const { sink, sent } = recording();
  const { write, flush } = createGroupedWrites(sink);
  const first = [write(requestOf("1")), write(requestOf("2"))];
  flush();
  sent.push(["a find"]);
  const second = [write(requestOf("3"))];
  await Promise.all([...first, ...second]);
  expect(sent).toEqual([["1", "2"], ["a find"], ["3"]]);
});

test("a message that fails fails them all, and no others", async () => {
  const { sink } = recording();
  let isBroken = true;
  const writes = createGroupedWrites({
    ...sink,
    writeAll: (requests) =>
      isBroken ? Promise.reject(new Error("gone")) : sink.writeAll(requests),
  });
  const failed = await Promise.allSettled(["1", "2"].map((id) => writes.write(requestOf(id))));
  expect(failed.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  isBroken = false;
  const later = await Promise.all(["3", "4"].map((id) => writes.write(requestOf(id))));
  expect(later.every(({ ok }) => ok)).toBe(true);
});
