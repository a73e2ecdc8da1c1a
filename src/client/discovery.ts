/** How others are found, as a caller asks for it of a database or of one network: checked here. */
import {
  dialMillisecondsMax,
  dialMillisecondsMin,
  discoveryMillisecondsMax,
  discoveryMillisecondsMin,
} from "../core/base/limits.ts";
import { describe, isPlainObject } from "../core/cbor/check.ts";
import { usualDiscovery, type Discovery } from "../core/wire/connection.ts";
import { refusal } from "./answer.ts";

/** What is asked for with one network. */
export interface NetworkDiscovery {
  readonly bootstrap: boolean;
  readonly mdns: boolean;
}

export const usualNetworkDiscovery: NetworkDiscovery = { bootstrap: true, mdns: true };

/** Of one network: `discovery`. Throws `InvalidArgument`, whose path is the option. */
export const checkNetworkDiscovery = (given: unknown): NetworkDiscovery =>
  checked(given, usualNetworkDiscovery, "discovery");

/** Of the database: `distributed.discovery`, with the dial's timeout, which stands beside it. */
export const checkDiscovery = (
  given: unknown,
  dialTimeout: unknown = usualDiscovery.dialTimeout,
): Discovery & NetworkDiscovery => {
  const { dialTimeout: usualTimeout, ...usual } = { ...usualNetworkDiscovery, ...usualDiscovery };
  const discovery = checked(given, usual, "distributed.discovery");
  const timeout = { dialTimeout };
  return { ...discovery, ...checked(timeout, { dialTimeout: usualTimeout }, "distributed") };
};

/** What is not named is as usual; what is usual says too which options there are. */
const checked = <T extends object>(given: unknown = {}, usual: T, place: string): T => {
  if (!isPlainObject(given)) {
    throw refusal("InvalidArgument", `${place}: an object, not ${describe(given)}`, place);
  }
  for (const [name, value] of Object.entries(given)) {
    const fault = faultOf(name, value, usual);
    const path = `${place}.${name}`;
    if (fault !== null) throw refusal("InvalidArgument", `${path}: ${fault}`, path);
  }
  return { ...usual, ...given };
};

const faultOf = (name: string, value: unknown, usual: object): string | null => {
  const known: unknown = Object.entries(usual).find(([each]) => each === name)?.[1];
  if (known === undefined) return "no such option";
  if (typeof known === "boolean") return typeof value === "boolean" ? null : "true or false";
  const [min, max] = name === "interval" ? intervalBounds : dialBounds;
  const isWithin = Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max;
  return isWithin ? null : `milliseconds from ${String(min)} to ${String(max)}`;
};

const intervalBounds = [discoveryMillisecondsMin, discoveryMillisecondsMax] as const;
const dialBounds = [dialMillisecondsMin, dialMillisecondsMax] as const;
