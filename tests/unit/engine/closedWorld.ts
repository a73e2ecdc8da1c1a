/**
 * Closed networks for tests of engines: made, joined by invite, changed as the service does it.
 */
import { createClosed, beginJoining } from "../../../src/engine/closed/create.ts";
import { takeRecords } from "../../../src/engine/closed/decide.ts";
import { changeMember, closedNamed, makeInvite } from "../../../src/engine/closed/manage.ts";
import type { ClosedMembership } from "../../../src/engine/closed/membership.ts";
import type { InviteRequest, MemberChange } from "../../../src/core/wire/networks.ts";
import type { ClosedSnapshot } from "../../../src/core/wire/snapshots.ts";
import { parseSegment } from "../../../src/core/segment/segment.ts";
import { segmentsOf, type Device, type OpenOptions, type World } from "./world.ts";

/** Words that stand nowhere else, so that a test can look for them. */
export const team = "team-of-canaries";
export const title = "The title of the team";

export const open = (world: World): Promise<Device> => world.open({ joined: false });

export const founder = async (world: World, recovery = { keys: 1, needed: 1 }): Promise<Device> => {
  const device = await open(world);
  await createClosed(device.engine, { networkId: team, title, recovery });
  device.opened.sync.refresh();
  return device;
};

export const invited = async (
  maker: Device,
  request: Partial<InviteRequest> = {},
): Promise<Awaited<ReturnType<typeof makeInvite>>> => {
  const wanted: InviteRequest = {
    ...{ purpose: "member", role: "editor", uses: 1 },
    ...{ expiresInMs: null, name: null },
  };
  const made = await makeInvite(maker.engine, membershipOf(maker), {
    requestId: maker.nextId(),
    invite: { ...wanted, ...request },
  });
  await tell(maker);
  return made;
};

/** As the service does behind every decision. */
export const tell = (device: Device): Promise<void> =>
  device.opened.sync.chainChanged(membershipOf(device));

export const change = async (device: Device, wanted: MemberChange): Promise<void> => {
  await changeMember(device.engine, membershipOf(device), wanted);
  await tell(device);
};

export const membershipOf = (device: Device): ClosedMembership => closedNamed(device.engine, team);

export const heightOf = (device: Device): number => membershipOf(device).control.head().height;

/** As a peer would send them. */
export const recordsOf = (device: Device): readonly Uint8Array[] =>
  membershipOf(device)
    .control.records()
    .map(({ bytes }) => bytes);

/** The sequencer's profile as it was, which decides something else: an invite. */
export const contradict = async (
  world: World,
  image: ReturnType<Device["image"]>,
): Promise<{ readonly device: Device; readonly records: readonly Uint8Array[] }> => {
  const device = await world.open({ joined: false, image });
  // Nobody is there to name a head
  await world.pass(40_000);
  if ((await invited(device)).isWaiting) throw new Error("the image decided nothing by itself");
  return { device, records: recordsOf(device) };
};

/** As a peer would have sent them. */
export const give = (
  device: Device,
  records: readonly Uint8Array[],
): ReturnType<typeof takeRecords> => takeRecords(device.engine, membershipOf(device), records);

export const closedOf = (device: Device): ClosedSnapshot | undefined =>
  device.networks().find(({ networkId }) => networkId === team)?.closed ?? undefined;

export const standing = (device: Device): string | undefined => closedOf(device)?.standing;

export const join = async (
  world: World,
  maker: Device,
  request: Partial<InviteRequest> = {},
): Promise<Device> => {
  const { link } = await invited(maker, request);
  const device = await open(world);
  await takeInvite(device, link);
  const role = request.role ?? "editor";
  await world.until(() => standing(device) === role, "admitted");
  return device;
};

/** As the service does it. */
export const takeInvite = async (device: Device, link: string): Promise<void> => {
  await beginJoining(device.engine, link);
  device.opened.sync.refresh();
};

/** In by an invite of `maker` while the sequencer is away: it waits to be admitted. */
export const joinWithout = async (
  world: World,
  sequencer: Device,
  maker: Device,
  request: Partial<InviteRequest> = {},
  options: OpenOptions = {},
): Promise<Device> => {
  const { link } = await invited(maker, request);
  await world.until(() => closedOf(maker)?.invites[0]?.state === "open", "the invite is known");
  await sequencer.disconnect();
  const device = await world.open({ joined: false, ...options });
  await takeInvite(device, link);
  await world.until(() => standing(device) === "waiting", "handed over");
  return device;
};

export const share = async (device: Device, collection = "notes"): Promise<void> => {
  await device.write({ kind: "make-collection", collection });
  await device.write({ kind: "attach", collection, networkId: team });
};

export const verified =
  (...devices: readonly Device[]): (() => boolean) =>
  () =>
    devices.every((device) => device.isVerified("notes"));

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** In hexadecimal. */
export const accountOf = (device: Device): string =>
  hex(membershipOf(device).device.certificate.account);

/** Segments of a device's store that stand in no log. */
export const undelivered = async (device: Device): Promise<readonly string[]> => {
  const { tree } = device.shared("notes");
  return (await segmentsOf(device)).flatMap((bytes) => {
    const parsed = parseSegment(bytes);
    if (!parsed.ok) throw new Error("a segment that can not be read");
    const { header, headerHash } = parsed.value;
    return tree.get(headerHash) === null ? [`${header.writer}/${String(header.first)}`] : [];
  });
};

/** b may only read, and c, which does not know that yet, has what b wrote behind it: "2". */
export const beyondItsRight = async (
  world: World,
): Promise<{ readonly a: Device; readonly c: Device }> => {
  const a = await founder(world);
  const [b, c] = [await join(world, a), await join(world, a)];
  for (const device of [a, b, c]) await share(device);
  await b.insert("notes", [{ id: "1" }]);
  await world.until(verified(a, b, c), "verified");
  world.hub.partition([[a.network], [b.network, c.network]]);
  await b.insert("notes", [{ id: "2" }]);
  await world.until(() => c.get("notes", "2") !== undefined, "c has it");
  await b.disconnect();
  await change(a, { kind: "role", account: accountOf(b), role: "reader" });
  return { a, c };
};
