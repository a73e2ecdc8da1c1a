/**
 * Addresses of relays: as people write them, and as they are shown.
 */
import { relayOfOrigin } from "../../core/net/relayAddress.ts";

/** A multiaddress from what people paste: a multiaddress, or the address of a web site. */
export const relayAddressOf = (text: string): string => {
  if (!/^(wss?|https?):\/\//.test(text)) return text;
  try {
    return relayOfOrigin(new URL(text));
  } catch {
    // Who checks it says what is wrong
    return text;
  }
};

/** Host and port, which is what people know it by. */
export const relayInWords = (address: string): string => {
  const [, , host, , port] = address.split("/");
  return host === undefined || port === undefined ? address : `${host}:${port}`;
};
