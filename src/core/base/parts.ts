/**
 * Parts of the program are fetched when they are first needed, from where the page came from, which
 * may be out of reach by then. That is no failure of the database: whoever needed the part asks for
 * it again.
 */
import { NebulusError } from "./errors.ts";

/** What `load`, an `import()`, comes to. Rejects with `NotLoaded`. */
export const loadPart = async <P>(load: () => Promise<P>): Promise<P> => {
  try {
    return await load();
  } catch (error) {
    throw new NebulusError(
      {
        code: "NotLoaded",
        message:
          "A part of the program could not be loaded: the server of this page is out of reach. " +
          "Try again when it is back.",
        retryable: true,
      },
      error,
    );
  }
};

export const isNotLoaded = (error: unknown): boolean =>
  error instanceof NebulusError && error.code === "NotLoaded";
