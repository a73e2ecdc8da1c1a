/**
 * New versions of this app: the service worker that has it offline, and the moment at which a newer
 * one may take over. It waits until the person says so; then the database is closed first, so that
 * no write is cut off.
 */
import { ownScriptUrl } from "../client/trusted.ts";

export class Update {
  /** A newer version runs in another tab, or waits to run here. */
  isReady = $state(false);
  isReloading = $state(false);
  readonly #close: () => Promise<void>;
  #registration: ServiceWorkerRegistration | null = null;

  constructor(close: () => Promise<void>) {
    this.#close = close;
  }

  /** Without one, as in private windows, the app is there online only. */
  async register(): Promise<void> {
    // The type says string; a policy's URLs are as good
    const url = ownScriptUrl("/sw.js") as string;
    const { serviceWorker } = navigator;
    let hasController = serviceWorker.controller !== null;
    // Another tab let the newer one take over: what this page loads later may be gone
    serviceWorker.addEventListener("controllerchange", () => {
      if (hasController) this.isReady = true;
      hasController = true;
    });
    const registration = await serviceWorker.register(url);
    this.#registration = registration;
    this.#look();
    registration.addEventListener("updatefound", () => {
      const { installing } = registration;
      installing?.addEventListener("statechange", () => {
        this.#look();
      });
    });
  }

  async reload(): Promise<void> {
    if (this.isReloading) return;
    this.isReloading = true;
    await this.#close();
    const waiting = this.#registration?.waiting ?? null;
    if (waiting === null) {
      window.location.reload();
      return;
    }
    navigator.serviceWorker.addEventListener("controllerchange", () => {
      window.location.reload();
    });
    waiting.postMessage({ type: "SKIP_WAITING" });
  }

  /** The first one that is installed is no newer version. */
  #look(): void {
    const isNewer = (this.#registration?.waiting ?? null) !== null;
    if (isNewer && navigator.serviceWorker.controller !== null) this.isReady = true;
  }
}
