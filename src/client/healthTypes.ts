/**
 * What `health()` answers: what the engine says of itself, and what the page knows of the browser.
 */
import type { EngineHealth } from "../core/wire/health.ts";

/** How it stands with the data of this device. */
export interface Health extends EngineHealth {
  /** It can be asked: it is neither opening nor closed. */
  readonly open: boolean;
  /** Whether the browser promised not to evict the data; null where nobody can say. */
  readonly persisted: boolean | null;
  /** Bytes, as the browser estimates them for the whole origin; null where nobody can say. */
  readonly usage: { readonly used: number; readonly quota: number } | null;
}
