/**
 * What people are told of a device of a network, this one included, as it crosses to pages.
 */

/** It has stored much, or two logs of it stand under one name. */
export type DeviceWarning = DeviceWarningWords &
  (
    | {
        /** From 80 % on, and beyond: then what it writes comes slowly, after all others. */
        readonly kind: "quota-near" | "quota-exceeded";
        readonly bytes: number;
        readonly bytesMax: number;
        /** Made by it and not deleted. */
        readonly documents: number;
        readonly documentsMax: number;
      }
    /** Two logs of it stand under one name: its profile was copied or put back, or it lied. */
    | { readonly kind: "forked" }
  );

/** Which device it is about, in which network, and the words for whoever is told. */
export interface DeviceWarningWords {
  readonly networkId: string;
  /** As `_peerId` names it. */
  readonly device: string;
  /** As in `ABCD-EFGH-IJKL-MNOP`; null in open networks. */
  readonly code: string | null;
  readonly isThis: boolean;
  /** What is so, and what to do. */
  readonly what: string;
  readonly advice: string;
}
