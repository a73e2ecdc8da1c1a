/**
 * Whether people may write to a home by this device's standing in its network. What the engine
 * writes by itself, to mend what a disk lost, is not asked: it says nothing new.
 */
import { invalid } from "../core/base/errors.ts";
import type { Home } from "./home.ts";

/** What is written before this device is admitted waits here until then. */
export const mayWrite = ({ membership }: Home): boolean => {
  const standing = membership.kind === "closed" ? membership.standing() : "owner";
  return standing !== "reader" && standing !== "removed";
};

/** Throws `NotPermitted`. */
export const mustWrite = (home: Home): void => {
  if (mayWrite(home)) return;
  const { membership } = home;
  const isReader = membership.kind === "closed" && membership.standing() === "reader";
  const why = isReader
    ? "You may read this network, not write to it: ask an owner for another role"
    : "This device was removed from the network: leave it to keep the documents here";
  throw invalid("NotPermitted", `${why}.`, "networkId");
};
