/**
 * A process that is killed while it writes to a directory of files: every acknowledged document is
 * there, none torn, and the next process opens it. `npm run kills:node` does it many times more.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { killRound } from "./killer.ts";

test("5 kills during writes lose and tear nothing that was acknowledged", async () => {
  const directory = mkdtempSync(join(tmpdir(), "nebulus-kills-"));
  try {
    const acknowledged = new Map<string, number>();
    for (let seed = 1; seed <= 5; seed++) {
      expect(await killRound({ directory, seed, acknowledged })).toEqual([]);
    }
    expect(acknowledged.size).toBeGreaterThan(5);
  } finally {
    rmSync(directory, { recursive: true });
  }
}, 120_000);
