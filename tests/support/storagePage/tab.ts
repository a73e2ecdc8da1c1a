/**
 * One of several tabs that write to one database: it inserts documents under names of its own, one
 * after another, and counts them in a document of its own. A command that took effect twice shows:
 * as a DuplicateId, or in the count.
 */
import type { DistributedDatabase } from "../../../src/index.ts";
import type { Note, StoragePage } from "./protocol.ts";

type TabCalls = Pick<StoragePage, "startTab" | "tab" | "stopTab">;

export const tabOf = (database: () => DistributedDatabase<{ notes: Note }>): TabCalls => {
  const problems: string[] = [];
  let acknowledged = 0;
  let leads = true;
  let shown = 0;
  let isStopped = false;
  let writing: Promise<void> = Promise.resolve();

  const write = async (tab: string): Promise<void> => {
    const notes = database().collection("notes");
    await notes.insert({ id: `count-${tab}`, n: 0, body: "" });
    while (!isStopped) {
      const n = acknowledged;
      await notes.insert({ id: `${tab}-${String(n).padStart(6, "0")}`, n, body: tab });
      await notes.update(`count-${tab}`, { $inc: { n: 1 } });
      acknowledged += 1;
    }
  };
  const report: TabCalls["tab"] = () => ({ acknowledged, leads, problems, shown });

  return {
    startTab: async (tab) => {
      const opened = database();
      opened.on("leading", (isLeading) => (leads = isLeading));
      opened.on("failed", ({ message }) => problems.push(message));
      opened.collection("notes").subscribe({}, (rows) => (shown = rows.length));
      await opened.ready;
      writing = write(tab).catch((error: unknown) => {
        problems.push(String(error));
      });
    },
    tab: report,
    stopTab: async () => {
      isStopped = true;
      await writing;
      return report();
    },
  };
};
