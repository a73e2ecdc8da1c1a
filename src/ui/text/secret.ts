/**
 * Shared secrets of open networks: how long one must be, and one that nobody can guess.
 */
import { bytesToBase64Url } from "../../core/base/bytes.ts";
import { sharedSecretBytesMin } from "../../core/base/limits.ts";
import { utf8Length } from "../../core/base/utf8.ts";

/** 256 random bits as 43 characters that survive every keyboard and messenger. */
export const makeSecret = (random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array): string =>
  bytesToBase64Url(random(new Uint8Array(32)));

/** How many characters are missing, counted as the database counts; 0 if it is long enough. */
export const secretMissing = (secret: string): number =>
  Math.max(0, sharedSecretBytesMin - utf8Length(secret.normalize("NFC")));
