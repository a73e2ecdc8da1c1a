/**
 * A certificate for one address, signed by itself, in the bytes that TLS wants (X.509 v3, RFC
 * 5280): Node makes keys and signatures, but no certificates.
 */
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

export interface Certificate {
  /** Both as PEM. */
  readonly key: string;
  readonly cert: string;
}

const day = 86_400_000;

/** For an IPv4 address, from yesterday until tomorrow. */
export const makeCertificate = (address: string): Certificate => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = sequence(set(sequence(objectId(commonName), text(address))));
  const algorithm = sequence(objectId(ecdsaWithSha256));
  const body = sequence(
    element(0xa0, integer(Buffer.of(2))),
    integer(Buffer.concat([Buffer.of(1), randomBytes(8)])),
    algorithm,
    name,
    sequence(time(Date.now() - day), time(Date.now() + day)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    element(0xa3, sequence(sequence(objectId(alternativeName), octets(ipName(address))))),
  );
  const signature = element(0x03, Buffer.of(0), sign("sha256", body, privateKey));
  const certificate = sequence(body, algorithm, signature).toString("base64");
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${certificate}\n-----END CERTIFICATE-----\n`,
  };
};

/** 2.5.4.3, 2.5.29.17 and 1.2.840.10045.4.3.2, encoded. */
const commonName = Buffer.of(0x55, 0x04, 0x03);
const alternativeName = Buffer.of(0x55, 0x1d, 0x11);
const ecdsaWithSha256 = Buffer.of(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02);

/** Tag, length, content. */
const element = (tag: number, ...parts: readonly Buffer[]): Buffer => {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(tag, ...encodeLength(content.length)), content]);
};

/** As short as can be: browsers refuse anything else. */
const encodeLength = (length: number): readonly number[] => {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
};

const sequence = (...parts: readonly Buffer[]): Buffer => element(0x30, ...parts);
const set = (part: Buffer): Buffer => element(0x31, part);
const integer = (bytes: Buffer): Buffer => element(0x02, bytes);
const octets = (part: Buffer): Buffer => element(0x04, part);
const objectId = (bytes: Buffer): Buffer => element(0x06, bytes);
const text = (value: string): Buffer => element(0x0c, Buffer.from(value));
/** "20261130120000Z" without its century. */
const time = (milliseconds: number): Buffer => {
  const digits = new Date(milliseconds).toISOString().replace(/\D/g, "");
  return element(0x17, Buffer.from(`${digits.slice(2, 14)}Z`));
};
const ipName = (address: string): Buffer =>
  sequence(element(0x87, Buffer.from(address.split(".").map(Number))));
