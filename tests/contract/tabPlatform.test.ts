/** The platform of simulated tabs keeps the contract that browsers keep. */
import { createGate } from "../support/tabGate.ts";
import { platformOf, type Origin } from "../support/tabOrigin.ts";
import { createVirtualTime } from "../support/virtualTime.ts";
import { tabPlatformContract } from "./tabPlatform.ts";

const origin: Origin = { clock: createVirtualTime(), locks: new Map(), channels: new Map() };
let tabs = 0;

tabPlatformContract(() =>
  platformOf(
    origin,
    { id: `tab-${++tabs}`, gate: createGate(), held: new Set(), channels: new Set() },
    1,
  ),
);
