/**
 * The process of one task, which main.ts starts: the task comes as JSON in the first argument, the
 * samples go back as one message.
 */
import { runTask, type Task } from "./tasks.ts";

// Its writer stands in processes.ts
const task = JSON.parse(process.argv[2] ?? "") as Task;
const samples = await runTask(task);
process.send?.(samples, () => {
  process.exit();
});
