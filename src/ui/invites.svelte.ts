/**
 * The form that invites into a closed network, and the link that it made: shown until somebody puts
 * it away, since no list gives it back.
 */
import type { DistributedDatabase } from "../client/api.ts";
import type { Invite, InviteOptions, Member } from "../client/networkTypes.ts";
import { copyText } from "./clipboard.ts";
import { closedMessages } from "./sharingMessages.ts";
import { problemOf } from "./text/problem.ts";

const hour = 3_600_000;

/** How long an invite can be used, in milliseconds. */
const spans = {
  hour,
  day: 24 * hour,
  days: 72 * hour,
  month: 720 * hour,
  ever: Infinity,
} as const;

export type Span = keyof typeof spans;
export const spanNames: readonly Span[] = ["hour", "day", "days", "month", "ever"];

export interface MadeInvite {
  readonly invite: Invite;
  readonly kind: "member" | "device";
  /** The picture's address, with all of it: nothing is read as HTML. */
  readonly picture: string;
}

export class Invites {
  isAsking = $state(false);
  isBusy = $state(false);
  role = $state<Member["role"]>("editor");
  /** What the one who comes in is called; empty: by the key. */
  name = $state("");
  /** Null where the field holds no number. */
  uses = $state<number | null>(1);
  span = $state<Span>("days");
  made = $state.raw<MadeInvite | null>(null);
  usesProblem = $state("");
  nameProblem = $state("");
  problem = $state("");
  /** What became of the last thing that was asked for, in words. */
  note = $state("");
  readonly #database: DistributedDatabase;
  readonly #networkId: string;

  constructor(database: DistributedDatabase, networkId: string) {
    this.#database = database;
    this.#networkId = networkId;
  }

  /** Whoever is meant to come in. */
  async invite(): Promise<void> {
    const { uses, role, span } = this;
    const name = this.name.trim();
    const isWhole = uses !== null && Number.isSafeInteger(uses) && uses >= 1;
    this.usesProblem = isWhole ? "" : closedMessages.usesFault;
    this.nameProblem = name !== "" && uses !== 1 ? closedMessages.nameForOne : "";
    if (!isWhole || this.nameProblem !== "") return;
    const named = name === "" ? {} : { name };
    await this.#make("member", { role, uses, expiresInMs: spans[span], ...named });
  }

  /** One further device of this person, once. */
  async inviteDevice(): Promise<void> {
    await this.#make("device", { uses: 1, expiresInMs: spans.day });
  }

  /** False: it could not be copied. */
  async copy(): Promise<boolean> {
    const isCopied = await copyText(this.made?.invite.url ?? "");
    this.note = isCopied ? closedMessages.copied : closedMessages.notCopied;
    return isCopied;
  }

  async revoke(id: string): Promise<void> {
    await this.#run(async () => {
      await this.#database.revokeInvite(this.#networkId, id);
      if (this.made?.invite.id === id) this.made = null;
      this.note = closedMessages.revoked;
    });
  }

  putAway(): void {
    this.made = null;
    this.note = "";
  }

  async #make(kind: MadeInvite["kind"], options: InviteOptions): Promise<void> {
    await this.#run(async () => {
      const invite = await this.#database.invite(this.#networkId, { ...options, kind });
      const picture = `data:image/svg+xml,${encodeURIComponent(await invite.qr())}`;
      this.made = { invite, kind, picture };
      this.isAsking = false;
      this.name = "";
    });
  }

  async #run(work: () => Promise<void>): Promise<void> {
    if (this.isBusy) return;
    this.isBusy = true;
    this.problem = "";
    this.note = "";
    try {
      await work();
    } catch (error) {
      const { message, path } = problemOf(error);
      if (path === "uses") this.usesProblem = message;
      else if (path === "name") this.nameProblem = message;
      else this.problem = message;
    } finally {
      this.isBusy = false;
    }
  }
}
