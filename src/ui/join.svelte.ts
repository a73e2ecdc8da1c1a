/**
 * The forms that make or join a network: closed ones by one field, open ones by name and secret,
 * which can be made for it.
 */
import type { DistributedDatabase } from "../client/api.ts";
import type { Member } from "../client/networkTypes.ts";
import { copyText } from "./clipboard.ts";
import type { RecoverySplit } from "./recoverySplit.svelte.ts";
import { closedMessages, sharingMessages } from "./sharingMessages.ts";
import { problemOf } from "./text/problem.ts";
import { makeSecret, secretMissing } from "./text/secret.ts";

export class JoinForm {
  name = $state("");
  secret = $state("");
  isShown = $state(false);
  isJoining = $state(false);
  /** What became of the last thing that was asked for, in words. */
  note = $state("");
  problems = $state.raw<{ readonly name?: string; readonly secret?: string }>({});
  /** What the database refused, where neither field is to blame. */
  problem = $state("");
  readonly #database: DistributedDatabase;

  constructor(database: DistributedDatabase) {
    this.#database = database;
  }

  /** Makes a secret and copies it; where copying is not allowed, shows it instead. */
  async make(): Promise<void> {
    this.secret = makeSecret((bytes) => crypto.getRandomValues(bytes));
    this.problems = {};
    const isCopied = await copyText(this.secret);
    if (!isCopied) this.isShown = true;
    this.note = isCopied ? sharingMessages.copied : sharingMessages.notCopied;
  }

  async join(): Promise<void> {
    const name = this.name.trim();
    const missing = secretMissing(this.secret);
    this.problem = "";
    this.problems = {
      ...(name === "" ? { name: sharingMessages.nameMissing } : {}),
      ...(missing > 0 ? { secret: sharingMessages.secretShort(missing) } : {}),
    };
    if (name === "" || missing > 0 || this.isJoining) return;
    this.isJoining = true;
    try {
      const encryption = { sharedSecret: this.secret };
      await this.#database.createNetwork({ networkId: name, name, encryption });
      this.note = sharingMessages.joined(name);
      this.name = "";
      this.secret = "";
      this.isShown = false;
    } catch (error) {
      this.#refuse(error);
    } finally {
      this.isJoining = false;
    }
  }

  #refuse(error: unknown): void {
    const { message, path } = problemOf(error);
    this.note = "";
    if (path === "networkId" || path === "name") this.problems = { name: message };
    else if (path === "sharedSecret") this.problems = { secret: message };
    else this.problem = message;
  }
}

/** One text that the database is given; what it refuses is said at the field. */
export class OneFieldForm {
  value = $state("");
  isBusy = $state(false);
  problem = $state("");
  /** What became of it, in words. */
  note = $state("");
  readonly #missing: string;
  readonly #run: (value: string) => Promise<string | null>;

  /**
   * `missing` is said where nothing was given; `run` gives the note, or null where a field beside
   * this one is wrong, which says so itself.
   */
  constructor(value: string, missing: string, run: (value: string) => Promise<string | null>) {
    this.value = value;
    this.#missing = missing;
    this.#run = run;
  }

  async submit(): Promise<void> {
    if (this.isBusy) return;
    const value = this.value.trim();
    this.note = "";
    this.problem = value === "" ? this.#missing : "";
    if (value === "") return;
    this.isBusy = true;
    try {
      const note = await this.#run(value);
      if (note === null) return;
      this.note = note;
      this.value = "";
    } catch (error) {
      this.problem = problemOf(error).message;
    } finally {
      this.isBusy = false;
    }
  }
}

/** Makes a closed network, with as many recovery keys as the fields beside say. */
export const makeForm = (database: DistributedDatabase, split: RecoverySplit): OneFieldForm =>
  new OneFieldForm("", sharingMessages.nameMissing, async (name) => {
    const recovery = split.check();
    if (recovery === null) return null;
    await database.createNetwork({ networkId: name, name, recovery });
    split.reset();
    return sharingMessages.made(name);
  });

/** Says what a member is called, on all devices. */
export const nameForm = (
  database: DistributedDatabase,
  networkId: string,
  { account, name }: Pick<Member, "account" | "name">,
  ondone: () => void,
): OneFieldForm =>
  new OneFieldForm(name ?? "", closedMessages.memberNameMissing, async (given) => {
    await database.nameMember(networkId, account, given);
    ondone();
    return "";
  });

/** Takes an invite: the whole link, or what stands behind `join=`. */
export const inviteForm = (
  database: DistributedDatabase,
  invite = "",
  ondone: () => void = () => undefined,
): OneFieldForm =>
  new OneFieldForm(invite, sharingMessages.inviteMissing, async (given) => {
    await database.joinNetwork(given.includes("join=") ? given : `#join=${given}`);
    ondone();
    return sharingMessages.joiningText;
  });
