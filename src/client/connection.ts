/**
 * What a database needs of the thing that runs its engine: a worker (`connect.ts`) or this very
 * process (`localConnection.ts`).
 */
import type { ConnectionSettings, Discovery } from "../core/wire/connection.ts";
import type { Answer, DatabaseService } from "../worker/api.ts";
import type { WebrtcFinding } from "./diagnosis.ts";

export interface Connection {
  /** Rows in its answers belong to the caller; rows that it is given are given away. */
  readonly service: DatabaseService;
  /** One handler, called when the engine is gone without having been asked to go. */
  onLost(handler: (reason: string) => void): void;
  /** Closes the service and deletes all data of that name on this device. */
  destroy(name: string): Promise<Answer<null>>;
  /** After `service.close()`: frees what ran the engine. */
  end(): void;
}

/** Where a database runs. */
export interface Platform {
  connect(name: string): Connection;
  readonly worker: boolean;
  /** Null outside of pages. */
  readonly page: PagePlatform | null;
  /** The network that the caller handed in, instead of the page's own. */
  readonly carry?: Carry;
}

/** Connects the engine with a network, as it is set; the answer takes it down. */
export type Carry = (
  service: DatabaseService,
  settings: ConnectionSettings,
  discovery: Discovery,
) => Promise<() => Promise<void>>;

/** What only a page can do. */
export interface PagePlatform {
  /**
   * Loads libp2p into the page and connects it with the engine; the answer takes it down. No
   * relays: the page's own origin. Rejects if the network cannot be loaded; a relay out of reach is
   * tried for ever.
   */
  readonly carry: Carry;
  /** Asks the browser to keep the data; whether it promised. */
  persist(): Promise<boolean>;
  persisted(): Promise<boolean>;
  usage(): Promise<{ readonly used: number; readonly quota: number }>;
  /** Of the page, without what stands behind it: where the link of an invite leads. */
  readonly url: () => string;
  readonly webrtc: boolean;
  /** As the browser says: false is certain, true means some network. */
  readonly isOnline: () => boolean;
  /** Never rejects. */
  tryWebrtc(settings: ConnectionSettings): Promise<WebrtcFinding>;
}
