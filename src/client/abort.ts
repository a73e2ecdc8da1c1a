/**
 * AbortSignal as every waiting call takes it.
 */
import { NebulusError } from "../core/base/errors.ts";

export const abortedError = (
  signal: AbortSignal,
  outcome?: "committed" | "not committed",
): NebulusError =>
  new NebulusError(
    {
      code: "Aborted",
      message: "The call was aborted.",
      retryable: true,
      ...(outcome === undefined ? {} : { outcome }),
    },
    signal.reason,
  );

/**
 * What `work` gives, or `Aborted` as soon as the signal says so; the work itself goes on unheard.
 */
export const unlessAborted = async <T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
  outcome?: "not committed",
): Promise<T> => {
  if (signal === undefined) return work;
  let stopListening = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    const abort = (): void => {
      reject(abortedError(signal, outcome));
    };
    signal.addEventListener("abort", abort);
    stopListening = () => {
      signal.removeEventListener("abort", abort);
    };
    if (signal.aborted) abort();
  });
  try {
    // First in the list: a signal that was aborted before wins over work that is done.
    return await Promise.race([aborted, work]);
  } finally {
    stopListening();
    work.catch(() => undefined);
  }
};

/** Not begun where the signal says so already. */
export const abortable = async <T>(
  signal: AbortSignal | undefined,
  begin: () => Promise<T>,
): Promise<T> => {
  if (signal?.aborted === true) throw abortedError(signal);
  return unlessAborted(begin(), signal);
};
