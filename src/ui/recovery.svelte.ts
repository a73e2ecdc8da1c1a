/**
 * The recovery keys of a closed network on this page: shown one by one, copied, put away; and what
 * they are for, a new term under this device.
 */
import type { DistributedDatabase } from "../client/api.ts";
import type { ClosedNetwork } from "../client/networkTypes.ts";
import { copyText } from "./clipboard.ts";
import { OneFieldForm } from "./join.svelte.ts";
import { closedMessages } from "./sharingMessages.ts";

export class Recovery {
  /** Those that are shown; none: nothing is. */
  keys = $state.raw<readonly string[]>([]);
  /** Which of them is in sight: they are for different people. */
  at = $state(0);
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
      return closedMessages.recoveryTaken(this.#closed?.recovery.keys ?? 1);
    });
  }

  /** Empty: none is shown. */
  get key(): string {
    return this.keys[this.at] ?? "";
  }

  async show(): Promise<void> {
    this.note = "";
    this.keys = await this.#database.exportRecoveryKeys(this.#networkId);
    this.at = 0;
  }

  /** To the key that many further. */
  turn(by: number): void {
    this.at += by;
    this.note = "";
  }

  /** False: it could not be copied. */
  async copy(): Promise<boolean> {
    const isCopied = await copyText(this.key);
    this.note = isCopied ? closedMessages.copied : closedMessages.notCopied;
    return isCopied;
  }

  putAway(): void {
    this.keys = [];
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
    const isAsked = (this.#closed?.recovery.asked ?? null) !== null;
    const isHere = device === undefined ? closedMessages.termOpened : closedMessages.agreed;
    this.note = isAsked ? closedMessages.termWaits : isHere;
  }

  async renew(): Promise<void> {
    await this.#database.renewEpoch(this.#networkId);
    this.note = closedMessages.renewed;
  }

  get #closed(): ClosedNetwork | null {
    const networks = this.#database.getNetworkManager().getNetworks();
    return networks.find(({ networkId }) => networkId === this.#networkId)?.closed ?? null;
  }
}
