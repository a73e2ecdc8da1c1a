/**
 * Under which addresses others reach a port of this machine.
 */
import { isIPv4, isIPv6 } from "node:net";

/** One network interface's address, as `os.networkInterfaces()` tells it. */
export interface InterfaceAddress {
  readonly address: string;
  readonly family: string;
}

/** Multiaddresses without peer id, for a server that listens at `host`. */
export const announcedAddresses = (
  host: string,
  port: number,
  interfaces: readonly InterfaceAddress[],
): readonly string[] => hostsOf(host, interfaces).map((name) => toMultiaddress(name, port));

/** Whether only this machine reaches what listens there. */
export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));

/** What a person types into a browser on this machine. */
export const pageUrl = (host: string, port: number): string => {
  const isHere = ["127.0.0.1", "::1", "0.0.0.0", "::", "localhost"].includes(host);
  const name = isHere ? "localhost" : isIPv6(host) ? `[${host}]` : host;
  return `http://${name}:${port}`;
};

/** Every IPv4 address stands for itself; link-local IPv6 ones cannot be dialed from a page. */
const hostsOf = (host: string, interfaces: readonly InterfaceAddress[]): readonly string[] => {
  if (host !== "0.0.0.0" && host !== "::") return [host];
  return interfaces
    .filter(({ family }) => family === "IPv4" || host === "::")
    .map(({ address }) => address)
    .filter((address) => !address.startsWith("fe80:"));
};

const toMultiaddress = (host: string, port: number): string => {
  const protocol = isIPv4(host) ? "ip4" : isIPv6(host) ? "ip6" : "dns";
  return `/${protocol}/${host}/tcp/${port}/ws`;
};
