/** One small change of the code that a test must catch. */
export interface Mutant {
  /** What the mutant believes. */
  readonly name: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly text: string;
  readonly instead: string;
  /** The test file that must fail. */
  readonly killedBy: string;
}
