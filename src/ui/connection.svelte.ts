/**
 * How this device connects, as the view shows and changes it: what works, asked again whenever
 * something of it may be another, and the settings.
 */
import { untrack } from "svelte";
import { invalid } from "../core/base/errors.ts";
import { relayOfOrigin } from "../core/net/relayAddress.ts";
import { isKeptFrom } from "../core/net/relayReach.ts";
import { defaultConnection } from "../core/wire/connection.ts";
import type {
  ConnectionChange,
  ConnectionSettings,
  DiagnosisStep,
  NetworkConfig,
} from "../client/networkTypes.ts";
import { connectionMessages } from "./connectionMessages.ts";
import { OneFieldForm } from "./join.svelte.ts";
import { linkedDevices } from "./text/links.ts";
import { problemOf } from "./text/problem.ts";
import { relayAddressOf } from "./text/relay.ts";
import type { Workspace } from "./workspace.svelte.ts";

/** Much changes at once. */
const checkPauseMilliseconds = 500;

/** A part of the view. */
export type ConnectionPlace = "check" | "relays" | "privacy" | "servers";

export class ConnectionState {
  /** null: not asked yet. */
  steps = $state.raw<readonly DiagnosisStep[] | null>(null);
  settings = $state.raw<ConnectionSettings>(defaultConnection);
  isChecking = $state(false);
  /** What became of the last thing that was asked for, in words. */
  note = $state("");
  problem = $state("");
  /** Where note and problem are shown. */
  place = $state<ConnectionPlace>("check");
  /** Who is connected, and members that are away. */
  readonly devices = $derived.by(() =>
    linkedDevices(this.#workspace.networks, this.#workspace.peers),
  );
  readonly relayForm: OneFieldForm;
  readonly #workspace: Workspace;
  #isStale = false;
  #pause: ReturnType<typeof setTimeout> | null = null;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
    const { relayMissing } = connectionMessages;
    this.relayForm = new OneFieldForm("", relayMissing, (given) => this.#addRelay(given));
  }

  /** Relays that are used: set, the one of the page, or named by networks. */
  get relays(): readonly string[] {
    const named = this.#workspace.networks.flatMap(({ relays }) => relays);
    const own = this.#own;
    const isOther = (address: string, at: number): boolean =>
      !own.includes(address) && named.indexOf(address) === at;
    return [...own, ...named.filter(isOther)];
  }

  /** The networks whose invite named it; none for a relay of this device. */
  networksOf(address: string): readonly NetworkConfig[] {
    if (this.#own.includes(address)) return [];
    return this.#workspace.networks.filter(({ relays }) => relays.includes(address));
  }

  get #own(): readonly string[] {
    const { relays } = this.settings;
    return relays.length === 0 ? [relayOfOrigin(window.location)] : relays;
  }

  /** Listens until the returned function is called. */
  follow(): () => void {
    const { database } = this.#workspace;
    const look = (): void => this.refresh();
    const offs = [database.on("connection", look), database.on("networks", look)];
    window.addEventListener("online", look);
    window.addEventListener("offline", look);
    // What is checked changes while it is: whoever listens must not begin anew with it
    untrack(look);
    return () => {
      for (const off of offs) off();
      window.removeEventListener("online", look);
      window.removeEventListener("offline", look);
      if (this.#pause !== null) clearTimeout(this.#pause);
      this.#pause = null;
    };
  }

  refresh(): void {
    this.settings = this.#manager.connectionSettings();
    this.#isStale = this.#pause !== null || this.isChecking;
    if (!this.#isStale) void this.#check();
  }

  /** Somebody asked for it, and is told when it is done. */
  async checkAgain(): Promise<void> {
    if (this.isChecking) return;
    this.#begin("check");
    await this.#check();
    this.note = connectionMessages.checked;
  }

  /** Whether it was taken; what was refused is `problem`. */
  async set(place: ConnectionPlace, change: ConnectionChange, note: string): Promise<boolean> {
    return this.#try(place, note, () => this.#manager.configureConnection(change));
  }

  /** Members of that network are no longer looked for there; whether it was taken. */
  async forget(network: NetworkConfig, address: string): Promise<boolean> {
    const relays = network.relays.filter((each) => each !== address);
    return this.#try("relays", connectionMessages.removed, () =>
      this.#manager.setNetworkRelays(network.networkId, relays),
    );
  }

  async #try(place: ConnectionPlace, note: string, run: () => Promise<void>): Promise<boolean> {
    this.#begin(place);
    try {
      await run();
      this.settings = this.#manager.connectionSettings();
      this.note = note;
      return true;
    } catch (error) {
      this.problem = problemOf(error).message;
      return false;
    }
  }

  #begin(place: ConnectionPlace): void {
    this.place = place;
    this.note = "";
    this.problem = "";
  }

  get #manager(): ReturnType<Workspace["database"]["getNetworkManager"]> {
    return this.#workspace.database.getNetworkManager();
  }

  async #check(): Promise<void> {
    this.isChecking = true;
    try {
      this.steps = await this.#manager.diagnose();
    } catch (error) {
      this.problem = problemOf(error).message;
    } finally {
      this.isChecking = false;
      this.#rest();
    }
  }

  #rest(): void {
    this.#pause = setTimeout(() => {
      this.#pause = null;
      if (this.#isStale) this.refresh();
    }, checkPauseMilliseconds);
  }

  /** Beside those that are used: the page's own is not lost by it. */
  async #addRelay(given: string): Promise<string> {
    const address = relayAddressOf(given);
    if (this.#own.includes(address)) return connectionMessages.relayKnown;
    if (isKeptFrom(address, window.location.protocol)) {
      throw invalid("UnsupportedAddress", connectionMessages.relayPlain);
    }
    try {
      await this.#manager.configureConnection({ relays: [...this.#own, address] });
    } catch (error) {
      const { code, path } = problemOf(error);
      if (code !== "UnsupportedAddress" || path === null) throw error;
      throw invalid(code, connectionMessages.relayWrong, path);
    }
    this.settings = this.#manager.connectionSettings();
    return connectionMessages.relayAdded;
  }
}
