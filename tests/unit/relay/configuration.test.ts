/** Where settings come from, which one counts, and what is said of those that are wrong. */
import fc from "fast-check";
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterEach, expect, test } from "vitest";
import { ConfigurationError, readSettings } from "../../../relay/configuration.ts";
import {
  flagOf,
  settingNames,
  settings,
  settingsWith,
  usage,
  variableOf,
} from "../../../relay/settings.ts";
import { createCleanup, temporaryDirectory } from "../../support/nodePeers.ts";

const cleanup = createCleanup();
afterEach(() => cleanup.run());

const read = (words: readonly string[], environment: Record<string, string> = {}) =>
  readSettings({ words, environment });

/** The flags that name a file with this text. */
const fileOf = async (text: string): Promise<readonly string[]> => {
  const path = join(await temporaryDirectory(cleanup), "relay.yaml");
  await writeFile(path, text);
  return ["--config", path];
};

const refusalOf = (words: readonly string[], environment: Record<string, string> = {}) => {
  try {
    read(words, environment);
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
};

test("where nothing is said, the defaults count", () => {
  expect(read([])).toEqual(settingsWith({}));
});

test("a flag wins over a variable, a variable over the file", async () => {
  const file = await fileOf("port: 1\nrelayedMinutes: 2\nlogLevel: silent\n");
  const variables = { NEBULUS_RELAY_PORT: "3", NEBULUS_RELAY_RELAYED_MINUTES: "4" };
  expect(read([...file, "--port", "5"], variables)).toEqual(
    settingsWith({ port: 5, relayedMinutes: 4, logLevel: "silent" }),
  );
});

test("the file can be named in the environment, and may be empty", async () => {
  const [, path = ""] = await fileOf("# nothing yet\n");
  expect(read([], { NEBULUS_RELAY_CONFIG: path })).toEqual(settingsWith({}));
});

test("of one flag said twice the last counts, and a value may follow an equals sign", () => {
  expect(read(["--port", "1", "--port=2"])?.port).toBe(2);
});

test("the same lists and switches can be said in each place", async () => {
  const announce = ["/dns/a.example/tcp/443/tls/ws", "/ip6/2001:db8::7/tcp/80/ws"];
  const expected = settingsWith({ announce, rendezvous: false });
  const yaml = `announce:\n  - ${announce[0]}\n  - ${announce[1]}\nrendezvous: false\n`;
  expect(read(await fileOf(yaml))).toEqual(expected);
  expect(read(["--announce", announce.join(","), "--rendezvous", "false"])).toEqual(expected);
  const variables = {
    NEBULUS_RELAY_ANNOUNCE: announce.join(","),
    NEBULUS_RELAY_RENDEZVOUS: "false",
  };
  expect(read([], variables)).toEqual(expected);
  expect(read(["--announce", ""], variables)?.announce).toEqual([]);
});

test.each([
  ["--port", "65536"],
  ["--port", "-1"],
  ["--port", "5e3"],
  ["--port", "80.5"],
  ["--port", ""],
  ["--port", "0x50"],
  ["--connections-max", "0"],
  ["--rendezvous", "yes"],
  ["--log-level", "debug"],
  ["--data", ""],
  ["--data", "a\0b"],
  ["--announce", "localhost:80"],
  ["--announce", "/ip4/1.2.3.4/tcp/80"],
  ["--announce", "/dns/a/tcp/1/ws,"],
  ["--announce", "/dns/a/tcp/1/ws/p2p/12D3KooWGC3mVuPXYy2HZvoj8gr71s8JKfrL3JeXx8LpAdVGPR4K"],
  ["--announce", Array.from({ length: 33 }, () => "/dns/a/tcp/1/ws").join(",")],
])("%s %j is refused, with its name and what it takes", (flag, value) => {
  const name = settingNames.find((one) => flagOf(one) === flag);
  const refusal = refusalOf([`${flag}=${value}`]);
  expect(refusal).toMatchObject({ setting: name, where: flag });
  expect(refusal.message).toContain(`${flag}: ${name ?? ""} takes `);
  expect(refusal.message).toContain("correct it");
});

test.each([
  ["# a comment\nport: many\n", "port", 2, 'not "many"'],
  ["port: '80'\n", "port", 1, 'not "80"'],
  ["host: 5\n", "host", 1, "not 5"],
  ["port:\n", "port", 1, "not null"],
  ["announce: /dns/a/tcp/1/ws\n", "announce", 1, "takes at most 32 multiaddresses"],
  ["announce: [5]\n", "announce", 1, "not [ 5 ]"],
  ["announce: &a [*a]\n", "announce", 1, "not "],
  ["\n\nprot: 80\n", "prot", 3, 'no setting "prot"'],
  ["config: other.yaml\n", "config", 1, "no setting"],
  ["__proto__: 5\n", "__proto__", 1, "no setting"],
  ["[a]: 5\n", "?", 1, "no setting"],
  ["port: 1\nport: 2\n", "config", 2, "no YAML"],
  ["port: [\n", "config", 2, "no YAML"],
])("a file with %j is refused at its line", async (text, setting, line, why) => {
  const file = await fileOf(text);
  const refusal = refusalOf(file);
  expect(refusal).toMatchObject({ setting, where: `${file[1] ?? ""}:${line}` });
  expect(refusal.message).toContain(why);
});

test("a file that is no list of settings, too long or not there is refused", async () => {
  expect(refusalOf(await fileOf("- port\n")).message).toContain("port: 5173");
  expect(refusalOf(await fileOf(`# ${"x".repeat(65_536)}`)).message).toContain("65536 bytes");
  expect(refusalOf(["--config", "missing.yaml"])).toMatchObject({
    setting: "config",
    where: "--config",
  });
  expect(refusalOf([], { NEBULUS_RELAY_CONFIG: "missing.yaml" }).where).toBe(
    "NEBULUS_RELAY_CONFIG",
  );
});

test.each([["--prot", "5"], ["-p"], ["port"], ["--port"], ["--no-rendezvous"]])(
  "%s %s is no flag with a value",
  (...words) => {
    expect(refusalOf(words).where).toBe(words[0]);
  },
);

test("a variable with the relay's prefix that is no setting is refused, others are not", () => {
  expect(refusalOf([], { NEBULUS_RELAY_PROT: "5" }).where).toBe("NEBULUS_RELAY_PROT");
  expect(read([], { NEBULUS_RELAY: "x", NEBULUS_TRACE: "1" })).toEqual(settingsWith({}));
});

test("whatever stands in a file, it is read or refused with a line", async () => {
  const [flag = "", path = ""] = await fileOf("");
  const value = fc.oneof(fc.string(), fc.json(), fc.constantFrom("*a", "&a", "|", "{", "!!x"));
  const line = fc.tuple(fc.constantFrom(...settingNames, "x", "? "), value);
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 4 }), async (lines) => {
      await writeFile(path, lines.map(([name, said]) => `${name}: ${said}\n`).join(""));
      try {
        expect(read([flag, path])).not.toBeNull();
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigurationError);
      }
    }),
    { numRuns: 300 },
  );
});

test("--help stands before any mistake, and names each setting in each place", () => {
  expect(read(["--help", "--prot", "5"])).toBeNull();
  for (const name of settingNames) expect(usage()).toContain(`${flagOf(name)} `);
  expect(flagOf("relayedMinutes")).toBe("--relayed-minutes");
  expect(variableOf("relayedMinutes")).toBe("NEBULUS_RELAY_RELAYED_MINUTES");
});

test("the README's table is the table of settings", async () => {
  const readme = await readFile(resolve(import.meta.dirname, "../../../README.md"), "utf8");
  const [, table = ""] = readme.split("## Run a relay")[1]?.split(/^\| setting .*$/m) ?? [];
  const rows = (table.split("\n\n")[0] ?? "")
    .trim()
    .split("\n")
    .slice(1)
    .map((row) => row.split("|").map((cell) => cell.trim()));
  expect(rows).toEqual(
    settingNames.map((name) => {
      const { kind, shownFallback, help } = settings[name];
      return ["", `\`${name}\``, kind.expects, shownFallback, help, ""];
    }),
  );
});
