/**
 * Wrong look-alikes of what people read of sync and membership: a screen that says more than is
 * known.
 */
import type { Mutant } from "./mutant.ts";

export const uiMutants: readonly Mutant[] = [
  {
    name: "the header counts devices that lack one of the shared collections",
    file: "src/ui/text/sync.ts",
    text: "rankOf(a) - rankOf(b) || comparedOf(a) - comparedOf(b)",
    instead: "rankOf(a) - rankOf(b) || comparedOf(b) - comparedOf(a)",
    killedBy: "tests/unit/ui/sync.test.ts",
  },
  {
    name: "the header says nothing of what nobody accepts while all else is equal",
    file: "src/ui/text/sync.ts",
    text: "if (operations > 0) return {",
    instead: "if (operations > 0 && !isSharing) return {",
    killedBy: "tests/unit/ui/members.test.ts",
  },
  {
    name: "a decision that waited before the page was opened is said to wait since then",
    file: "src/ui/text/waits.ts",
    text: "hasLooked ? now() : null",
    instead: "now()",
    killedBy: "tests/unit/ui/members.test.ts",
  },
  {
    name: "a look at the log of frames that is under way switches it on again",
    file: "src/ui/frameLog.svelte.ts",
    text: "await this.#inTurn(run);",
    instead: "await run();",
    killedBy: "tests/unit/ui/frames.test.ts",
  },
  {
    name: "any QR code is entered as a recovery key",
    file: "src/ui/scan.svelte.ts",
    text: "/^([A-Z2-7]{4}-){13}[A-Z2-7]{4}$/",
    instead: "/^[^]*$/",
    killedBy: "tests/unit/ui/recovery.test.ts",
  },
  {
    name: "a document that is marked as private stays shared",
    file: "src/ui/editor.svelte.ts",
    text: "if (this.isPrivate && !this.wasPrivate) await this.#collection.unshare(id);",
    instead: "",
    killedBy: "tests/unit/ui/private.test.ts",
  },
  {
    name: "a private document that was gone comes back for everybody",
    file: "src/ui/editor.svelte.ts",
    text: 'const visibility = this.isPrivate ? "private" : "shared";',
    instead: 'const visibility = this.document === null && this.isPrivate ? "private" : "shared";',
    killedBy: "tests/unit/ui/private.test.ts",
  },
  {
    name: "a row keeps the mark of privacy once it is shared",
    file: "src/ui/text/keep.ts",
    text: "else ids.delete(document.id);",
    instead: "",
    killedBy: "tests/unit/ui/private.test.ts",
  },
  {
    name: "a list that a form would take apart becomes another one by looking at it",
    file: "src/ui/text/form.ts",
    text: "if (simple !== null && isExact)",
    instead: "if (simple !== null)",
    killedBy: "tests/unit/ui/form.test.ts",
  },
  {
    name: "a recovery key that was put away stays on the page",
    file: "src/ui/recovery.svelte.ts",
    text: "this.keys = [];",
    instead: "",
    killedBy: "tests/unit/ui/closed.test.ts",
  },
  {
    name: "one name goes to everybody who uses an invite",
    file: "src/ui/invites.svelte.ts",
    text: 'name !== "" && uses !== 1',
    instead: 'name !== "" && uses === null',
    killedBy: "tests/unit/ui/closed.test.ts",
  },
  {
    name: "more recovery keys may be needed than there are",
    file: "src/ui/recoverySplit.svelte.ts",
    text: "countOf(this.needed, keys ?? recoveryKeysMax)",
    instead: "countOf(this.needed, recoveryKeysMax)",
    killedBy: "tests/unit/ui/recovery.test.ts",
  },
  {
    name: "a recovery key that was brought here is numbered by its place here",
    file: "src/ui/text/recoverySheet.ts",
    text: "held === keys ? at + 1 : null",
    instead: "at + 1",
    killedBy: "tests/unit/ui/recovery.test.ts",
  },
];
