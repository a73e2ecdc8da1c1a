/**
 * Every text that a person reads, in one place: so that words stay the same for the same thing, and
 * so that another language needs no other file. Those that come with a view of their own stand in
 * files of their own: sharingMessages.ts, connectionMessages.ts and others.
 */

const number = new Intl.NumberFormat("en");
const moment = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });

/** With separators. */
export const inDigits = (amount: number): string => number.format(amount);

export const count = (amount: number, one: string, many = `${one}s`): string =>
  `${number.format(amount)} ${amount === 1 ? one : many}`;

/** `ms` since 1970. */
export const atMoment = (ms: number): string => moment.format(ms);

export const bytesInWords = (bytes: number): string => {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  const power = bytes < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(bytes) / 3));
  const amount = bytes / 1000 ** power;
  const digits = power > 0 && amount < 10 ? 1 : 0;
  return `${amount.toFixed(digits)} ${units[power] ?? ""}`;
};

export const messages = {
  name: "NebulusDB",
  close: "Close",
  dismiss: "Dismiss",
  cancel: "Cancel",

  opening: "Opening the database of this device…",
  alreadyOpen: {
    title: "Another tab holds on to the database",
    text:
      "It may run an older version of this app, or be busy closing. Close the other tabs of this " +
      "app and try again here.",
    retry: "Try again",
    still: "Another tab still holds on to it.",
  },
  replaced: {
    title: "The database is not open here any more",
    reload: "Reload",
  },
  update: {
    ready: "A new version is ready. Finish what you are editing, then reload to use it.",
    reload: "Reload now",
    notOffline: "This app could not be kept for use offline.",
  },
  failed: {
    title: "The database could not go on",
    retry: "Open it again",
    kept: "This page has deleted nothing from this device.",
    lost: "It was kept in memory only: what was in it is gone.",
    toReport: "For a report of this problem",
  },
  errors: {
    title: "That did not work",
    warning: "Please note",
    unknown: "An error that nobody expected. Reload the page if something looks wrong.",
  },
  newer: {
    title: "A newer version of NebulusDB wrote this database",
    text: "This page is an older version and leaves it alone. Reload to get the newer one.",
    reload: "Reload",
  },
  full: {
    title: "No space is left on this device",
    text:
      "The browser has no space left for this site. What was written last is not stored; what " +
      "was stored before is all there. Free some space and try again.",
    opening:
      "The browser has no space left for this site, so the database cannot be opened. Nothing " +
      "was deleted. Free some space on this device and try again.",
    retry: "Try again",
    still: "There is still no space for it.",
  },
  damage: {
    title: "Storage could not give back everything",
    mended: "Something in storage was damaged, and has been mended",
  },

  storage: {
    label: "Storage",
    kept: "Kept on this device",
    memory: "Memory only: closing this tab loses everything",
    open: "Storage of this device…",
    promised: "The browser has promised not to clear it.",
    mayClear: "The browser may clear it when space runs short.",
    usage: (used: string, quota: string) => `This site uses ${used} of ${quota}.`,
  },

  sync: {
    label: "Sync",
    local: "Only on this device",
    joining: (network: string) => `Waiting to be let into ${network}`,
    removed: (network: string) => `Removed from ${network}`,
    notLetIn: (network: string) => `Not let into ${network}`,
    notAccepted: (changes: number) =>
      `${count(changes, "change")} ${changes === 1 ? "is" : "are"} not accepted`,
    more: "What that rests on",
    nothingShared: "Only on this device: no collection is shared",
    looking: "Connecting… no other device is there yet",
    waiting: (changes: number) =>
      `Waiting: ${count(changes, "change")} ${changes === 1 ? "is" : "are"} on no other device yet`,
    byHand: "Synchronised when you ask for it",
    paused: (changes: number) => `${count(changes, "change")} to send, when you ask for it`,
    fetching: (operations: number) => `Syncing: ${count(operations, "change")} to fetch`,
    sending: (operations: number) => `Syncing: ${count(operations, "change")} to send`,
    comparing: (devices: number) => `Comparing with ${count(devices, "device")}…`,
    behind: (operations: number) => `Behind by ${count(operations, "change")}`,
    verified: (devices: number) => `Verified equal with ${count(devices, "device")}`,
    unverified: (devices: number) => `Exchanged with ${count(devices, "device")}, not verified yet`,
    unread: (parts: number) => `${count(parts, "part")} cannot be read before others arrive`,
    mismatch: "Not equal, although nothing is missing: one of the programs has a fault",
    lastVerified: (when: string) => `Last verified equal: ${when}`,
    neverVerified: "Never verified equal with another device",
  },

  collections: {
    title: "Collections",
    pick: "Collection",
    add: "New collection",
    addTitle: "New collection",
    name: "Name of the collection",
    nameHint: "For example: notes, links, recipes",
    make: "Make collection",
    documents: (documents: number) => count(documents, "document"),
    option: (name: string, documents: number) => `${name} (${number.format(documents)})`,
    noneTitle: "Nothing here yet",
    none: "Documents live in collections. Make the first one, then add what you want to keep.",
    exists: (name: string) => `There is a collection “${name}” already.`,
    nameMissing: "A name is needed.",
  },

  documents: {
    add: "Add document",
    loading: "Reading…",
    noneTitle: (collection: string) => `No documents in ${collection} yet`,
    none: "What you add is kept on this device and is there after a reload.",
    list: (collection: string) => `Documents of ${collection}`,
    shown: (shown: number) => count(shown, "document"),
    matches: (shown: number) => count(shown, "match", "matches"),
    listed: (listed: number) =>
      `Only the first ${number.format(listed)} can be listed: filter to find others.`,
    order: "Order",
    newest: "Newest first",
    oldest: "Oldest first",
    rising: (name: string) => `${name}, rising`,
    falling: (name: string) => `${name}, falling`,
    columns: "Columns",
    columnsTitle: "Columns to show",
    sortBy: (name: string) => `Sort by ${name}`,
    actions: "Actions",
    reading: "…",
    filter: "Filter",
    filterHint: "Words to look for",
    filterClear: "Clear the filter",
    filterNames: (names: readonly string[]) =>
      `Looks through all documents of this collection, in: ${["id", ...names].join(", ")}.`,
    filterPart: "Only the first documents were looked at for names of fields; there may be more.",
    noMatchTitle: "Nothing matches",
    noMatch: "No document has all these words in the fields above.",
    edit: (title: string) => `Edit ${title}`,
    remove: (title: string) => `Delete ${title}`,
    untitled: "Empty document",
    shared: (network: string) => `Shared with ${network}`,
    read: (network: string) => `Shared with ${network}: you read, and write nothing`,
    private: "Private: only on this device",
    ahead: "By a clock ahead of this one",
    notShared: "Not shared",
    gone: "That document is gone: it was deleted meanwhile.",
  },

  transfer: { open: "Import, export…" },

  editor: {
    addTitle: (collection: string) => `New document in ${collection}`,
    editTitle: "Edit document",
    mode: "Edit as",
    asFields: "Fields",
    asJson: "JSON",
    field: (position: number) => `Field ${number.format(position)}`,
    name: "Name",
    kind: "Kind",
    value: "Value",
    kinds: {
      text: "Text",
      number: "Number",
      flag: "Yes / no",
      date: "Date",
      moment: "Date, time",
      list: "List",
      json: "JSON",
    },
    lines: "Value: one entry a line",
    yes: "Yes",
    no: "No",
    removeField: (name: string) => `Remove field ${name}`,
    addField: "Add field",
    noFields: "No fields. Add one, or save an empty document.",
    json: "Document as JSON",
    jsonHint:
      'Dates: { "$date": "…" }, bytes (base64url): { "$bytes": "…" }, vectors: { "$vector": […] }.',
    newIdHint: "An id is made for you. To choose one, give “id” in JSON.",
    id: "Id",
    private: "Private",
    privateHint: "It stays on this device, also while its collection is shared.",
    privateFrom: (network: string) =>
      `It stays on this device. From ${network} it is deleted; others may have kept copies.`,
    sharedWith: (network: string) => `Everybody in ${network} gets it.`,
    sharedLater: "It is shared when its collection is.",
    save: "Save",
    saving: "Saving…",
    discardTitle: "Discard your changes?",
    discard: "Discard",
    keep: "Keep editing",
    changedElsewhere:
      "Changed elsewhere while you edit. Saving writes only the fields that you changed.",
    goneElsewhere: "Deleted elsewhere while you edit. Saving puts it back as it stands here.",
    ahead: (fields: string) =>
      `A device's clock is fast, or this one's is slow: the time of ${fields} is still to come.`,
    nameMissing: "Give this field a name.",
    nameTwice: "Two fields have this name.",
    noNumber: "Not a number.",
    noDate: "Not a date.",
    roundedNumber: (source: string) =>
      `${source} is a whole number too large to be kept exactly. Write it as text.`,
    noObject: "A document is a JSON object: { … }.",
    badDate: '$date needs a date, such as "2026-03-01T12:00:00.000Z".',
    badBytes: "$bytes needs text in base64url.",
    badVector: "$vector needs a list of numbers.",
    idChanged: "The id of a document cannot change. Add a new one instead.",
    problemAt: (line: number, column: number) =>
      `Line ${number.format(line)}, column ${number.format(column)}: `,
    problemAtPath: (path: string) => `At ${path}: `,
  },

  json: {
    value: "A value is expected here: text in quotes, a number, true, false, null, […] or {…}.",
    name: "A name in double quotes is expected here.",
    colon: "A colon is expected here, after the name.",
    objectGoesOn: "A comma or } is expected here.",
    arrayGoesOn: "A comma or ] is expected here.",
    end: "The document has ended before this.",
    textEnd: "A text is not closed with a quote.",
    escape: 'A backslash in text begins \\n, \\t, \\" or the like; write \\\\ for itself.',
    lineInText: "A text cannot go over lines; write \\n instead.",
  },

  undo: {
    deleted: (title: string) => `Deleted “${title}”.`,
    before: (others: number) => `${number.format(others)} before it can be undone too.`,
    undo: "Undo",
    restored: (title: string) => `“${title}” is back.`,
  },

  sharing: {
    open: "Sharing",
  },

  connection: {
    open: "Connection of this device…",
  },
};
