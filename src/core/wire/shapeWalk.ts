/**
 * What earlier walks over documents have learned: which fields come one after another, that their
 * names are sound, and which shape they make. Documents of one collection are mostly alike, so the
 * next field is the expected one nearly always, and nothing about it has to be checked again.
 */
import { depthMax, shapeStepsMax, writeEntriesPerOpMax } from "../base/limits.ts";
import type { Path } from "../base/types.ts";
import { isKeptApart } from "../cbor/document.ts";
import { callerNameFault } from "../cbor/names.ts";

/** A field that may stand at a step; null behind it where no walk has gone that way so far. */
export interface Field {
  readonly name: string;
  /** No leaf: the id, the kind, or what is computed. */
  readonly isKeptApart: boolean;
  readonly path: Path;
  /** After it, where it is a leaf. */
  leaf: Step | null;
  /** Inside it, where it is an object. */
  inside: Step | null;
}

/**
 * Where a walk stands: in the object at `path`, behind the leaves it has met. Walks that met the
 * same leaves in the same order stand at the same step; at the end of a document it is its shape.
 */
export class Step {
  readonly path: Path;
  /** How many leaves are behind. */
  readonly leaves: number;
  private readonly memory: Memory;
  readonly before: Step | null;
  /** The leaf that led here from the step before; null where an object was entered or left. */
  readonly leafPath: Path | null;
  /** The field that came next the last time. */
  private expected: Field | null = null;
  private fields: Map<string, Field> | null = null;
  private left: Step | null = null;
  private knownPaths: readonly Path[] | null = null;

  constructor(memory: Memory, path: Path, before: Step | null, leafPath: Path | null) {
    this.memory = memory;
    this.path = path;
    this.before = before;
    this.leafPath = leafPath;
    this.leaves = (before?.leaves ?? 0) + (leafPath === null ? 0 : 1);
    memory.steps++;
  }

  /** Null for a name that a caller may not use, or that leads too deep. */
  field(name: string): Field | null {
    const { expected } = this;
    return expected !== null && expected.name === name ? expected : this.find(name);
  }

  /** Behind a field of this step that is a leaf; null where there would be too many. */
  afterLeaf(field: Field): Step | null {
    return (field.leaf ??= this.makeLeaf(field));
  }

  /** Inside a field of this step. */
  enter(field: Field): Step {
    return (field.inside ??= new Step(this.memory, field.path, this, null));
  }

  /** Behind the object whose fields were walked, in the one around it. */
  leave(): Step {
    return (this.left ??= new Step(this.memory, this.path.slice(0, -1), this, null));
  }

  /** The shape of a document that ends here. */
  get paths(): readonly Path[] {
    return (this.knownPaths ??= pathsUpTo(this));
  }

  private find(name: string): Field | null {
    const field = this.fields?.get(name) ?? this.make(name);
    if (field !== null) this.expected = field;
    return field;
  }

  private make(name: string): Field | null {
    const apart = this.path.length === 0 && isKeptApart(name);
    if (!apart && (callerNameFault(name) !== null || this.path.length >= depthMax)) return null;
    const path = [...this.path, name];
    const field: Field = { name, isKeptApart: apart, path, leaf: null, inside: null };
    (this.fields ??= new Map<string, Field>()).set(name, field);
    // A field costs about what a step does.
    this.memory.steps++;
    return field;
  }

  private makeLeaf({ path }: Field): Step | null {
    if (this.leaves >= writeEntriesPerOpMax) return null;
    return new Step(this.memory, this.path, this, path);
  }
}

/** Where the next walk begins. What was learned is forgotten when it has grown too large. */
export const firstStep = (): Step => {
  if (memory.steps > shapeStepsMax) {
    memory = { steps: 0 };
    first = new Step(memory, [], null, null);
  }
  return first;
};

interface Memory {
  steps: number;
}

let memory: Memory = { steps: 0 };
let first = new Step(memory, [], null, null);

const pathsUpTo = (end: Step): readonly Path[] => {
  const paths: Path[] = [];
  let step: Step | null = end;
  for (; step !== null; step = step.before) {
    if (step.leafPath !== null) paths.push(step.leafPath);
  }
  return paths.reverse();
};
