/**
 * Where the browsers of the long script stand: each on a host of its own, whose network can be
 * taken away, given back and given another address. On Linux as root these are network namespaces
 * behind one bridge, inside a namespace of the script's own, so that nothing of the machine is
 * touched and nothing is left. Elsewhere all stand on this machine, and DevTools takes the network
 * away, which spares WebRTC.
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { readlinkSync } from "node:fs";

export interface Host {
  /** Put before the command that is to run there. */
  readonly prefix: readonly string[];
  /** Null: there is no cable to pull. */
  readonly cable: Cable | null;
}

export interface Cable {
  readonly pull: () => void;
  readonly plug: () => void;
  /** The host comes back elsewhere: one address for another, as from one Wi-Fi to the next. */
  readonly move: () => void;
}

export interface Lan {
  /** Where the relay is reached from all hosts. */
  readonly relayHost: string;
  readonly isReal: boolean;
  readonly addHost: () => Promise<Host>;
  readonly close: () => void;
}

/** Set in the script that already runs in a namespace of its own. */
const insideVariable = "NEBULUS_OUTAGES_INSIDE";
const gateway = "10.77.0.1";

/** Runs this script again in a namespace of its own; null: none can be made, or it is in one. */
export const runInside = (): number | null => {
  if (process.env[insideVariable] !== undefined) return null;
  if (process.platform !== "linux" || process.getuid?.() !== 0) return null;
  const command = [process.execPath, ...process.argv.slice(1)];
  if (spawnSync("unshare", ["--net", "ip", "link", "add", "try0", "type", "bridge"]).status !== 0) {
    return null;
  }
  const { status } = spawnSync("unshare", ["--net", ...command], {
    env: { ...process.env, [insideVariable]: "1" },
    stdio: "inherit",
  });
  return status ?? 1;
};

export const createLan = (): Lan =>
  process.env[insideVariable] === undefined ? createPlainLan() : createRealLan();

const createPlainLan = (): Lan => ({
  relayHost: "127.0.0.1",
  isReal: false,
  addHost: () => Promise.resolve({ prefix: [], cable: null }),
  close: () => undefined,
});

const ip = (...words: readonly string[]): void => {
  const { status, stderr } = spawnSync("ip", words);
  if (status !== 0) throw new Error(`ip ${words.join(" ")}: ${stderr.toString().trim()}`);
};

const createRealLan = (): Lan => {
  const holders: ChildProcess[] = [];
  let addresses = 1;
  ip("link", "set", "lo", "up");
  ip("link", "add", "bridge0", "type", "bridge");
  ip("addr", "add", `${gateway}/16`, "dev", "bridge0");
  ip("link", "set", "bridge0", "up");

  const addHost = async (): Promise<Host> => {
    const name = `host${String(holders.length)}`;
    // Holds the namespace until this script ends
    const holder = spawn("unshare", ["--net", "sleep", "infinity"], { stdio: "ignore" });
    holders.push(holder);
    const pid = String(holder.pid);
    await untilApart(pid);
    const prefix = ["nsenter", "--net", `--target=${pid}`];
    const there = (...words: readonly string[]): void => {
      const { status, stderr } = spawnSync("nsenter", [...prefix.slice(1), "ip", ...words]);
      if (status !== 0) throw new Error(`ip ${words.join(" ")}: ${stderr.toString().trim()}`);
    };
    ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", pid);
    ip("link", "set", name, "master", "bridge0", "up");
    there("link", "set", "lo", "up");
    there("link", "set", "eth0", "up");
    const takeAddress = (): void => {
      addresses += 1;
      there("addr", "flush", "dev", "eth0");
      const place = `10.77.${String(addresses >> 8)}.${String(addresses % 256)}/16`;
      there("addr", "add", place, "dev", "eth0");
      there("route", "replace", "default", "via", gateway);
    };
    takeAddress();
    return {
      prefix,
      cable: {
        pull: () => {
          ip("link", "set", name, "down");
        },
        plug: () => {
          ip("link", "set", name, "up");
        },
        move: takeAddress,
      },
    };
  };
  return {
    ...{ relayHost: gateway, isReal: true, addHost },
    close: () => {
      for (const holder of holders) holder.kill();
    },
  };
};

/** Until the process has a namespace that is not ours. */
const untilApart = async (pid: string): Promise<void> => {
  const own = readlinkSync("/proc/self/ns/net");
  while (readlinkSync(`/proc/${pid}/ns/net`) === own) {
    await new Promise((resolve) => setImmediate(resolve));
  }
};
