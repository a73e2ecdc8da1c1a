/**
 * The store contract on memory: the adapter under which tests and the simulator run, with and
 * without a fault hook that lets every call pass late.
 */
import { InMemoryAdapter } from "../../src/storage/memory.ts";
import { storeContract } from "./store.ts";

storeContract("memory", () => new InMemoryAdapter());

storeContract("memory, every call held up", () => {
  const fault = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return new InMemoryAdapter({ fault, journalProvesContinuity: false });
});
