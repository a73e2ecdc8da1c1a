/** JSON that these pages and workers wrote themselves. */
// The caller says what stands in it, in the one place where that is read.
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
export const parseJson = <T>(text: string): T =>
  // Its writer stands beside its reader, and answers are checked afterwards.
  JSON.parse(text) as T;
