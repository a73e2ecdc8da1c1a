/**
 * Every bound of the relay in one table, unit last. libp2p's own defaults are made for a stranger's
 * traffic on a public node: 15 reservations, 128 KiB and two minutes a relayed connection, five
 * connections a second from one host (and all of ours come from one: the HTTP server in front).
 * Here a relay serves the pages it serves.
 *
 * What whoever runs a relay may want otherwise is a setting; `settings.ts` has its default and how
 * far it goes.
 */
export const limits = {
  /** No relay is larger: what is kept for each page is meant for one process. */
  connectionsCeiling: 65_536,
  /** Handshakes that run at once, and that begin in a second. */
  connectionsPendingMax: 1_024,
  connectionsPerSecondMax: 1_024,
  reservationMinutesCeiling: 7 * 24 * 60,
  /** One relayed connection between two pages, both ways together; a new one takes its place. */
  relayedMebibytesCeiling: 1_048_576,
  relayedMinutesCeiling: 7 * 24 * 60,
  /** Relayed connections that one page opens, and that one page answers, at a time. */
  relayedPerPageMax: 256,

  /** A page that comes back may open a second stream before the first is known to be dead. */
  rendezvousStreamsPerPageMax: 4,
  /** Registrations of one page: so many at once, then so many a second. */
  registrationsBurst: 20,
  registrationsPerSecond: 2,
  /** How long changes gather before a page is told of them again. */
  pushIntervalMilliseconds: 100,

  /** Other relays to which one stays connected. */
  neighboursMax: 32,
  /** One of the LAN that fails so often in a row is forgotten, until it is found again. */
  neighbourFailuresMax: 10,
  dialMillisecondsMax: 20_000,

  /** What is known of peers that are not connected. */
  peersMax: 4_096,
  peerMillisecondsMax: 24 * 60 * 60_000,
  /** Who provides what in the DHT, of all and of one peer; each as long as it is not said again. */
  providersMax: 16_384,
  providersPerPeerMax: 256,
  providersToldMax: 64,
  providerMillisecondsMax: 2 * 60 * 60_000,
  dhtStreamsPerPageMax: 8,

  /** Addresses in a setting that is a list of them. */
  addressesMax: 32,
  configurationBytesMax: 65_536,

  /** Of one event; what is beyond is counted. */
  logLinesPerSecondMax: 10,

  /** Sockets that wait to be accepted, if the system lets so many; Node's own 511 are soon full. */
  backlogMax: 4_096,
  /** Sockets that are no peers, or not yet: the one silent longest makes room for the newest. */
  guestsMax: 2_048,
  /** What one says before it is a peer: a handshake, and what is sent right behind it. */
  guestBytesMax: 65_536,
  /** One message of a WebSocket. libp2p sends at most 64 KiB and their seal in one. */
  messageBytesMax: 1_048_576,
  /** How long a browser has to end its socket when libp2p is done with it. */
  goodbyeMilliseconds: 2_000,
  headersMillisecondsMax: 10_000,
  requestMillisecondsMax: 30_000,
  stopMillisecondsMax: 3_000,
} as const;
