/** JSON that these pages and workers wrote themselves. */
export const parseJson = <T>(text: string): T =>
  // Its writer stands beside its reader, and answers are checked afterwards.
  JSON.parse(text) as T;
