/** What page and relay say to each other: everything else is refused, whatever it is. */
import { expect, test } from "vitest";
import { rendezvousFrameBytesMax } from "../../../src/core/base/limits.ts";
import {
  encodePeersOfTag,
  encodeRegistration,
  parsePeersOfTag,
  parseRegistration,
} from "../../../src/net/rendezvousMessages.ts";
import { createRandom } from "../../support/random.ts";

const tag = "0123456789abcdef".repeat(2);
const peer = "12D3KooWFzTtBLmAQRpLfQDtaFXLQyzSZus2g9KKsu5gnpTiGHEV";
const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const manyTags = (count: number): string[] =>
  Array.from({ length: count }, (_, at) => at.toString(16).padStart(32, "0"));

test("what is written is read", () => {
  const registration = { tags: manyTags(64), reachable: true };
  expect(parseRegistration(encodeRegistration(registration))).toEqual(registration);
  const answer = { tag, peers: Array.from({ length: 64 }, () => peer) };
  expect(parsePeersOfTag(encodePeersOfTag(answer))).toEqual(answer);
  expect(encodeRegistration(registration).length).toBeLessThan(rendezvousFrameBytesMax);
  expect(encodePeersOfTag(answer).length).toBeLessThan(rendezvousFrameBytesMax);
});

test("a tag given twice counts once", () => {
  expect(parseRegistration(bytesOf({ tags: [tag, tag], reachable: false }))?.tags).toEqual([tag]);
});

test.each([
  ["no tags", { reachable: true }],
  ["no reachability", { tags: [tag] }],
  ["a tag too short", { tags: [tag.slice(1)], reachable: true }],
  ["a tag in capitals", { tags: [tag.toUpperCase()], reachable: true }],
  ["a tag that is a number", { tags: [7], reachable: true }],
  ["tags that are a text", { tags: tag, reachable: true }],
  ["65 tags", { tags: manyTags(65), reachable: true }],
  ["a list", [tag]],
  ["null", null],
])("a registration with %s is refused", (_, value) => {
  expect(parseRegistration(bytesOf(value))).toBeNull();
});

test.each([
  ["no peers", { tag }],
  ["no tag", { peers: [peer] }],
  ["a bad tag", { tag: "x", peers: [peer] }],
  ["65 peers", { tag, peers: Array.from({ length: 65 }, () => peer) }],
  ["a peer that is none", { tag, peers: [null] }],
  ["a peer id of 101 characters", { tag, peers: ["a".repeat(101)] }],
])("an answer with %s is refused", (_, value) => {
  expect(parsePeersOfTag(bytesOf(value))).toBeNull();
});

test("bytes that are no JSON, or no UTF-8, are refused, and none throw", () => {
  const seed = Date.now() % 1_000_000;
  const random = createRandom(seed);
  const good = encodeRegistration({ tags: [tag], reachable: true });
  for (let round = 0; round < 2_000; round += 1) {
    const bytes = good.slice(0, random.integer(good.length + 1));
    if (bytes.length > 0) bytes[random.integer(bytes.length)] = random.integer(256);
    const read = parseRegistration(bytes);
    const isSound = read === null || read.tags.every((text) => /^[0-9a-f]{32}$/.test(text));
    expect(isSound, `seed ${seed}`).toBe(true);
    expect(parsePeersOfTag(bytes), `seed ${seed}`).toBeNull();
  }
});
