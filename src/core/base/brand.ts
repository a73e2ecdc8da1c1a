/**
 * Nominal types. A branded value is made in exactly one place (the parser of that value), so that
 * code that takes one need not check again.
 */
declare const brand: unique symbol;

export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
