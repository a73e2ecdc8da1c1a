/**
 * What the writer and its killer agree on: notes that show whether they are whole.
 */

export const databaseName = "kills";
export const collectionName = "notes";

export interface Note {
  readonly version: number;
  readonly body: string;
}

/** Notes with the version that stands by now. */
export interface Acknowledged {
  readonly notes: readonly (readonly [id: string, version: number])[];
}

/** Follows from id and version, from 50 bytes to some thousand: a torn or mixed note shows. */
export const bodyOf = (id: string, version: number): string =>
  `${id} ${String(version)} `.repeat(
    1 + ((version * 7 + Number.parseInt(id.slice(0, 4), 16)) % 60),
  );
