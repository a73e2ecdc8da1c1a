/**
 * Refusals that people must expect, by code: none of a simulation's problems. Apart from the device
 * that hears them, so that what is expected stands in one place.
 */

/** What a page may be told without anything being wrong. */
export const ordinaryRefusals: ReadonlySet<string> = new Set([
  "DuplicateId",
  "InvalidUpdate",
  "TooLarge",
  "TransactionConflict",
  "TransactionTooLarge",
  "AlreadyAttached",
  "UnknownCollection",
]);

/** And in a closed network: no member, no longer one, without the right, or by a void invite. */
export const memberRefusals: ReadonlySet<string> = new Set([
  "NotPermitted",
  "UnknownNetwork",
  "InvalidArgument",
  "NetworkNameTaken",
]);
