/**
 * Mutants of what bounds a device of a network, and of what comes while a home is busy.
 */
import type { Mutant } from "./mutant.ts";

const deviceUse = {
  file: "src/engine/sync/deviceUse.ts",
  killedBy: "tests/unit/engine/deviceQuota.test.ts",
};
const wants = {
  file: "src/core/sync/wants.ts",
  killedBy: "tests/unit/core/sync/sessionPace.test.ts",
};
const played = { file: wants.file, killedBy: "tests/property/session.test.ts" };

export const limitMutants: readonly Mutant[] = [
  {
    name: "what comes while a home is read anew is read batch by batch",
    file: "src/engine/ingest.ts",
    text: "      if (waiting.length > 1) return;\n",
    instead: "      arrivals.delete(home);\n",
    killedBy: "tests/unit/engine/closedLate.test.ts",
  },
  {
    ...deviceUse,
    name: "what others build on waits with the rest of a device beyond its quota",
    text: "if (debt === undefined || needed.has(writer)) return",
    instead: "if (debt === undefined) return",
  },
  {
    ...deviceUse,
    name: "what others build on waits for what it needs of the same device",
    text: "if (!isForOthers && !needed.has(each.waiting.writer)) continue;",
    instead: "if (!isForOthers) continue;",
  },
  {
    ...deviceUse,
    name: "a device beyond its quota is asked for at once by building on itself",
    text: "const isForOthers = device !== null && !debts.has(device);",
    instead: "const isForOthers = device !== null;",
  },
  {
    ...deviceUse,
    name: "what comes of a device beyond its quota costs it no time",
    text: "debts.set(nameOf(origin.signingKey), debt + bytes.length);",
    instead: "debts.set(nameOf(origin.signingKey), debt);",
  },
  {
    ...deviceUse,
    name: "its time never comes",
    text: "debts.set(device, Math.max(0, debt - bounds.slowedBytesPerSecond));",
    instead: "debts.set(device, debt);",
  },
  {
    ...deviceUse,
    name: "what a device beyond its quota pushes is taken in",
    text: 'return paceIn(network, writer, device, null) === "paused";',
    instead: "return device === null && writer !== writer;",
  },
  {
    ...deviceUse,
    name: "documents that were deleted count for their device",
    file: "src/engine/documents.ts",
    text: "    this.countBirths(before, -1);\n",
    instead: "",
  },
  {
    ...deviceUse,
    name: "a checkpoint forgets whose documents there are",
    file: "src/engine/pages/checkpoint.ts",
    text: "born: [...documents.born].map(([writer, n]) => ({ writer, n })),",
    instead: "born: [],",
  },
  {
    ...deviceUse,
    name: "people are warned when it is too late",
    file: "src/engine/sync/deviceWarnings.ts",
    text: "return part >= deviceQuotaWarnedFrom ?",
    instead: "return part >= 1 ?",
  },
  {
    ...wants,
    name: "a device beyond its quota is asked for among all others",
    text: "      if (paceIn(view, scope, writer) !== pace) continue;\n",
    instead: "",
  },
  {
    ...wants,
    name: "what comes last holds up what others write",
    text: "if (request !== null && !isSlowed(request, view)) return;",
    instead: "if (request !== null) return;",
  },
  {
    ...wants,
    name: "what comes last gets credit as ever",
    text: "  if (isSlowed(request, view)) return;\n",
    instead: "",
  },
  {
    ...wants,
    name: "a request for what comes last stays until it times out",
    text: "if (isSpent && isSlowed(request, view)) {",
    instead: "if (isSpent && !isSpent) {",
  },
  {
    ...wants,
    name: "what is beyond its quota is pushed",
    file: "src/core/sync/push.ts",
    text: '  else if (view.paceOf(segment.scope, segment.writer) !== "usual") return;\n',
    instead: "",
  },
  {
    ...deviceUse,
    name: "a device of which two logs stand under one name is not named",
    text: "if (device !== null) add(device, { isForked: true });",
    instead: "if (device === null) add(writer, { isForked: true });",
  },
  {
    ...wants,
    name: "what still comes of an answer that gave way is an offence",
    text: "} else if (isLate(draft, operation)) {",
    instead: "} else if (draft.lastRequest < 0) {",
  },
  {
    ...wants,
    name: "who is slowed no more while it waits for credit gets none",
    text: "  grantMore(draft, draft.request, view);\n  const { request } = draft;\n",
    instead: "  const { request } = draft;\n",
  },
  {
    ...wants,
    name: "a device beyond its quota asks for its own log last",
    text: 'view.ownWriters(scope).has(writer) ? "usual" : view.paceOf(scope, writer);',
    instead: "view.paceOf(scope, writer);",
  },
  {
    ...played,
    name: "what comes last never comes",
    text: 'isNothingElse ? missingRanges(draft, view, "last") : usual;',
    instead: 'isNothingElse ? missingRanges(draft, view, "last").slice(1) : usual;',
  },
  {
    ...played,
    name: "who gives way to others loses the credit of what is on its way",
    text: "  if (request !== null) noteGivenUp(draft, request);\n",
    instead: "",
  },
];
