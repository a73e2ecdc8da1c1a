/** What reports as Markdown have alike: tables, verdicts, and what is said of a run. */
import { shownAs, type Kind, type Median } from "./measures.ts";

export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  if (rows.length === 0) return "Nothing was measured.";
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
};

/** Of the parts that say something. */
export const markdownOf = (parts: readonly string[]): string =>
  parts
    .filter((part) => part !== "")
    .join("\n\n")
    .concat("\n");

export const count = (value: number): string => value.toLocaleString("en");

/** Of how many rounds, and how busy the machine was. */
export const mediansInWords = ({
  plan: { rounds },
  loads: [before, after],
}: {
  readonly plan: { readonly rounds: number };
  readonly loads: readonly [before: number, after: number];
}): string =>
  `medians of ${rounds} round${rounds === 1 ? "" : "s"}; ` +
  `load average ${before.toFixed(1)} before, ${after.toFixed(1)} after. A busy machine misleads`;

/** With the reason, where it was not judged. */
export const verdictInWords = ({
  verdict,
  reason,
}: {
  readonly verdict: string;
  readonly reason: string | null;
}): string => {
  if (reason !== null) return `${verdict}: ${reason}`;
  return verdict === "missed" ? `**${verdict}**` : verdict;
};

/** Empty: all went well. */
export const failureList = <Name extends string>(
  medians: readonly Median<Name>[],
  whereOf = ({ participant, workload, documents }: Median<Name>): string =>
    `${participant}, ${workload}, ${count(documents)}`,
): string =>
  medians
    .filter(({ failed }) => failed > 0)
    .map((each) => {
      const failed = `- FAILED ${each.failed} of ${each.rounds}`;
      return `${failed}: ${whereOf(each)}: ${each.error ?? ""}`;
    })
    .join("\n");

/** A number of a workload as that is shown. */
export const shownBy =
  <Name extends string>(kindOf: (name: Name) => Kind) =>
  (workload: Name, value: number): string =>
    shownAs(kindOf(workload), value);
