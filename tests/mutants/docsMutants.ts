/** Mutants of what is documented: words that may be missing, an example that is none. */
import type { Mutant } from "./mutant.ts";

const killedBy = "tests/unit/api/documented.test.ts";

export const docsMutants: readonly Mutant[] = [
  {
    name: "an export without words is only a warning",
    file: "package.json",
    text: '"treatWarningsAsErrors": true',
    instead: '"treatWarningsAsErrors": false',
    killedBy,
  },
  {
    name: "one of the package's exports is not looked at for its words",
    file: "package.json",
    text: '"src/index.ts",\n      "relay/testing.ts"',
    instead: '"src/index.ts"',
    killedBy,
  },
  {
    name: "the README's example names a method that does not exist",
    file: "README.md",
    text: 'await db.invite("home"',
    instead: 'await db.inviteTo("home"',
    killedBy,
  },
];
