/**
 * A closed network to test with: people with accounts and devices, whose proposals the sequencer
 * makes records of. Real signatures, all from one seed.
 */
import { bytesToHex } from "../../src/core/base/bytes.ts";
import type { CryptoPort } from "../../src/core/crypto/port.ts";
import { makeCertificate } from "../../src/core/network/certificate.ts";
import type { ControlHead } from "../../src/core/network/control.ts";
import {
  admitText,
  openClosedControl,
  type ClosedControl,
} from "../../src/core/network/closed/chain.ts";
import type { ControlContent, MemberRole } from "../../src/core/network/closed/content.ts";
import {
  makeGenesis,
  makeProposal,
  makeRecord,
  type SigningKey,
} from "../../src/core/network/closed/make.ts";
import type { ControlRecord } from "../../src/core/network/closed/record.ts";
import { createNodeCrypto } from "./nodeCrypto.ts";
import { createRandom } from "./random.ts";

export interface Person {
  readonly account: SigningKey;
  readonly device: SigningKey;
}

export interface TestNetwork {
  readonly crypto: CryptoPort;
  readonly genesis: Uint8Array;
  readonly networkHash: Uint8Array;
  readonly creator: Person;
  readonly recovery: SigningKey;
  readonly chain: ClosedControl;
  /** Another replica with the same genesis alone. */
  readonly replica: () => Promise<ClosedControl>;
  readonly person: () => Promise<Person>;
  readonly key: () => Promise<SigningKey>;
  readonly certificate: (person: Person) => Promise<Uint8Array>;
  /** A record that decides this, behind the head or where `behind` says; not appended. */
  readonly record: (content: ControlContent, options?: RecordOptions) => Promise<Uint8Array>;
  /** The same, appended; its fault, null where it was taken. */
  readonly decide: (content: ControlContent, options?: RecordOptions) => Promise<string | null>;
  readonly admit: (person: Person, role?: MemberRole) => Promise<ControlContent>;
  /** What the holder of an invite's seed says for a device. */
  readonly inviteProof: (
    invite: SigningKey,
    certificate: Uint8Array,
  ) => Promise<{ readonly publicKey: Uint8Array; readonly signature: Uint8Array }>;
}

export interface RecordOptions {
  /** Default: the creator's device. */
  readonly signers?: readonly SigningKey[];
  /** Default: the creator's device. */
  readonly sequencer?: SigningKey;
  readonly behind?: Pick<ControlRecord, "term" | "height" | "hash">;
  readonly base?: ControlHead;
  readonly term?: number;
  readonly expiry?: number;
  readonly ms?: number;
}

export const createTestNetwork = async (seed = 1): Promise<TestNetwork> => {
  const crypto = createNodeCrypto(createRandom(seed));
  const key = async (): Promise<SigningKey> => {
    const secret = crypto.randomBytes(32);
    return { seed: secret, publicKey: await crypto.publicKey(secret) };
  };
  const person = async (): Promise<Person> => ({ account: await key(), device: await key() });
  const creator = await person();
  const recovery = await key();
  const { bytes: genesis, networkHash } = await makeGenesis(
    {
      ...{ name: "team", time: { ms: 1_000, counter: 0 } },
      device: { xWingKey: null, vaultXWingKey: null, extensions: [] },
      ...{ recoveryKeys: [recovery.publicKey], recoveryNeeded: 1 },
    },
    { account: creator.account, signing: creator.device },
    crypto,
  );
  const replica = async (): Promise<ClosedControl> => {
    const opened = await openClosedControl(genesis, crypto);
    if (!opened.ok) throw new Error(opened.error);
    return opened.value;
  };
  const chain = await replica();
  const certificate = ({ account, device }: Person): Promise<Uint8Array> =>
    makeCertificate(
      {
        ...{ account: account.publicKey, signingKey: device.publicKey },
        ...{ xWingKey: null, vaultXWingKey: null, extensions: [] },
      },
      networkHash,
      account.seed,
      crypto,
    );
  const record: TestNetwork["record"] = async (content, options = {}) => {
    const { signers = [creator.device], sequencer = creator.device } = options;
    const parent = options.behind ?? lastOf(chain);
    const base = options.base ?? chain.head();
    const request = { networkHash, base, content };
    const { expiry, term, ms = 2_000 } = options;
    const signed = await makeProposal(
      expiry === undefined ? request : { ...request, expiry },
      signers,
      crypto,
    );
    const made = { networkHash, parent, time: { ms, counter: 0 }, signed };
    return makeRecord(term === undefined ? made : { ...made, term }, sequencer.seed, crypto);
  };
  return {
    ...{ crypto, genesis, networkHash, creator, recovery, chain, replica, person, key },
    ...{ certificate, record },
    decide: async (content, options) => {
      const appended = await chain.append(await record(content, options));
      return appended.ok ? null : appended.error;
    },
    admit: async (who, role = "editor") => ({
      kind: "admit",
      certificate: await certificate(who),
      role,
      invite: null,
    }),
    inviteProof: async (invite, bytes) => ({
      publicKey: invite.publicKey,
      signature: await crypto.sign(invite.seed, admitText(networkHash, bytes)),
    }),
  };
};

export const lastOf = (chain: ClosedControl): ControlRecord => {
  const last = chain.from(0).at(-1);
  if (last === undefined) throw new Error("the genesis is always there");
  return last;
};

export const nameOf = ({ publicKey }: SigningKey): string => bytesToHex(publicKey);
