/**
 * What a first load brings, and what there is in all. A bundler splits what several parts import:
 * page and worker are weighed with all that they import statically, however it is cut.
 */
import { readdirSync, readFileSync } from "node:fs";

const assets = "dist/assets";
const names = readdirSync(assets);

/** @param {RegExp} pattern */
const named = (pattern) => names.filter((name) => pattern.test(name));

/** `import … from "./x.js"` and `import "./x.js"`, not `import("./x.js")`. */
const staticImport = /(?:\bfrom|\bimport)\s*"\.\/([^"]+\.js)"/g;

/**
 * @param {readonly string[]} entries
 * @param {Set<string>} found
 */
const withImports = (entries, found = new Set()) => {
  for (const name of entries) {
    if (found.has(name)) continue;
    found.add(name);
    const text = readFileSync(`${assets}/${name}`, "utf8");
    withImports(
      [...text.matchAll(staticImport)].map(([, imported]) => imported ?? ""),
      found,
    );
  }
  return [...found];
};

/** @param {readonly string[]} files */
const paths = (files) => files.map((name) => `${assets}/${name}`);

export default [
  {
    name: "page, without network",
    path: paths([...withImports(named(/^index-.*\.js$/)), ...named(/^index-.*\.css$/)]),
    gzip: true,
    limit: "80 KiB",
  },
  {
    name: "worker",
    path: paths(withImports(named(/^db\.worker-.*\.js$/))),
    gzip: true,
    limit: "120 KiB",
  },
  { name: "network", path: `${assets}/node-*.js`, gzip: true, limit: "150 kB" },
  // Asked where no relay has a rendezvous
  { name: "DHT", path: `${assets}/dhtClient-*.js`, gzip: true, limit: "75 kB" },
  // All of it on demand: the search of parts to come, networks, sharing, the doctor, a reader of QR
  // codes, import and export
  { name: "everything", path: "dist/**/*.{html,js,css}", gzip: true, limit: "600 kB" },
];
