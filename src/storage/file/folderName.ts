/**
 * The name of a database as the name of a folder: lower-case letters, digits and `-` stand for
 * themselves, every other byte of the UTF-8 as `_` and two hexadecimal digits, so that two names
 * never meet, not even where the file system takes capitals for small letters. Long names end in a
 * hash instead: `__` and 64 digits, which no other name can hold.
 */
import { bytesToHex } from "../../core/base/bytes.ts";
import { NebulusError } from "../../core/base/errors.ts";
import { isWellFormed, utf8Encode } from "../../core/base/utf8.ts";
import { sha256 } from "../../core/crypto/hash.ts";

/** Throws `InvalidArgument` for text with a lone surrogate, which has no bytes. */
export const folderName = (name: string): string => {
  if (!isWellFormed(name)) throw illFormed();
  const bytes = utf8Encode(name);
  let text = prefix;
  for (const byte of bytes) {
    const letter = String.fromCharCode(byte);
    text += plain.test(letter) ? letter : `_${bytesToHex(Uint8Array.of(byte))}`;
  }
  if (text.length <= lettersMax) return text;
  return `${text.slice(0, lettersKept)}__${bytesToHex(sha256(bytes))}`;
};

const plain = /^[a-z0-9-]$/;
const prefix = "db-";
const lettersMax = 150;
const lettersKept = 80;

const illFormed = (): NebulusError =>
  new NebulusError({
    code: "InvalidArgument",
    message: "A database's name holds a lone surrogate. Choose another name.",
    path: "name",
    retryable: false,
  });
