/**
 * Packages of Debian that tests drive, installed where this process may.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** As root on Debian or what comes from it. */
export const mayInstall = () => process.getuid?.() === 0 && existsSync("/usr/bin/apt-get");

/**
 * Says what it does; whether the package is there by then, its caller looks.
 *
 * @param {string} name
 */
export const install = (name) => {
  apt(["update"]);
  apt(["install", "-y", name]);
};

/** @param {readonly string[]} words */
const apt = (words) => {
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const patience = ["-q", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3"];
  spawnSync("apt-get", [...patience, ...words], {
    env: environment,
    stdio: ["ignore", "inherit", "inherit"],
  });
};
