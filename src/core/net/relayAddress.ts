/**
 * The multiaddress of a relay that is known by what a URL says of it. Pages derive their own relay
 * from where they came from, and people paste what stands in the browser's address bar.
 */

/** What of a URL, or of `window.location`, says where a relay is. */
export interface Origin {
  /** `http:` or `https:`, or the same of WebSockets. */
  readonly protocol: string;
  readonly hostname: string;
  /** Empty for the protocol's own. */
  readonly port: string;
}

export const relayOfOrigin = ({ protocol, hostname, port }: Origin): string => {
  const isSecure = protocol === "https:" || protocol === "wss:";
  const tcp = port === "" ? (isSecure ? "443" : "80") : port;
  return `/${hostProtocol(hostname)}/${bareHost(hostname)}/tcp/${tcp}${isSecure ? "/tls" : ""}/ws`;
};

const bareHost = (hostname: string): string => hostname.replace(/^\[|\]$/g, "");

const hostProtocol = (hostname: string): "ip4" | "ip6" | "dns" => {
  if (hostname.includes(":")) return "ip6";
  return /^\d+\.\d+\.\d+\.\d+$/.test(hostname) ? "ip4" : "dns";
};
