/**
 * What a person reads of networks and their members. Apart from the other texts, since it is loaded
 * with the views of sharing, which the first page does without.
 */
import type { ClosedNetwork } from "../client/networkTypes.ts";
import { count, inDigits } from "./messages.ts";

const decisions = new Map([
  ["admit", "a new member"],
  ["device", "a new device"],
  ["remove", "a removal"],
  ["role", "a role"],
  ["invite", "an invite"],
  ["revoke", "the end of an invite"],
  ["collection", "a shared collection"],
  ["transfer", "who keeps the order"],
  ["epoch", "new keys"],
  ["keys", "earlier keys"],
  ["name", "a name"],
  ["term", "a new start with recovery keys"],
]);

export const sharingMessages = {
  title: "Sharing",
  none: "Everything is only on this device. Make or join a network to have it on others too.",
  networks: "Networks",
  isOpen: "Open network",
  isPending: "Waiting for its secret",
  isClosed: "Closed network",
  isJoining: "Joining",
  joiningText:
    "The invite is taken. This device and the one that made it must be online at the same time.",
  noSecret: "It has no secret: anyone who knows its name can read it.",
  peers: "Connected devices",
  deviceWarnings: "About devices of this network",
  noPeers: "No other device is connected. NebulusDB keeps looking.",
  device: (peer: string) => `Device ${peer}`,
  paths: { direct: "direct", relayed: "relayed, sealed end to end", memory: "in memory" },
  collections: "Shared collections",
  collectionsHint:
    "Every member gets a copy. Switching off stops the exchange; others keep what they have.",
  noCollections: "Make a collection first; then it can be shared here.",
  offered: "Shared by others, not on this device yet",
  offeredHere: "Others share one of this name. Switched on, both become one.",
  add: "Add",
  addAll: "Add all that others share",
  privateByDefault: "Keep documents private unless I share them",
  privateByDefaultText:
    "On this device: what is new in these collections, or in one that is switched on, stays here " +
    "until Private is switched off in it. What is shared by now stays shared.",
  addNamed: (collection: string) => `Add ${collection}`,
  unknownCollections: (amount: number) =>
    `${count(amount, "more collection")} ${amount === 1 ? "is" : "are"} shared here that this ` +
    "device cannot read: made by a newer version of NebulusDB, or under a key that it does not " +
    "have yet.",
  elsewhere: (network: string) => `Shared with ${network}`,
  notShared: "Not shared",
  leave: (network: string) => `Leave ${network}`,
  leaveTitle: (network: string) => `Leave ${network}?`,
  leaveText: "Its documents stay on this device and are no longer exchanged.",
  leaveClosed: "To come back you need a new invite.",
  leaveOrder:
    "This device keeps the order of this network's decisions: once it has left, nobody can be " +
    "let in or removed any more.",
  leaveConfirm: "Leave",

  sync: {
    title: "Sync",
    text:
      "“Verified equal” means: both devices compared a digest of all that they hold, and found " +
      "the same. It holds for the devices that are named, at the time that is given.",
    progress: (collection: string) => `How much of ${collection} has come`,
    nothing: "No collection is shared here.",
    with: (devices: readonly string[]) => `Compared with: ${devices.join("; ")}`,
    onlyHere: (changes: number) =>
      `${count(changes, "change")} of this device ${changes === 1 ? "is" : "are"} on no other yet`,
  },

  ways: {
    title: "Make or join a network",
    make: "Make a network",
    invite: "Join with an invite",
    secret: "Use a shared secret",
  },
  makeText: "People come in by invite; you can remove them later.",
  makeHint: "Who is invited sees it too",
  makeNetwork: "Make network",
  moreKeys: "More recovery keys",
  moreKeysText:
    "A recovery key brings the network back when the device that keeps its order is lost. With " +
    "several, at different people, none of them can take the network over alone.",
  keys: "How many recovery keys",
  keysNeeded: "How many are needed",
  countFault: (max: number) => `A whole number from 1 to ${inDigits(max)}.`,
  made: (network: string) => `${network} is made. Choose what to share, and invite others.`,
  inviteText:
    "Who is in the network sees this device, and gets the collections that you share with it.",
  inviteLink: "Link of the invite",
  inviteHint: "The whole link that you were given, or its code",
  inviteMissing: "Paste the link of an invite.",
  inviteJoin: "Join",
  invited: (network: string) =>
    network === "" ? "Join with this invite?" : `Join “${network}” with this invite?`,
  inviteRelays: (relays: readonly string[]) =>
    `Its members are met at ${relays.join(" and ")} too: this device will contact it, and ` +
    "whoever runs it sees the network address of this device, and never what is shared.",
  notNow: "Not now",

  joinTitle: "Join or make an open network",
  joinText: "Who gives the same name and secret is in the same network; the first one makes it.",
  joinWarning:
    "Anyone who has the name and the secret can join, read and write. Nobody can be removed " +
    "from an open network: to shut someone out, make a new one.",
  name: "Name of the network",
  nameHint: "The same on all devices, letter by letter",
  secret: "Shared secret",
  secretHint: (least: number) => `At least ${inDigits(least)} characters`,
  secretShort: (missing: number) => `${count(missing, "character")} more needed.`,
  nameMissing: "A name is needed.",
  make: "Make a secret and copy it",
  copied: "Copied. Send it to your other device in a way that you trust; it is not shown again.",
  notCopied: "This browser did not let it be copied. It is shown here: copy it by hand.",
  show: "Show",
  hide: "Hide",
  join: "Join or make",
  joining: "Joining…",
  joined: (network: string) => `This device is in ${network} now. Choose what to share.`,
  samePeer: "Who is in two of your networks can see that you are the same device in both.",
};

export const scanMessages = {
  scan: "Scan its QR code with the camera",
  photo: "Choose a photo of it",
  stop: "Stop the camera",
  camera: "What the camera shows",
  hold: "Hold the QR code in front of the camera.",
  looking: "The camera is on. Looking for a QR code.",
  refused: (otherwise: string) =>
    "This page may not use the camera. Allow it in the browser's settings for this site, choose " +
    `a photo of the QR code, or ${otherwise}.`,
  noCamera: (otherwise: string) =>
    `There is no camera here. Choose a photo of the QR code, or ${otherwise}.`,
  pasteLink: "paste the link",
  enterKey: "type the key",
  busy: "The camera gives no picture; another program may use it. Close that and try again.",
  noCode: "No QR code is to be seen there. Take the photo from nearer, in good light.",
  noPicture: "That file is no picture that this browser can show.",
  noInvite: "That QR code is no invite into a network.",
  noRecoveryKey: "That QR code is no recovery key.",
};

export const closedMessages = {
  standing: {
    owner: "You are an owner: you invite, remove and give roles.",
    editor: "You are an editor: you read and write.",
    reader: "You are a reader: you read, and write nothing.",
  },
  code: "Code",
  codeText:
    "Each device has a code. Read it aloud to each other: where both see the same one, nobody " +
    "stands in between.",
  waiting: "This device is not let in yet. What you write stays here until then.",
  /** A device that waits and is not let in any more, by the reason. */
  notLetIn: {
    "invite-revoked":
      "This device is not let in: the invite was taken back. What you wrote stays here. Leave " +
      "the network, and ask for another invite.",
    "invite-used":
      "This device is not let in: others used the invite up before. What you wrote stays here. " +
      "Leave the network, and ask for another invite.",
    "invite-expired":
      "This device is not let in: the invite expired first. What you wrote stays here. Leave the " +
      "network, and ask for another invite.",
    "maker-removed":
      "This device is not let in: whoever invited it is no member any more. What you wrote stays " +
      "here. Leave the network, and ask another member for an invite.",
    "network-full":
      "This device is not let in: the network has as many decisions as one can have. What you " +
      "wrote stays here. Leave the network; its members can make a new one.",
    "not-allowed":
      "This device is not let in: whoever invited it may not let anybody in. What you wrote " +
      "stays here. Leave the network, and ask one of its owners for an invite.",
  },
  orderDevice: (member: string | null) =>
    member === null
      ? "the device that keeps the order"
      : `the device of ${member} that keeps the order`,
  /** null: it was so when this page was opened. */
  since: (when: string | null) => (when === null ? "before this page was opened" : when),
  untilConnected: (since: string, device: string) =>
    `Waiting since ${since}, until ${device} is connected.`,
  untilDecided: (since: string, device: string) =>
    `Waiting since ${since}; ${device} is connected and about to decide.`,
  untilHeard: (since: string) =>
    `Waiting since ${since}: this device keeps the order, and first hears from another member ` +
    "what it may have missed.",
  removed:
    "This device was removed. What it has stays here; leave the network to go on with it alone.",
  frozen:
    "Two decisions about this network contradict each other. Documents go on; no member, role or " +
    "invite changes until somebody settles that with the recovery key: enter it below, or ask " +
    "the person who made the network.",
  frozenHere:
    "Two decisions about this network contradict each other. Documents go on; no member, role or " +
    "invite changes until that is settled. This device has the recovery key: choose “Make this " +
    "device keep the order” below.",
  toDecide: (decisions: readonly string[]) => `Not decided yet: ${decisions.join(", ")}.`,
  /** Of what waits to be decided, by its kind. */
  decision: (kind: string) => decisions.get(kind) ?? "a change",

  members: "Members",
  member: (account: string) => `Member ${account.slice(0, 8)}`,
  you: "you",
  devices: (devices: number) => count(devices, "device"),
  devicesOf: (member: string) => `Devices of ${member}`,
  deviceOf: (member: string, device: string) => `${device} of ${member}`,
  ownDeviceNamed: (device: string) => `${device}, yours`,
  thisDevice: "this device",
  connected: "connected",
  keepsOrder: "keeps the order of decisions",
  name: "Name",
  nameText: "Every member sees it, and nobody else.",
  nameHint: "One line, such as a first name",
  nameSave: "Save",
  giveName: "Give a name",
  changeName: "Change the name",
  rename: (member: string) => `Name ${member}`,
  /** The words of a button first, as they are spoken to press it. */
  buttonFor: (words: string, whom: string) => `${words}: ${whom}`,
  memberNameMissing: "A name is needed.",
  roles: { owner: "Owner", editor: "Editor", reader: "Reader" },
  roleOf: (member: string) => `Role of ${member}`,
  remove: "Remove",
  removeNamed: (what: string) => `Remove ${what}`,
  removeTitle: (member: string) => `Remove ${member} with all their devices?`,
  removeText:
    "What they already have stays with them. They cannot read what is written from now on: it is " +
    "sealed under new keys. What they wrote that has not come here yet is not accepted any more.",
  removeDeviceTitle: (device: string) => `Remove ${device}?`,
  removeDeviceText:
    "What it already has stays on it. It cannot read what is written from now on: that is sealed " +
    "under new keys. What was written on it that has not come here yet is not accepted any more.",
  handOver: "Let it keep the order",
  handOverTitle: (device: string) => `Let ${device} keep the order?`,
  handOverText:
    "Who is let in or removed, and who has which role, is then decided on that device: such " +
    "decisions wait while it is not connected. Choose one that is often online.",
  handOverConfirm: "Hand over",

  notAccepted: "Not accepted",
  notAcceptedText:
    "This device wrote what follows when it had no right to any more. Nobody else has it.",
  notAcceptedIn: (changes: number, collection: string, documents: string, more: number) =>
    `${count(changes, "change")} in ${collection}: ${documents}` +
    (more > 0 ? `, and ${count(more, "more document")}` : ""),
  notAcceptedReader:
    "It is kept here and can be written again once an owner lets you write; or let it go.",
  notAcceptedWriter: "You may write again: what is written again reaches everybody.",
  notAcceptedRemoved: "It stays in the documents of this device until you let it go.",
  notAcceptedCount: (changes: number) =>
    `${count(changes, "change")} of this device ${changes === 1 ? "is" : "are"} not accepted: ` +
    "see under Sharing.",
  documentOf: (id: string) => `document ${id}`,
  reissue: "Write it again",
  discard: "Let it go",
  discardTitle: "Let it go for good?",
  discardText: "These changes are on no other device, and nothing brings them back.",
  discardConfirm: "Let it go",

  order: "Order and keys",
  orderUnknown: "Nobody knows here which device keeps the order of decisions.",
  orderHere: "This device keeps the order of decisions: changes wait while it is not connected.",
  orderAt: (device: string, isConnected: boolean) =>
    `${device} keeps the order of decisions. It is ${isConnected ? "" : "not "}connected.`,
  recoveryKey: "Recovery key",
  recoveryShow: (held: number) =>
    held === 1 ? "Show the recovery key…" : "Show the recovery keys…",
  recoveryTitle: (held: number) =>
    held === 1 ? "Show the recovery key?" : "Show the recovery keys, one by one?",
  recoveryText:
    "It brings the network back when the device that keeps the order is lost. Whoever has it can " +
    "take that over: look around you first, and keep it on paper, away from your devices.",
  recoveryTextOf: (needed: number) =>
    `${inDigits(needed)} of them together bring the network back when the device that keeps the ` +
    "order is lost. Each is for another person: look around you first, and hand it over on paper.",
  recoveryConfirm: (held: number) => (held === 1 ? "Show it" : "Show the first"),
  recoveryShown: "Write it down, or copy it to a safe place. It is shown until you put it away.",
  recoveryShownOf:
    "For one person: print or save it, or let them scan it. It is shown until you put it away.",
  /** null: which one it is, is known where all of them are. */
  keyOf: (number: number | null, keys: number) => {
    if (keys === 1) return "Recovery key";
    return number === null
      ? `One of ${inDigits(keys)} recovery keys`
      : `Recovery key ${inDigits(number)} of ${inDigits(keys)}`;
  },
  keyPicture: (key: string) => `${key} as a QR code, to be scanned`,
  keyBefore: "Back",
  keyAfter: "Next key",
  print: "Print",
  save: "Save as a file",
  sheetTitle: (key: string, network: string) => `${key} of the network “${network}” (NebulusDB)`,
  sheetText: (needed: number, keys: number) =>
    keys === 1
      ? "It brings the network back when the device that keeps the order of its decisions is " +
        "lost. Whoever has it can take that over: keep it in a safe place."
      : `${inDigits(needed)} of ${inDigits(keys)} such keys together bring the network back when ` +
        "the device that keeps the order of its decisions is lost. Keep this one safe, away " +
        "from the others.",
  sheetUse: (network: string) =>
    `To use it: in NebulusDB, as a member, choose Sharing, ${network}, Order and keys, and enter ` +
    "it there.",
  handOut:
    "All recovery keys are still on this device, and are lost with it. Show them, hand each to " +
    "another person, then forget them here.",
  recoveryEnter: (keys: number) => (keys === 1 ? "Enter the recovery key" : "Enter a recovery key"),
  recoveryEnterText:
    "If the device that keeps the order is lost, this device can take that over with the key " +
    "that was written down on the device that made the network.",
  recoveryEnterTextOf: (needed: number) =>
    `If the device that keeps the order is lost, ${inDigits(needed)} of the recovery keys ` +
    "together let this device take that over: enter them one after the other, or let those who " +
    "hold them enter theirs on their own devices.",
  recoveryHint: "14 groups of four letters and digits",
  recoveryMissing: "Enter the recovery key.",
  recoveryTaken: (keys: number) =>
    `This device has ${keys === 1 ? "the" : "that"} recovery key now.`,
  recoveryOf: ({ needed, keys, held }: ClosedNetwork["recovery"]) =>
    `There are ${String(keys)} recovery keys, with different people at best: ${String(needed)} ` +
    `of them together bring the network back. ${held === 0 ? "None" : String(held)} of them ` +
    `${held > 1 ? "are" : "is"} on this device.`,
  recoveryForget: "Forget the recovery keys here…",
  recoveryForgetTitle: "Forget the recovery keys on this device?",
  recoveryForgetText:
    "Do it once each of them is with its holder: a key that nobody wrote down is lost for good.",
  recoveryForgetConfirm: "Forget them here",
  termAsked: (device: string, agreed: number, needed: number) =>
    `${device} is to keep the order from now on: ${String(agreed)} of ${String(needed)} recovery ` +
    "keys have agreed. Whoever has another one enters it here and agrees.",
  termWaits: "It takes effect once enough recovery keys have agreed.",
  agree: "Agree with the recovery key here…",
  agreeTitle: (device: string) => `Let ${device} keep the order?`,
  agreeConfirm: "Agree",
  agreed: "It is agreed.",
  term: "Make this device keep the order…",
  termTitle: "Make this device keep the order?",
  termText:
    "For when the device that keeps it is lost, or decisions contradict each other. What that " +
    "device decided and nobody heard of does not count any more.",
  termConfirm: "Take it over",
  termOpened: "This device keeps the order now.",
  renew: "Renew the keys…",
  renewTitle: "Renew the keys now?",
  renewText:
    "What is written from now on is sealed under a new key, which only present members get. That " +
    "happens by itself at every removal and every 90 days; do it when a key may have leaked.",
  renewConfirm: "Renew",
  renewed: "New keys are on their way to all members.",

  invites: "Invites",
  invite: "Invite somebody",
  ownDevice: "A device of mine",
  forWhom: "For whom?",
  forWhomHint: "A name that all members see; whoever comes in can change it. May stay empty.",
  nameForOne: "A name is for one person: let one use the invite, or leave the name empty.",
  role: "Role",
  rolesInFull: {
    owner: "Owner: also invites and removes",
    editor: "Editor: reads and writes",
    reader: "Reader: only reads",
  },
  uses: "How many may use it",
  usesFault: "A whole number from 1.",
  lasts: "How long it can be used",
  spans: {
    hour: "One hour",
    day: "One day",
    days: "Three days",
    month: "Thirty days",
    ever: "Until it is revoked",
  },
  makeInvite: "Make the invite",
  link: "Link of the invite",
  linkText:
    "Whoever has this link can come in: give it only to those who are meant. This device lets " +
    "them in, so keep it online until they are there. The link is shown only now.",
  deviceText:
    "Open this link on your other device, which then acts for you. This device lets it in, so " +
    "keep it online until then. Whoever has the link could come in as you: give it to nobody " +
    "else. It is shown only now.",
  linkWaits: "It can be used once this device has met the one that keeps the order.",
  copy: "Copy",
  copied: "Copied.",
  notCopied: "This browser did not let it be copied. It is selected: copy it by hand.",
  picture: "The link as a QR code, to be scanned",
  done: "Done",
  revoke: "Revoke",
  revokeNamed: (invite: string) => `Revoke the invite: ${invite}`,
  revoked: "The invite is revoked.",
  open: (usesLeft: number, until: string | null) =>
    `${count(usesLeft, "use")} left · ${until === null ? "until revoked" : `until ${until}`}`,
  openWaits: "An invite that cannot be used yet",
};
