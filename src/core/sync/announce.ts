/**
 * Which scopes the other side does not share (FORMATS.md §8, type 6). Whoever has a scope says so
 * by its summary; that one has it not, or no longer, is said here, so that nobody waits for a
 * comparison that will never come, nor takes an old one for the present.
 */
import type { ScopeId } from "../base/types.ts";
import { takeTurn } from "./allowance.ts";
import type { Message } from "./frames.ts";
import { changeScope, count, send, type Draft } from "./sessionState.ts";

/** The peer speaks of a scope that is not attached here. */
export const noteUnknown = (draft: Draft): void => {
  count(draft, "scope-unknown");
  draft.announcing = { ...draft.announcing, isDue: true };
};

export const detachScope = (draft: Draft, id: ScopeId): void => {
  const scope = draft.scopes.get(id);
  if (scope === undefined) return;
  draft.scopes.delete(id);
  const isSpokenOf = scope.peer !== null || scope.peerTips !== null;
  if (isSpokenOf) draft.announcing = { ...draft.announcing, isDue: true };
};

export const sendAnnouncement = (draft: Draft): void => {
  if (!draft.announcing.isDue || !takeTurn(draft)) return;
  const revision = draft.announcing.revision + 1;
  draft.announcing = { ...draft.announcing, revision, isDue: false };
  send(draft, { kind: "collection-announce", revision, scopes: [...draft.scopes.keys()] });
};

export const takeAnnouncement = (
  draft: Draft,
  { revision, scopes }: Extract<Message, { kind: "collection-announce" }>,
): void => {
  if (revision <= draft.announcing.peerRevision) {
    count(draft, "announcement-old");
    return;
  }
  draft.announcing = { ...draft.announcing, peerRevision: revision };
  const shared = new Set(scopes);
  for (const scope of draft.scopes.values()) {
    if (!shared.has(scope.local.scope)) changeScope(draft, scope, absent);
  }
};

/** Until it speaks of the scope again. What it held says nothing by then. */
const absent = {
  ...{ isAbsent: true, peer: null, peerTips: null },
  ...{ missing: new Map(), missingOps: 0, retries: new Map() },
} as const;
