/**
 * What one collection's reads and writes share: its session, its name, and what its documents meet.
 */
import type { CollectionSchema } from "./api.ts";
import type { Intake } from "./prepare.ts";
import type { Session } from "./session.ts";

export interface CollectionContext extends Intake {
  readonly name: string;
  readonly session: Session;
  readonly schema: CollectionSchema | null;
  /**
   * Settles when the collection is known to the engine and holds its first documents; never rejects
   * unhandled.
   */
  readonly prepared: Promise<void>;
}
