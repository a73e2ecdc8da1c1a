/** Which relays an invite names, and which of them whoever takes it uses. */
import { expect, test } from "vitest";
import { inviteRelaysOfferedMax, networkRelaysMax } from "../../../src/core/base/limits.ts";
import { checkedRelays, relaysOfInvite, relaysToOffer } from "../../../src/client/invitedRelays.ts";
import { inviteLink } from "../../../src/core/network/closed/invite.ts";
import { shortHashOf } from "../../../src/core/base/ids.ts";
import type { Connectivity } from "../../../src/core/wire/connection.ts";

type Relay = Connectivity["relays"][number];

const named = (host: string): string => `/dns/${host}/tcp/443/tls/ws`;

const relay = (address: string, change: Partial<Relay> = {}): Relay => ({
  ...{ address, state: "reserved", isRegistered: true, fault: null, isNamed: false, since: 0 },
  ...change,
});

test("an invite names where its maker is met, and nothing of other networks or of home", () => {
  const relays = [
    relay(named("away.example"), { state: "connecting" }),
    relay(named("own.example")),
    relay("/ip4/192.168.1.5/tcp/5173/ws"),
    relay("/dns/localhost/tcp/5173/ws"),
    relay(named("other-network.example"), { isNamed: true }),
    relay(named("team.example"), { isNamed: true }),
  ];
  const offer = (pageUrl: string | null): readonly string[] =>
    relaysToOffer({
      ...{ connectivity: { relays }, network: { relays: [named("team.example")] }, pageUrl },
    });
  const everywhere = [named("own.example"), named("team.example"), named("away.example")];
  expect(offer("https://app.example/")).toEqual(everywhere);
  expect(offer("http://192.168.1.9:5173/")).toEqual([
    ...[named("own.example"), "/ip4/192.168.1.5/tcp/5173/ws"],
    ...[named("team.example"), named("away.example")],
  ]);
  expect(offer("http://localhost:5173/")).toHaveLength(inviteRelaysOfferedMax);
  expect(offer(null)).not.toContain("/dns/localhost/tcp/5173/ws");
  expect(relaysToOffer({ connectivity: null, network: undefined, pageUrl: null })).toEqual([]);
});

const linkWith = (relays: readonly string[]): string => {
  const link = inviteLink("https://app.example/", {
    ...{ networkHash: new Uint8Array(32), name: "team", seed: new Uint8Array(32), relays },
    ...{ makerKeyHash: new Uint8Array(32), expiry: null, extensions: [] },
    controlHead: { term: 0, height: 0, hash: shortHashOf(new Uint8Array(16)) },
  });
  if (!link.ok) throw new Error(link.error);
  return link.value;
};

test("a hostile invite makes no page knock at home: bad addresses are told and left out", () => {
  const good = named("relay.example");
  const bad = ["/ip4/192.168.1.1/tcp/80/ws", "javascript:alert(1)", "/dns/localhost/tcp/1/wss"];
  const found = relaysOfInvite(linkWith([...bad, good, good]), "https://app.example/");
  expect(found.relays).toEqual([good]);
  expect(found.warnings).toHaveLength(3);
  for (const address of bad) expect(found.warnings.join("\n")).toContain(address);
  expect(relaysOfInvite("no invite", null)).toEqual({ relays: [], warnings: [] });
  expect(relaysOfInvite(linkWith([]), null)).toEqual({ relays: [], warnings: [] });
});

test("of many relays so many are used as one network may name", () => {
  const many = Array.from({ length: networkRelaysMax + 2 }, (_, at) => named(`r${at}.example`));
  const found = relaysOfInvite(linkWith(many), "https://app.example/");
  expect(found.relays).toEqual(many.slice(0, networkRelaysMax));
  expect(found.warnings).toHaveLength(2);
  expect(() => checkedRelays(many)).toThrow(expect.objectContaining({ code: "TooLarge" }));
});

test("what a caller names is checked, and told where it is wrong", () => {
  const good = named("relay.example");
  expect(checkedRelays([good, good])).toEqual([good]);
  expect(() => checkedRelays([good, "/ip4/1.2.3.4/tcp/1"])).toThrow(
    expect.objectContaining({ code: "UnsupportedAddress", path: "relays[1]" }),
  );
  expect(() => checkedRelays([1])).toThrow(expect.objectContaining({ code: "InvalidArgument" }));
});
