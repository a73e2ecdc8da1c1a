/**
 * Where a text stops being JSON (RFC 8259), and what was expected there. Platforms word this in
 * their own ways and often without the place, so it is found here; JSON.parse decides what is JSON.
 */
import { messages } from "../messages.ts";

export interface JsonFault {
  /** In UTF-16 units from the start. */
  readonly at: number;
  readonly message: string;
}

/** Null if nothing is wrong. */
export const findJsonFault = (text: string): JsonFault | null => {
  const scanner: Scanner = { text, at: 0 };
  try {
    scanValue(scanner);
    expectThat(scanner, skipSpace(scanner) === "", messages.json.end);
    return null;
  } catch (error) {
    if (error instanceof Fault) return { at: error.at, message: error.message };
    throw error;
  }
};

interface Scanner {
  readonly text: string;
  at: number;
}

class Fault extends Error {
  readonly at: number;
  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

const expectThat = ({ at }: Scanner, holds: boolean, message: string): void => {
  if (!holds) throw new Fault(at, message);
};

/** The next character that is no space; empty at the end. */
const skipSpace = (scanner: Scanner): string => {
  scanPattern(scanner, /[ \t\n\r]*/y);
  return scanner.text.charAt(scanner.at);
};

/** Moves behind what matches here; whether anything did. */
const scanPattern = (scanner: Scanner, pattern: RegExp): boolean => {
  pattern.lastIndex = scanner.at;
  const found = pattern.exec(scanner.text);
  if (found !== null) scanner.at = pattern.lastIndex;
  return found !== null;
};

/** value = object / array / string / number / "true" / "false" / "null" */
const scanValue = (scanner: Scanner): void => {
  const first = skipSpace(scanner);
  if (first === "{") scanList(scanner, "}", messages.json.objectGoesOn, scanMember);
  else if (first === "[") scanList(scanner, "]", messages.json.arrayGoesOn, scanValue);
  else if (first === '"') scanText(scanner);
  else expectThat(scanner, scanPattern(scanner, word), messages.json.value);
};

/** object = "{" [member *("," member)] "}", array = "[" [value *("," value)] "]" */
const scanList = (
  scanner: Scanner,
  close: string,
  goesOn: string,
  scanOne: (scanner: Scanner) => void,
): void => {
  scanner.at++;
  if (skipSpace(scanner) !== close) {
    scanOne(scanner);
    while (skipSpace(scanner) === ",") {
      scanner.at++;
      scanOne(scanner);
    }
  }
  expectThat(scanner, skipSpace(scanner) === close, goesOn);
  scanner.at++;
};

/** member = string ":" value */
const scanMember = (scanner: Scanner): void => {
  expectThat(scanner, skipSpace(scanner) === '"', messages.json.name);
  scanText(scanner);
  expectThat(scanner, skipSpace(scanner) === ":", messages.json.colon);
  scanner.at++;
  scanValue(scanner);
};

/** string = '"' *char '"' */
const scanText = (scanner: Scanner): void => {
  scanner.at++;
  scanPattern(scanner, textContent);
  const stop = scanner.text.charAt(scanner.at);
  expectThat(scanner, stop !== "", messages.json.textEnd);
  expectThat(scanner, stop !== "\\", messages.json.escape);
  expectThat(scanner, stop === '"', messages.json.lineInText);
  scanner.at++;
};

const textContent = /(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y;
const word = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w)/y;
