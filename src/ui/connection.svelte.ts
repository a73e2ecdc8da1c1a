/**
 * How this device connects, as the view shows and changes it: what works, asked again whenever
 * something of it may be another, and the settings.
 */
import { untrack } from "svelte";
import { invalid } from "../core/base/errors.ts";
import type {
  ConnectionChange,
  ConnectionSettings,
  DiagnosisStep,
} from "../client/networkTypes.ts";
import { connectionMessages } from "./connectionMessages.ts";
import { OneFieldForm } from "./join.svelte.ts";
import { linkedDevices } from "./text/links.ts";
import { problemOf } from "./text/problem.ts";
import { isKeptFrom, relayAddressOf } from "./text/relay.ts";
import type { Workspace } from "./workspace.svelte.ts";

/** Much changes at once. */
const checkPauseMilliseconds = 500;

/** A part of the view. */
export type ConnectionPlace = "check" | "relays" | "privacy" | "servers";

export class ConnectionState {
  /** null: not asked yet. */
  steps = $state.raw<readonly DiagnosisStep[] | null>(null);
  settings = $state.raw<ConnectionSettings>({ relays: [], iceServers: [], relayOnly: false });
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

  /** Relays that are used, be they set or the one of the page. */
  get relays(): readonly string[] {
    const used = (this.steps ?? []).flatMap(({ step, subject }) =>
      step === "relay" && subject !== null ? [subject] : [],
    );
    const { relays } = this.settings;
    return [...relays, ...used.filter((address) => !relays.includes(address))];
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
    this.#begin(place);
    try {
      await this.#manager.configureConnection(change);
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
    if (this.relays.includes(address)) return connectionMessages.relayKnown;
    if (isKeptFrom(address, window.location.protocol)) {
      throw invalid("UnsupportedAddress", connectionMessages.relayPlain);
    }
    try {
      await this.#manager.configureConnection({ relays: [...this.relays, address] });
    } catch (error) {
      const { code, path } = problemOf(error);
      if (code !== "UnsupportedAddress" || path === null) throw error;
      throw invalid(code, connectionMessages.relayWrong, path);
    }
    this.settings = this.#manager.connectionSettings();
    return connectionMessages.relayAdded;
  }
}
