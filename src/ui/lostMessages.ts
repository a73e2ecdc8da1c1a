/**
 * What a person reads where a part of the database is gone. Apart from the other texts, since it is
 * loaded with that screen, which hardly anybody meets.
 */
export const lostMessages = {
  title: "A part of the database is gone",
  text:
    "The browser lost the stored documents of this device, but not all that stood beside them. " +
    "So this is no new beginning, and nothing was begun, changed or deleted.",
  found: "What was found",
  retry: "Try again",
  still: "It is still as it was.",
  anew: "Start anew on this device…",
  anewTitle: "Start anew on this device?",
  deleted: "This deletes for good what is left here:",
  deletedParts: [
    "the rest of the journal, with the latest changes that had not been stored elsewhere",
    "the database of this site in this browser, and its folder of files",
    "what this device knows of networks: join them again by secret, or by a new invite",
  ],
  kept: "Other devices keep what they have; what was shared comes back from them.",
  anewConfirm: "Delete and start anew",
};
