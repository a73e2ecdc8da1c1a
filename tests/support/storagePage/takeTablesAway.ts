/**
 * Before anything else of its worker runs. Apart, since imports run before the rest of a file.
 */
Object.defineProperty(globalThis, "indexedDB", { value: undefined });
