/** Web Locks and BroadcastChannels, as tabs use them. */
import { createBrowserPlatform } from "../../src/worker/tabs/browserPlatform.ts";
import { tabPlatformContract } from "../contract/tabPlatform.ts";

tabPlatformContract(createBrowserPlatform);
