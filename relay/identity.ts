/**
 * The relay's libp2p key, kept in a file so that its peer id survives restarts: pages and invites
 * name it.
 */
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from "@libp2p/crypto/keys";
import type { PrivateKey } from "@libp2p/interface";
import { mkdir, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";

const fileName = "identity.key";

/** The key is there and cannot be used. The message says what to do. */
export class IdentityError extends Error {
  override readonly name = "IdentityError";
  /** The file. */
  readonly path: string;

  constructor(path: string, what: string, cause: unknown) {
    super(`${path} ${what}`, { cause });
    this.path = path;
  }
}

/**
 * Reads the key in this directory, or makes one there (the file for its owner only). Rejects with
 * IdentityError if the file is damaged or cannot be read: another identity is never taken silently.
 */
export const loadIdentity = async (directory: string): Promise<PrivateKey> => {
  const path = join(directory, fileName);
  const bytes = await readFile(path).catch((error: unknown) => {
    if (isNotFound(error)) return null;
    throw new IdentityError(path, "cannot be read: let this user read it", error);
  });
  if (bytes === null) return createIdentity(directory, path);
  try {
    return privateKeyFromProtobuf(bytes);
  } catch (cause) {
    throw new IdentityError(
      path,
      "is no relay key: restore it, or remove it for a new identity",
      cause,
    );
  }
};

/** Written beside its place, flushed, then moved there: a crash leaves no half of a key. */
const createIdentity = async (directory: string, path: string): Promise<PrivateKey> => {
  const key = await generateKeyPair("Ed25519");
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}`;
  const file = await open(temporary, "w", 0o600);
  try {
    await file.writeFile(privateKeyToProtobuf(key));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  return key;
};

const isNotFound = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ENOENT";
