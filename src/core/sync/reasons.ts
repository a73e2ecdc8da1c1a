/**
 * Every reason for which something of a peer is refused, dropped or done again, and counters of
 * them: nothing that goes wrong between two peers may stay unseen.
 */

/** What each counter counts, as an operator may read it. */
export const syncReasons = {
  "frame-length": "a frame of no bytes, or of more than a frame may have",
  "frame-malformed": "a message that is not canonical CBOR in the shape of its type",
  "frame-critical-extension": "a message with a critical extension that this version does not know",
  "piece-malformed": "a piece whose number, index or count cannot be, or that contradicts others",
  "piece-repeated": "a piece that had come before, or of a message that is whole or dropped",
  "message-incomplete": "a message in pieces that was dropped whole, to stay within memory",
  "message-too-long": "a message of more bytes than a message may have",
  "type-unused": "a message of a type that this version knows by name only",
  "type-unknown": "a message of an unknown type that may be ignored",
  "version-newer": "a message of an unknown type that must not be ignored: the session ended",
  "scope-unknown": "a message about a scope that is not attached here",
  "summary-old": "a summary that was overtaken by a newer one",
  "announcement-old": "a list of shared scopes that was overtaken by a newer one",
  "tips-repeated": "tips that were overtaken by newer ones, or had come before",
  "want-old": "a request that was overtaken by a newer one",
  "want-not-held": "a wanted tip that is not held here, or no longer",
  "want-own-unnamed": "own segments held back: the peer named a head of this writer not known here",
  "want-stuck": "a wanted range whose next segment fits no credit",
  "load-stale": "segments read for a request that was given up meanwhile",
  "credit-useless": "credit that raises nothing",
  "operation-unasked": "segments for a request that is over",
  "operation-over-credit": "segments beyond the credit granted: dropped, to be pulled",
  "request-repeated": "a request or its credit sent again, since nothing came",
  "request-timeout": "a request given up, since nothing came for too long",
  "tip-not-reached": "a request that ended without the head it was for",
  "push-held-back": "a segment not pushed, since the peer has not taken in what was pushed before",
  "forward-dropped": "a segment not forwarded at once, since too many wait: the peer will pull it",
  "rate-exceeded": "more came unasked than a peer may send: the session ended",
  "segment-forged": "a segment whose signature does not hold: the session ended",
  "control-malformed": "nonsense about a control chain, or against its rules: the session ended",
  "peer-left": "the peer ended the session",
} as const;

export type SyncReason = keyof typeof syncReasons;

/** A reason that is absent has not occurred. */
export type SyncCounters = Readonly<Partial<Record<SyncReason, number>>>;

export const counted = (counters: SyncCounters, reason: SyncReason, by = 1): SyncCounters => ({
  ...counters,
  [reason]: (counters[reason] ?? 0) + by,
});
