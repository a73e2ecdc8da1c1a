/**
 * A page with nothing but the carrier: libp2p here, its user in a worker, as in the product. Tests
 * drive it through `window.netPage`.
 */
import { relayOfOrigin } from "../../../src/core/net/relayAddress.ts";
import { createBridge } from "../../../src/net/bridge.ts";
import type { Seen, StartOptions, TestRequest } from "./protocol.ts";
import workerUrl from "./net.worker.ts?worker&url";

export interface NetPage {
  readonly start: (options: StartOptions) => void;
  readonly post: (request: TestRequest) => void;
  /** The last that the worker told. */
  seen: Seen | null;
}

declare global {
  interface Window {
    netPage: NetPage;
    /** Trusted Types; not in the DOM library yet. */
    readonly trustedTypes?: {
      createPolicy(
        name: string,
        rules: { createScriptURL: (url: string) => string },
      ): {
        createScriptURL(url: string): string;
      };
    };
  }
}

const policy = window.trustedTypes?.createPolicy("nebulus", { createScriptURL: (url) => url });
const worker = new Worker(policy?.createScriptURL(workerUrl) ?? workerUrl, { type: "module" });

const netPage: NetPage = {
  seen: null,
  post: (request) => {
    worker.postMessage(request);
  },
  start: (options) => {
    const { port1, port2 } = new MessageChannel();
    createBridge(port1, async (privateKey) => {
      const { createPageNode } = await import("../../../src/net/node.ts");
      return createPageNode({
        privateKey,
        relays: [relayOfOrigin(location)],
        connectivity: window,
        relayOnly: options.relayOnly ?? false,
      });
    });
    worker.postMessage({ kind: "start", options, port: port2 } satisfies TestRequest, [port2]);
  },
};
window.netPage = netPage;
worker.onmessage = ({ data }: MessageEvent<Seen>) => {
  netPage.seen = data;
};
