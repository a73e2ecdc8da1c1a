/**
 * The recovery key of a closed network on this page: shown once, copied, put away; and what it is
 * for, a new term under this device.
 */
import type { DistributedDatabase } from "../client/api.ts";
import { copyText } from "./clipboard.ts";
import { OneFieldForm } from "./join.svelte.ts";
import { closedMessages } from "./sharingMessages.ts";

export class Recovery {
  /** Empty: it is not shown. */
  key = $state("");
  /** What became of the last thing that was asked for, in words. */
  note = $state("");
  readonly form: OneFieldForm;
  readonly #database: DistributedDatabase;
  readonly #networkId: string;

  constructor(database: DistributedDatabase, networkId: string) {
    this.#database = database;
    this.#networkId = networkId;
    this.form = new OneFieldForm("", closedMessages.recoveryMissing, async (key) => {
      await database.importRecoveryKey(networkId, key);
      return closedMessages.recoveryTaken;
    });
  }

  async show(): Promise<void> {
    this.note = "";
    this.key = (await this.#database.exportRecoveryKeys(this.#networkId)).join("\n");
  }

  /** False: it could not be copied. */
  async copy(): Promise<boolean> {
    const isCopied = await copyText(this.key);
    this.note = isCopied ? closedMessages.copied : closedMessages.notCopied;
    return isCopied;
  }

  putAway(): void {
    this.key = "";
    this.note = "";
  }

  /** None of them is on this device from then on. */
  async forget(): Promise<void> {
    await this.#database.forgetRecoveryKeys(this.#networkId);
    this.putAway();
  }

  /** Under this device, or another. */
  async openTerm(device?: string): Promise<void> {
    await this.#database.openTerm(this.#networkId, device);
    const closed = this.#database
      .getNetworkManager()
      .getNetworks()
      .find(({ networkId }) => networkId === this.#networkId)?.closed;
    const isAsked = (closed?.recovery.asked ?? null) !== null;
    const isHere = device === undefined ? closedMessages.termOpened : closedMessages.agreed;
    this.note = isAsked ? closedMessages.termWaits : isHere;
  }

  async renew(): Promise<void> {
    await this.#database.renewEpoch(this.#networkId);
    this.note = closedMessages.renewed;
  }
}
