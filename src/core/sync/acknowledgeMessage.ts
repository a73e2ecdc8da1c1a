/**
 * What members say to each other about who holds what (FORMATS.md §6, frame 4): their own
 * acknowledgements, and those of others passed on. An own one goes to everybody connected at once;
 * of others' only the numbers are told, and whoever lacks one asks.
 *
 * body = [0, [number, …]]   held here: at the beginning all, then what is new
 *      | [1, [number, …]]   asks for what is above these
 *      | [2, [[acknowledgement bstr, certificate bstr or nil], …]]   of a device the lowest first
 * number = [H16("device", signing key), incarnation count, counter]
 *
 * In open networks, where no chain tells who a device is, the certificate goes along with those of
 * others; a peer's own is known of the greeting.
 */
import { hexToBytes } from "../base/bytes.ts";
import { shortHashOf } from "../base/ids.ts";
import { acknowledgedDevicesMax, acknowledgementsPerMessageMax } from "../base/limits.ts";
import { unreachable, type Result } from "../base/result.ts";
import type { FormError } from "../cbor/form.ts";
import { encodeCbor, type CborItem } from "../cbor/item.ts";
import type { CborReader } from "../cbor/reader.ts";
import { expectCount, readList, readOptional, readSized, readWhole } from "../cbor/structures.ts";
import type { AcknowledgementNumber } from "../network/acknowledgement.ts";

/** The latest of a device. */
export interface DeviceNumber extends AcknowledgementNumber {
  /** Its name in the network, 16 bytes in hexadecimal. */
  readonly device: string;
}

export interface SentAcknowledgement {
  readonly bytes: Uint8Array;
  /** Null in closed networks, and of the sender itself. */
  readonly certificate: Uint8Array | null;
}

export type AcknowledgeMessage =
  | { readonly kind: "held" | "ask"; readonly numbers: readonly DeviceNumber[] }
  | { readonly kind: "given"; readonly given: readonly SentAcknowledgement[] };

export const encodeAcknowledgeMessage = (message: AcknowledgeMessage): Uint8Array =>
  encodeCbor(itemOf(message));

/** Never throws. */
export const decodeAcknowledgeMessage = (
  bytes: Uint8Array,
): Result<AcknowledgeMessage, FormError> =>
  readWhole(bytes, (reader): AcknowledgeMessage => {
    expectCount(reader, 2);
    const number = reader.readUint();
    const kind = kinds[number] ?? reader.fail("unsupported", "no such message");
    if (kind === "given")
      return { kind, given: readList(reader, () => readGiven(reader), givenMax) };
    const numbers = readList(reader, () => readNumber(reader), acknowledgedDevicesMax);
    return { kind, numbers };
  });

const kinds = ["held", "ask", "given"] as const;
const givenMax = acknowledgementsPerMessageMax;

const itemOf = (message: AcknowledgeMessage): CborItem => {
  const number = kinds.indexOf(message.kind);
  switch (message.kind) {
    case "held":
    case "ask":
      return [number, message.numbers.map(numberToItem)];
    case "given":
      return [number, message.given.map(({ bytes, certificate }) => [bytes, certificate])];
    default:
      return unreachable(message);
  }
};

const numberToItem = ({ device, incarnation, counter }: DeviceNumber): CborItem => [
  ...[hexToBytes(device), incarnation, counter],
];

const readNumber = (reader: CborReader): DeviceNumber => {
  expectCount(reader, 3);
  const device = shortHashOf(readSized(reader, 16));
  return { device, incarnation: reader.readUint(), counter: reader.readUint() };
};

const readGiven = (reader: CborReader): SentAcknowledgement => {
  expectCount(reader, 2);
  const bytes = reader.readBytes();
  return { bytes, certificate: readOptional(reader, () => reader.readBytes()) };
};
