/**
 * The page's policy demands that script URLs are vouched for (Trusted Types). The one URL that this
 * library makes a worker of is its own, fixed when it was built.
 */

interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { readonly createScriptURL: (url: string) => string },
  ): { createScriptURL(url: string): URL };
}

/** As text where the browser knows no Trusted Types. */
export const ownScriptUrl = (url: string): string | URL => {
  const platform: typeof globalThis & { readonly trustedTypes?: TrustedTypes } = globalThis;
  if (platform.trustedTypes === undefined) return url;
  policy ??= platform.trustedTypes.createPolicy("nebulus", { createScriptURL });
  return policy.createScriptURL(url);
};

/** A policy's name can be used once. */
let policy: ReturnType<TrustedTypes["createPolicy"]> | null = null;

const createScriptURL = (url: string): string => {
  const { origin } = new URL(url, location.href);
  if (origin !== location.origin) throw new TypeError("only this origin's own workers are loaded");
  return url;
};
