/**
 * The form that adds a STUN or TURN server: what is refused is said at its field.
 */
import type { IceServer } from "../client/networkTypes.ts";
import type { ConnectionState } from "./connection.svelte.ts";
import { connectionMessages } from "./connectionMessages.ts";

export class IceServerForm {
  url = $state("");
  username = $state("");
  credential = $state("");
  isBusy = $state(false);
  problems = $state.raw<{
    readonly url?: string;
    readonly username?: string;
    readonly credential?: string;
  }>({});
  readonly #connection: ConnectionState;

  constructor(connection: ConnectionState) {
    this.#connection = connection;
  }

  async add(): Promise<void> {
    const url = this.url.trim();
    this.problems = problemsOf(url, this.username, this.credential);
    if (Object.keys(this.problems).length > 0 || this.isBusy) return;
    const server: IceServer = {
      urls: [url],
      ...(this.username === "" ? {} : { username: this.username }),
      ...(this.credential === "" ? {} : { credential: this.credential }),
    };
    const { iceServers } = this.#connection.settings;
    this.isBusy = true;
    const change = { iceServers: [...iceServers, server] };
    const isTaken = await this.#connection.set("servers", change, connectionMessages.serverAdded);
    this.isBusy = false;
    if (!isTaken) return;
    this.url = "";
    this.username = "";
    this.credential = "";
  }
}

const problemsOf = (
  url: string,
  username: string,
  credential: string,
): IceServerForm["problems"] => {
  if (url === "") return { url: connectionMessages.serverUrlMissing };
  if (!/^(stuns?|turns?):[^/?\s]/.test(url)) return { url: connectionMessages.serverUrlWrong };
  if (!/^turns?:/.test(url)) return {};
  return {
    ...(username === "" ? { username: connectionMessages.turnNeeds } : {}),
    ...(credential === "" ? { credential: connectionMessages.turnNeeds } : {}),
  };
};
