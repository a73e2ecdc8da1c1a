/**
 * Made `deflated.json`, once: one body as several compressors deflate it, and ways to spoil it. Run
 * by Node: `node tests/golden/makeDeflated.ts`. It refuses to overwrite: what is golden stays; new
 * cases get a new file.
 */
import { writeFileSync } from "node:fs";
import { constants, deflateRawSync } from "node:zlib";
import { deflateSync } from "fflate";
import { deflateRaw } from "pako";
import { bytesToHex, concatBytes, hexToBytes } from "../../src/core/base/bytes.ts";
import { encodeCbor } from "../../src/core/cbor/item.ts";
import { sha256 } from "../../src/core/crypto/hash.ts";

interface Made {
  readonly name: string;
  readonly stored: Uint8Array;
  readonly verdict: string;
  readonly announced?: number;
}

const plain = encodeCbor([
  [["title"], ["author", "name"], ["year"]],
  Array.from({ length: 40 }, (_, index) => [
    ...[0, `document-${String(index)}`, index === 0 ? 0 : 65_536, true, null],
    [
      [0, null, 0, `The title of the document of number ${String(index * index)}`],
      [1, null, 0, ["Ada", "Grace", "Barbara"][index % 3] ?? ""],
      [2, null, 0, 1900 + index],
    ],
  ]),
]);

const sound: readonly Made[] = [
  ...([0, 1, 6, 9] as const).map((level) => ({
    name: `fflate, level ${String(level)}`,
    stored: deflateSync(plain, { level }),
    verdict: "sound",
  })),
  ...[0, 1, 6, 9].map((level) => ({
    name: `zlib of Node, level ${String(level)}`,
    stored: new Uint8Array(deflateRawSync(plain, { level })),
    verdict: "sound",
  })),
  ...(["Z_FIXED", "Z_HUFFMAN_ONLY", "Z_RLE"] as const).map((strategy) => ({
    name: `zlib of Node, ${strategy}`,
    stored: new Uint8Array(deflateRawSync(plain, { strategy: constants[strategy] })),
    verdict: "sound",
  })),
  {
    name: "zlib of Node, window of 512 bytes, least memory",
    stored: new Uint8Array(deflateRawSync(plain, { windowBits: 9, memLevel: 1 })),
    verdict: "sound",
  },
  { name: "pako, level 1", stored: deflateRaw(plain, { level: 1 }), verdict: "sound" },
];

const stored = deflateRaw(plain, { level: 1 });
const last = stored.length - 1;
/** A block of plain bytes: its mark, length, complement of the length, bytes. */
const block = (bytes: Uint8Array, isLast: boolean, complement = ~bytes.length & 0xffff) =>
  concatBytes(
    Uint8Array.of(isLast ? 1 : 0, bytes.length & 255, bytes.length >> 8),
    Uint8Array.of(complement & 255, complement >> 8),
    bytes,
  );
const none = new Uint8Array();

const odd: readonly Made[] = [
  {
    name: "one byte behind",
    stored: concatBytes(stored, Uint8Array.of(0)),
    verdict: "inflate-trailing",
  },
  {
    name: "itself behind itself",
    stored: concatBytes(stored, stored),
    verdict: "inflate-trailing",
  },
  { name: "last byte missing", stored: stored.subarray(0, last), verdict: "inflate-stream" },
  { name: "half of it", stored: stored.subarray(0, last >> 1), verdict: "inflate-stream" },
  { name: "nothing", stored: none, verdict: "inflate-stream" },
  {
    name: "one byte more announced",
    stored,
    announced: plain.length + 1,
    verdict: "inflate-length",
  },
  {
    name: "one byte less announced",
    stored,
    announced: plain.length - 1,
    verdict: "inflate-length",
  },
  { name: "nothing announced", stored, announced: 0, verdict: "inflate-length" },
  {
    name: "truncated, and too long before that",
    stored: stored.subarray(0, last),
    announced: 9,
    verdict: "inflate-length",
  },
  {
    name: "stored blocks, an empty one between",
    stored: concatBytes(
      block(plain.subarray(0, 9), false),
      block(none, false),
      block(plain.subarray(9), true),
    ),
    verdict: "sound",
  },
  {
    name: "an empty last block",
    stored: concatBytes(block(plain, false), block(none, true)),
    verdict: "sound",
  },
  { name: "no last block", stored: block(plain, false), verdict: "inflate-stream" },
  {
    name: "two last blocks",
    stored: concatBytes(block(plain, true), block(none, true)),
    verdict: "inflate-trailing",
  },
  {
    name: "a stored length without its complement",
    stored: block(plain, true, 0),
    verdict: "inflate-stream",
  },
  {
    name: "the reserved kind of block",
    stored: Uint8Array.of(0x07, 0, 0, 0),
    verdict: "inflate-stream",
  },
  {
    name: "fixed codes: an empty block and nothing else",
    stored: Uint8Array.of(0x03, 0x00),
    announced: 0,
    verdict: "sound",
  },
  // 011 for the block, 0000001 for a length of 3, 00000 for a distance of 1, with nothing before
  // it.
  {
    name: "a distance before the beginning",
    stored: hexToBytes("030200"),
    announced: 3,
    verdict: "inflate-stream",
  },
  // 011, then 11000110: symbol 286, which has a code and no meaning.
  {
    name: "a symbol that does not exist",
    stored: hexToBytes("1b0300"),
    announced: 1,
    verdict: "inflate-stream",
  },
  {
    name: "dynamic codes that are oversubscribed",
    stored: concatBytes(Uint8Array.of(0x05, 0xe0), new Uint8Array(20).fill(0x24)),
    announced: 1,
    verdict: "inflate-stream",
  },
  {
    name: "dynamic codes all of length zero",
    stored: concatBytes(Uint8Array.of(0x05, 0x00), new Uint8Array(20)),
    announced: 1,
    verdict: "inflate-stream",
  },
  {
    name: "a gzip file",
    stored: concatBytes(hexToBytes("1f8b0800000000000003"), stored),
    verdict: "inflate-stream",
  },
  {
    name: "a zlib stream",
    stored: concatBytes(hexToBytes("7801"), stored),
    verdict: "inflate-stream",
  },
];

const cases = [...sound, ...odd].map(({ name, stored: bytes, verdict, announced }) => ({
  name,
  stored: bytesToHex(bytes),
  announced: announced ?? plain.length,
  verdict,
  plainHash: verdict === "sound" ? bytesToHex(sha256(announced === 0 ? none : plain)) : null,
}));
const target = new URL("deflated.json", import.meta.url);
writeFileSync(target, `${JSON.stringify(cases, null, 2)}\n`, { flag: "wx" });
