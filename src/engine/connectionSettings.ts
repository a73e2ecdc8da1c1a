/**
 * How this device connects, as the store keeps it in its meta data, on this device alone:
 *
 * `connection` = [1, [relay …], [[[url …], user name or nil, credential or nil] …], relay only?,
 * rendezvous?], the last of which older programs left out: they had it.
 */
import { createTurns } from "../core/base/turns.ts";
import { decodeCbor, encodeCbor, type CborItem } from "../core/cbor/item.ts";
import { connectionBytesMax } from "../core/base/limits.ts";
import {
  defaultConnection,
  type ConnectionChange,
  type ConnectionSettings,
  type IceServer,
} from "../core/wire/connection.ts";
import type { Store } from "../storage/store.ts";

export interface KeptConnection {
  /** Kept and told when it resolves; changes are made one after another. */
  readonly change: (change: ConnectionChange) => Promise<void>;
}

/** `tell` is told what is kept, and of each change. */
export const openConnectionSettings = async (
  store: Pick<Store, "meta" | "write">,
  tell: (settings: ConnectionSettings) => void,
): Promise<KeptConnection> => {
  const inTurn = createTurns();
  let settings = readConnection((await store.meta()).get(connectionKey));
  tell(settings);
  return {
    change: (change) =>
      inTurn(async () => {
        const next = { ...settings, ...change };
        await store.write({ meta: new Map([[connectionKey, encodeConnection(next)]]) });
        settings = next;
        tell(next);
      }),
  };
};

export const connectionKey = "connection";

/** Of a newer program, or damaged: whatever it said, no address of this device is shown. */
const unreadableConnection: ConnectionSettings = { ...defaultConnection, relayOnly: true };

const readConnection = (bytes: Uint8Array | undefined): ConnectionSettings => {
  if (bytes === undefined) return defaultConnection;
  const caps = { bytesMax: connectionBytesMax, depthMax: 4, itemsMax: connectionBytesMax };
  const decoded = decodeCbor(bytes, caps);
  return (decoded.ok ? settingsOf(decoded.value) : null) ?? unreadableConnection;
};

const encodeConnection = (settings: ConnectionSettings): Uint8Array =>
  encodeCbor([
    1,
    [...settings.relays],
    settings.iceServers.map(({ urls, username, credential }) => [
      [...urls],
      username ?? null,
      credential ?? null,
    ]),
    settings.relayOnly,
    settings.rendezvous,
  ]);

/** null: it has another form. */
const settingsOf = (item: CborItem): ConnectionSettings | null => {
  const [version, relayItems, serverItems, relayOnly, rendezvous = true] = listOf(item) ?? [];
  const relays = textsOf(relayItems);
  const servers = listOf(serverItems)?.map(serverOf) ?? null;
  const iceServers = servers?.flatMap((server) => server ?? []) ?? [];
  if (version !== 1 || relays === null || iceServers.length !== servers?.length) return null;
  if (typeof relayOnly !== "boolean" || typeof rendezvous !== "boolean") return null;
  return { relays, iceServers, relayOnly, rendezvous };
};

const serverOf = (item: CborItem): IceServer | null => {
  const [urlItems, username, credential] = listOf(item) ?? [];
  const urls = textsOf(urlItems);
  if (urls === null) return null;
  return {
    urls,
    ...(typeof username === "string" ? { username } : {}),
    ...(typeof credential === "string" ? { credential } : {}),
  };
};

const textsOf = (item: CborItem | undefined): readonly string[] | null => {
  const list = listOf(item);
  const texts = list?.flatMap((each) => (typeof each === "string" ? each : [])) ?? [];
  return list !== null && texts.length === list.length ? texts : null;
};

const listOf = (item: CborItem | undefined): readonly CborItem[] | null =>
  Array.isArray(item) ? Array.from<CborItem>(item) : null;
