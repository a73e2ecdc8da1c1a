/**
 * All pages of an engine in memory, so that a test may look at documents without waiting, until the
 * next checkpoint writes others.
 */
import type { Engine } from "../../src/engine/engine.ts";

export const loadPages = (engine: Engine): Promise<void> =>
  engine.reading(() => {
    for (const { documents } of engine.registry.homes()) documents.needAll(false);
  });
