/**
 * Every bound of the relay in one table, unit last. libp2p's own defaults are made for a stranger's
 * traffic on a public node: 15 reservations, 128 KiB and two minutes a relayed connection, five
 * connections a second from one host (and all of ours come from one: the HTTP server in front).
 * Here a relay serves the pages it serves.
 */
export const limits = {
  /** Browsers connected at once. */
  connectionsMax: 1_024,
  connectionsPendingMax: 128,
  connectionsPerSecondMax: 256,
  reservationsMax: 1_024,
  /** Pages renew theirs long before. */
  reservationMilliseconds: 2 * 60 * 60_000,
  /** One relayed connection between two pages, both ways together; a new one takes its place. */
  relayedBytesMax: 16n * 1_024n ** 3n,
  relayedMilliseconds: 24 * 60 * 60_000,
  /** Relayed connections that one page opens, and that one page answers, at a time. */
  relayedPerPageMax: 256,

  /** A page that comes back may open a second stream before the first is known to be dead. */
  rendezvousStreamsPerPageMax: 4,
  rendezvousPagesMax: 1_024,
  /** Registrations of one page: so many at once, then so many a second. */
  registrationsBurst: 20,
  registrationsPerSecond: 2,
  /** How long changes gather before a page is told of them again. */
  pushIntervalMilliseconds: 100,

  /** WebSockets being carried to libp2p. */
  socketsMax: 1_100,
  headersMillisecondsMax: 10_000,
  requestMillisecondsMax: 30_000,
  stopMillisecondsMax: 3_000,
} as const;
