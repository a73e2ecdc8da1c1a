/**
 * The words of a benchmark's command line. Apart, since every benchmark reads and refuses them in
 * the same way.
 */

export interface WordsSpec {
  readonly flags: readonly string[];
  /** Options that take a value. */
  readonly valued: readonly string[];
  /** Told with every refusal. */
  readonly usage: string;
}

export interface Words {
  readonly has: (flag: string) => boolean;
  /** A whole number above 0. */
  readonly whole: (name: string, otherwise: number) => number;
  /** Of those known, in their order; all of them where nothing is said. */
  readonly listed: (name: string, known: readonly string[]) => readonly string[];
}

/** Throws an Error that says what is wrong and how it is used. `quick` needs no dashes. */
export const readWords = (words: readonly string[], spec: WordsSpec): Words => {
  const refuse = (reason: string): never => {
    throw new Error(`${reason}\n${spec.usage}`);
  };
  const given = givenIn(words, spec, refuse);
  return {
    has: (flag) => given.has(flag),
    whole: (name, otherwise) => {
      const text = given.get(name);
      if (text === undefined) return otherwise;
      const value = Number(text.replaceAll("_", ""));
      if (Number.isSafeInteger(value) && value >= 1) return value;
      return refuse(`--${name} takes a whole number above 0`);
    },
    listed: (name, known) => {
      const text = given.get(name);
      if (text === undefined) return known;
      const wanted = text.split(",");
      for (const each of wanted) {
        if (!known.includes(each)) refuse(`--${name}: ${each} is none of ${known.join(", ")}`);
      }
      return known.filter((each) => wanted.includes(each));
    },
  };
};

/** A flag has an empty value. */
const givenIn = (
  words: readonly string[],
  { flags, valued }: WordsSpec,
  refuse: (reason: string) => never,
): ReadonlyMap<string, string> => {
  const given = new Map<string, string>();
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    const name = word === "quick" ? word : word.replace(/^--/, "");
    if (flags.includes(name)) given.set(name, "");
    else if (word.startsWith("--") && valued.includes(name)) {
      at += 1;
      const value = words[at];
      if (value === undefined || value.startsWith("--")) refuse(`${word} takes a value`);
      else given.set(name, value);
    } else refuse(`${word} is no option`);
  }
  return given;
};
