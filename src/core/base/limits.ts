/**
 * Every bound of the database, unit last. The bounds of FORMATS.md bind all replicas (a change is a
 * change of format); the others bind this program only.
 */

// FORMATS.md §1 and §2: names, values, documents
export const networkNameBytesMax = 128;
export const sharedSecretBytesMin = 32;
export const documentIdBytesMax = 256;
export const nameBytesMax = 256;
export const pathNamesMax = 16;
/** Path length plus nesting inside the leaf. */
export const depthMax = 16;
export const writeEntriesPerOpMax = 256;
export const unsetEntriesPerOpMax = 16_384;
export const opBytesMax = 1_048_576;
/** 16-bit counter of the hybrid clock. */
export const clockCounterMax = 65_535;
export const clockMillisecondsMax = 2 ** 48 - 1;
/**
 * How far ahead of this device's clock a stamp may be before it is quarantined, and how far one may
 * drag ours.
 */
export const clockAheadMillisecondsMax = 5 * 60_000;

// FORMATS.md §3: segments
export const segmentOpsTarget = 256;
export const segmentBytesTarget = 256 * 1024;
export const segmentOpsMax = 4_096;
export const segmentBodyBytesMax = 1_048_576 + 4_096;
export const segmentRowsMax = 4_096;
export const bodyDepthMax = 32;
/** Header: 4,096 rows of at most 64 bytes, opening, keys, extensions. */
export const segmentHeaderBytesMax = 4_096 * 64 + 16_384;
export const inboxSegmentsPerWriterMax = 1_024;
export const inboxBytesPerWriterMax = 16 * 1_048_576;
export const inboxBytesPerPeerMax = 16 * 1_048_576;
export const inboxBytesMax = 64 * 1_048_576;
export const forkBranchesMax = 16;

// FORMATS.md §6: the control chain
export const controlRecordBytesMax = 4 * 1_048_576;
export const controlSignersMax = 64;
/** Scopes of a frontier, devices of a removal, keys that a term carries. */
export const controlListMax = 4_096;
export const controlWritersMax = 65_536;
export const recoveryKeysMax = 32;
/** Of a chain, other branches included. */
export const controlRecordsMax = 65_536;
/** Of these, kept for what ends misuse: removals, roles, keys, another sequencer. */
export const controlRecordsReserved = 1_024;
/** Seconds online after a new term in which who was removed beside the chain is not served yet. */
export const termSettleTicks = 60;
/** Decisions that a member other than an owner may ask for at once, and then one in so long. */
export const proposalsAtOnceMax = 128;
export const proposalMillisecondsMin = 10_000;
export const networkCollectionsMax = 4_096;
/** A collection's settings as they stand in a record: sealed. */
export const collectionSettingsBytesMax = 65_536;
/** Atomic paths, and indexes, of a collection's settings. */
export const collectionListMax = 256;
/** Invites that are used up and answered all the same: a joiner may have lost the answer. */
export const usedInvitesAnsweredMax = 4;
/** Of so many joiners whom a device handed keys to it remembers why the sequencer refused them. */
export const refusedJoinersMax = 256;
/** That a device made and that can be used. */
export const openInvitesPerDeviceMax = 256;
/** Devices that the sequencer looks for under tags of their own: a relay takes 64 tags in all. */
export const pairTagsMax = 8;
/** And those that were removed and may not know it: so many of the last, for so long. */
export const removedTagsMax = 2;
/** And joiners whom this device handed keys to and who were refused: so many of the last. */
export const refusedTagsMax = 2;
/** Owners' devices that one who may have missed an epoch looks for, beside the sequencer's. */
export const pairOwnersMax = 4;
export const removedTagMillisecondsMax = 90 * 86_400_000;
/** A removed device that asks again is given the records again after so many ticks of a second. */
export const removalToldTicksMin = 30;
/** Of so many it is remembered when they were given them. */
export const removalsToldMax = 1_024;
/** Hashes by which a peer finds out what of a chain is held. */
export const controlLocatorMax = 64;
/** Of those: last records of branches beside the chain. */
export const controlBranchesMax = 24;
export const controlRecordsPerMessageMax = 1_024;
/** Who is ahead in the chain and does not answer is asked again after this. */
export const controlAskMilliseconds = 10_000;
/** Records are gathered up to so many bytes a message. */
export const controlMessageBytesTarget = 1_048_576;
/** A key is replaced when it is older; one that came into wrong hands is not, if it is newer. */
export const epochMillisecondsMax = 90 * 86_400_000;
export const epochForcedMillisecondsMin = 60_000;
/** How long a sequencer that was started waits to hear of what it may have forgotten. */
export const sequencerHearMillisecondsMax = 30_000;
/** Of the documents that this device's writes without a right concern, so many are named. */
export const notAcceptedNamedMax = 256;
/** That an epoch hands its key to. */
export const epochDevicesMax = 4_096;

// FORMATS.md §6: acknowledgements
export const acknowledgementBytesMax = 1_048_576;
/** Of one device that each say the last of some scope: with more, its next one names all scopes. */
export const acknowledgementsPerDeviceMax = 32;
export const acknowledgementBytesPerDeviceMax = 2 * 1_048_576;
/** Of all devices of a network: in an open one there may be as many as somebody likes to make. */
export const acknowledgementBytesPerNetworkMax = 32 * 1_048_576;
export const acknowledgementsPerMessageMax = 1_024;
/** That a message names. */
export const acknowledgedDevicesMax = 4_096;
/** Of messages about them from one peer that wait to be taken in, each with some for itself. */
export const acknowledgeWaitingBytesMax = 8 * 1_048_576;
export const acknowledgeWaitingBytesPerMessage = 1_024;
/** While things change a device acknowledges no more often than this, and this for each byte. */
export const acknowledgeMilliseconds = 30_000;
export const acknowledgeMillisecondsPerByte = 40;
export const acknowledgeMillisecondsMax = 600_000;
/** A device that is closed waits no longer for others to have heard its last one. */
export const farewellMillisecondsMax = 1_000;
/** Those of others gather for so long before they are told of. */
export const acknowledgedNewsMilliseconds = 15_000;

/** What a member is called. */
export const memberNameBytesMax = 128;
/** Sealed. */
export const sealedNameBytesMax = 512;

// FORMATS.md §7: invites
/** A link with the app's address. */
export const inviteTextBytesMax = 8_192;
export const inviteRelaysMax = 16;
export const inviteRelayBytesMax = 512;
/** An invite that this program makes names so many: its QR code is to be read from a screen. */
export const inviteRelaysOfferedMax = 4;
/** Kept of one network, beside this device's own. */
export const networkRelaysMax = 8;
/** Of all networks together, at once. */
export const namedRelaysMax = 16;

// FORMATS.md §7 and §8: greeting, frames, sync
export const greetingFrameBytesMax = 4_096;
export const greetingMillisecondsMax = 10_000;
export const greetingNetworksMax = 256;
/** Frames that came and nobody has asked for yet. */
export const greetingQueueBytesMax = 8 * 1_048_576;
export const frameBytesMax = 256 * 1024;
export const messageBytesMax = 4 * 1_048_576;
export const creditBytesMax = 2 * 1_048_576;
/** What may be pushed ahead of what the other side has taken in. */
export const pushBytesMax = 1_048_576;
/** Of so many pushes the peer is told where they lead, so that it can show how far it is. */
export const pushToldSegmentsMin = 16;
/** A message in pieces: how many pieces, and how many such messages at once from a peer. */
export const messagePiecesMax = 1_024;
export const messageAssembliesMax = 4;
export const summariesPerMessageMax = 256;
export const tipsPerMessageMax = 65_536;
export const announcedScopesMax = 65_536;
export const wantRangesMax = 64;
export const wantHavesMax = 64;
export const operationSegmentsMax = 4_096;
/** Segments are gathered up to this many bytes an operation, so that most fit one frame. */
export const operationBytesTarget = 192 * 1024;
/** Of what comes unasked from a peer: a burst, then so much a second. */
export const unaskedBytesBurst = 64 * 1_048_576;
export const unaskedBytesPerSecond = 10 * 1_048_576;
export const unaskedSegmentsBurst = 4_096;
export const unaskedSegmentsPerSecond = 500;
export const unaskedMessagesBurst = 512;
export const unaskedMessagesPerSecond = 50;
/** Of one device in a network, beyond which what it writes comes slowly (DESIGN.md §7). */
export const deviceQuotaBytes = 1_073_741_824;
export const deviceQuotaDocuments = 1_000_000;
/** The part of it from which on people are warned. */
export const deviceQuotaWarnedFrom = 0.8;
/** So fast is what a device wrote that is beyond it. */
export const slowedBytesPerSecond = 131_072;
/** A request for that alone ends when nothing more came for so long. */
export const slowedIdleMilliseconds = 2_000;
/** A range that differs is taken apart into so many, and what may lie before the first of them. */
export const rangePartsMax = 32;
/** Parts in all the ranges of a question. */
export const questionPartsMax = 512;
/** Of one repair. */
export const questionsMax = 64;
/** Documents that are named one by one; where more differ, all are read anew. */
export const differingDocumentsMax = 1_024;
/** Segments that are asked for at once, to take the place of damaged ones. */
export const wantedSegmentsMax = 64;
/**
 * How long a peer that broke the rules is not met, at most, in ticks of a second; after how many
 * without another offence it counts as the first again; of how many peers that is kept.
 */
export const offenceTicksMax = 16;
export const offenceForgottenTicks = 3_600;
export const offencesKeptMax = 1_024;
/** Of the application, to one peer: with what sync may send it stays below what a peer allows. */
export const applicationMessagesBurst = 128;
export const applicationMessagesPerSecond = 12;
export const applicationMessageBytesMax = 65_536;
/** With more that waits for its connection a peer is given no further message. */
export const applicationBacklogBytesMax = 1_048_576;
/**
 * What is written shortly after a cut gathers for the next: so long for each op that the last one
 * held, and no longer than the second says.
 */
export const gatherMillisecondsPerOp = 3;
export const gatherMillisecondsMax = 40;
/** Below it JavaScript has hashed something before the platform would have answered. */
export const nativeHashBytesMin = 16_384;
/** Lazy collections gather what is written for so long, or until it is so many ops. */
export const lazyMilliseconds = 10_000;
export const lazyOpsMax = 1_024;
/** After this long a page that could not start its network tries again. */
export const networkRetryMilliseconds = 10_000;
/** How long `connectPeer` waits for somebody to be there: relays and hole punching take time. */
export const connectMillisecondsMax = 10_000;
/** A peer is asked for a sign of life so often, and let go when nothing came for so long. */
export const peerHeartbeatMilliseconds = 30_000;
export const peerSilenceMillisecondsMax = 90_000;

// This program
/** A store that failed while something of a peer's was taken in is tried again, ever later. */
export const retakeTicksMax = 64;
/** What the passing of time makes due is looked for this often. */
export const tickMilliseconds = 1_000;
/** A round of sync ends when it comes no further for so long; it is looked at so often. */
export const roundStallMillisecondsMax = 30_000;
/** A removal waits for what connected members hold, but no longer. */
export const catchUpMillisecondsMax = 5_000;
export const roundLookMilliseconds = 5_000;
/** Peers that its error names. */
export const roundPeersNamedMax = 8;
/** A question of a repair is asked again after so long, and so many times. */
export const repairRepeatMilliseconds = 2_000;
export const repairRepeatsMax = 15;
/** A repair that changed nothing is followed by another no sooner than this, and ever later. */
export const repairWaitMilliseconds = 60_000;
export const repairWaitMillisecondsMax = 3_600_000;
/** Between two lists of all documents of a home, and how long one is kept to answer from. */
export const rangeListGapMilliseconds = 30_000;
/** How many devices a home remembers having been compared with in vain. */
export const repairDevicesMax = 256;
/** Documents are listed in turns of so many. */
export const listedDocumentsPerTurn = 200;
/** For the digest, while nobody asks for it: about 2 ms. */
export const hashedDocumentsPerTurn = 500;
export const readSiblingsMax = 64;
export const batchDocumentsMax = 100_000;
export const transactionWritesPerCollectionMax = 4_096;
export const transactionBytesPerCollectionMax = 1_048_576;
export const transactionAttemptsMax = 5;
/** How long a transaction that runs again waits for those before it. */
export const transactionTurnMillisecondsMax = 1_000;
/** Files that were there and are refused are asked for again after so long each. */
export const openAgainMilliseconds: readonly number[] = [50, 200, 1_000];
/** How long opening waits for a database that another tab holds. */
export const databaseLockMillisecondsMax = 1_000;
/** A tab asks its leader for a sign of life so often; behind so many without one it takes over. */
export const heartbeatMilliseconds = 2_000;
export const heartbeatsMissedMax = 5;
/** How long deleting a database waits for other tabs to say that they heard of it. */
export const tabsHearMillisecondsMax = 1_000;
export const iteratePageDocumentsDefault = 256;
export const recentCommandsMax = 4_096;
/** Their results as they are noted when the journal is let go. */
export const recentCommandsBytesMax = 1_048_576;
/** A transaction whose readings are older than so many changes is made again. */
export const changesKeptMax = 16_384;
/** The journal is let go when it holds more: an opening replays it. */
export const journalHeldBytesMax = 48 * 1_048_576;
/** How long the log of `local` keeps what was replaced or deleted. */
export const historyMilliseconds = 30 * 86_400_000;
/** It is trimmed when so many of its ops are older, and so many times as many as documents live. */
export const trimOpsMin = 16_384;
export const trimOpsPerDocument = 4;
/** Documents are looked at and written anew in turns of so many meanwhile. */
export const trimDocumentsPerTurn = 200;
/** Without a write for so long, what was written goes into pages. */
export const idleMilliseconds = 3_000;
/** Writes that a page makes at once and that go to the engine in one message. */
export const groupedWritesMax = 64;
/** Rows of writes that go in one message are moved from so many bytes on; less is copied. */
export const groupTransferBytesMin = 65_536;
/** Of values that a record of the journal holds where they are written anew from pages. */
export const salvageBytesPerCommit = 24 * 1_048_576;
export const journalRecordBytesMax = 64 * 1_048_576;
/** Pages of documents: how full, and how many table entries make one worth writing anew. */
export const pageBytesTarget = 64 * 1024;
export const pageTableEntriesMax = 1_024;
/** Pages of a checkpoint go into transactions of about so many bytes. */
export const pageWriteBytesTarget = 8 * 1_048_576;
/** A file of JSON is read whole; others go line by line, whatever their size. */
export const importJsonBytesMax = 256 * 1_048_576;
/** Documents of a file go into commits of so many. */
export const importBatchDocuments = 1_000;
/** Of the documents that could not be imported, so many are told one by one. */
export const importProblemsMax = 100;
/** Opened pages that are kept in memory, whatever the size of the database. */
export const pageCacheBytesMax = 48 * 1_048_576;
/** Documents that are kept decoded in opened pages. */
export const decodedDocumentsMax = 65_536;
/** Documents changed since the last checkpoint: with so many, the next one is due. */
export const dirtyDocumentsMax = 131_072;
/** Headers a page of the delivered tree. */
export const headersPerPageMax = 512;
/** A journal's file that would grow beyond this ends, and the next one begins. */
export const journalFileBytesMax = 16 * 1_048_576;
/** One whose records are all absorbed goes on until it holds more than this. */
export const journalFileAbsorbedBytesMax = 1_048_576;
/** A journal is read in pieces of this size, unless a record is larger. */
export const journalReadBytes = 1_048_576;
/** How many bytes of what may be records are checked behind damage in one file. */
export const journalSearchBytesMax = 256 * 1_048_576;
/** The journal's note in the tables: some epochs of some 60 bytes each. */
export const journalNoteBytesMax = 65_536;
export const journalNoteEpochsMax = 1_024;
export const queryDepthMax = 64;
export const regexLengthMax = 1_024;
/** What is remembered of fields and names that were met before, so that checking is done once. */
export const shapeStepsMax = 8_192;
export const soundNamesMax = 4_096;
/** Keys of maps that are kept to be given again. */
export const keptKeysMax = 256;
export const keptKeyBytesMax = 32;
/** Texts of an answer are cut from windows of this size, and each keeps its window. */
export const textWindowBytes = 16_384;
/** What is set aside at once for rows that are yet to be written. */
export const rowsReservedBytesMax = 16 * 1_048_576;

// The carrier of src/net: pages, their channels and the rendezvous of a relay
export const rendezvousTagsMax = 64;
/** Days and parts whose tags are remembered of one key. */
export const tagsKnownMax = 256;
export const rendezvousPeersPerTagMax = 64;
/** A registration of 64 tags, an answer of 64 peer ids, each with room to spare. */
export const rendezvousFrameBytesMax = 8_192;
export const channelsMax = 64;
/** To one peer at once: one a network, and those that are being tried. */
export const channelsPerPeerMax = 16;
/** Of how many peers it is remembered what was tried with them. */
export const peerLinesMax = 1_024;
export const dialsAtOnceMax = 2;
/** A dial ends after so long, unless the caller says otherwise: a relay, ICE and a slow machine. */
export const dialMillisecondsDefault = 20_000;
export const dialMillisecondsMin = 100;
export const dialMillisecondsMax = 600_000;
/** Between two questions to the DHT: with peers, unless the caller says otherwise; without any. */
export const discoveryMillisecondsDefault = 60_000;
export const discoveryAloneMillisecondsMax = 30_000;
export const discoveryMillisecondsMin = 1_000;
export const discoveryMillisecondsMax = 86_400_000;
/** Peers with whom a page is connected at once (DESIGN.md §7); others are reached through them. */
export const directPeersMax = 8;
/** Of these places so many change hands, one after so long, where there are more peers. */
export const rotatingPeersMax = 2;
export const rotationMilliseconds = 60_000;
/** Who stands only under tags with no more peers is met before others. */
export const rareGroupPeersMax = 2;
/** That the log of frames keeps, where it is on. */
export const frameNotesMax = 1_000;
/** Of these, that a person sees at once: a screen is read, the rest is copied. */
export const framesShownMax = 25;
/** How long WebRTC may take to find an address of this device, where that is tried. */
export const webrtcTrialMillisecondsMax = 5_000;
/** How long the server of the page may take to say what time it is. */
export const clockAskedMillisecondsMax = 5_000;
/**
 * A trial of WebRTC or of the clock holds for so long: browsers allow a page some hundred
 * connections until they tidy up.
 */
export const trialKeptMilliseconds = 10_000;

// Settings of the connection, which stay on this device
export const connectionRelaysMax = 16;
export const connectionIceServersMax = 16;
export const iceServerUrlsMax = 8;
/** An address, a URL, a user name, a password. */
export const connectionTextBytesMax = 512;
/** All of them as they are stored. */
export const connectionBytesMax = 262_144;

// The store on files (src/storage/file)
/** A file of the journal that holds more is followed by another. */
export const fileJournalBytesMax = 16 * 1_048_576;
/** One that holds more goes as soon as all of it is absorbed. */
export const fileJournalIdleBytesMax = 1_048_576;
/** The tables are copied to a new file when more counts no more, and that is over half of it. */
export const fileTablesWasteBytesMin = 8 * 1_048_576;
/** So much is copied at a time. */
export const fileTablesCopyBytesMax = 1_048_576;

// Blobs (FORMATS.md §10)
export const blobChunkBytes = 1_048_576;
/** How long nobody refers to what a sweep removes, and how old a draft is that it removes. */
export const blobUnreferencedMillisecondsMax = 24 * 60 * 60_000;
