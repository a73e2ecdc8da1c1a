/**
 * `npm run bench:charts`: one page with charts over what `npm run bench`, `npm run bench:sync` and
 * `npm run bench:page` left in bench-results. It needs no network and no script: drawings in the
 * page itself.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { resultsFolder, writeResult } from "../support/resultFiles.ts";
import { groupsOfPage, groupsOfPeers, type Bar, type Group } from "./bars.ts";

const fileText = async (name: string): Promise<string | null> => {
  try {
    return await readFile(join(resultsFolder, name), "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
};

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => `&#${String(character.charCodeAt(0))};`);

const barOf = ({ label, value, text, isOurs }: Bar, greatest: number): string => {
  // The least is to be seen as well
  const width = Math.max(0.5, (value / greatest) * 100).toFixed(1);
  return (
    `<div class="bar${isOurs ? " ours" : ""}"><span class="label">${escaped(label)}</span>` +
    `<span class="track"><span class="fill" style="width:${width}%"></span></span>` +
    `<span class="value">${escaped(text)}</span></div>`
  );
};

const sectionOf = ({ title, better, bars }: Group): string => {
  const greatest = Math.max(...bars.map(({ value }) => value));
  const all = bars.map((bar) => barOf(bar, greatest)).join("\n");
  return `<section><h2>${escaped(title)}</h2><p>${better} is better</p>\n${all}\n</section>`;
};

const pageOf = (groups: readonly Group[]): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>NebulusDB: measurements</title>
<style>
  :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
  body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
  section { margin-block: 2rem; }
  h2 { margin: 0; font-size: 1.1rem; }
  p { margin: 0 0 0.5rem; color: light-dark(#5a5568, #aca7bb); font-size: 0.875rem; }
  .bar { display: grid; grid-template-columns: 11rem 1fr 7rem; gap: 0.75rem; align-items: center; }
  .label { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .track { height: 0.875rem; }
  .fill { display: block; height: 100%; border-radius: 3px; }
  .fill { background: light-dark(#b9b4cc, #5a5568); }
  .ours { font-weight: 600; }
  .ours .fill { background: light-dark(#4f38c4, #ada0ff); }
  .value { text-align: right; font-variant-numeric: tabular-nums; }
  @media (max-width: 40rem) {
    .bar { grid-template-columns: 1fr auto; }
    .track { grid-column: 1 / -1; grid-row: 2; }
  }
</style>
<h1>NebulusDB: measurements</h1>
${groups.map(sectionOf).join("\n")}
</html>
`;

const groupsOf = async (
  name: string,
  read: (text: string) => readonly Group[],
): Promise<readonly Group[]> => {
  const text = await fileText(name);
  return text === null ? [] : read(text);
};

const groups = [
  ...(await groupsOf("page.json", groupsOfPage)),
  ...(await groupsOf("peers.json", groupsOfPeers)),
  ...(await groupsOf("sync.json", groupsOfPeers)),
];
if (groups.length === 0) {
  throw new Error("bench-results is empty: run `npm run bench` or `npm run bench:page` first.");
}
process.stdout.write(`Written to ${await writeResult("index.html", pageOf(groups))}.\n`);
