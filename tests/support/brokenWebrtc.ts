/** What is done to a page before it runs, so that WebRTC is as it is in some networks. */

/** As behind a firewall that lets nothing but the web through: there is no way to anybody. */
export const blockIce = (): void => {
  const { RTCPeerConnection: Original } = globalThis;
  globalThis.RTCPeerConnection = class extends Original {
    constructor(given?: RTCConfiguration) {
      super({ ...given, iceTransportPolicy: "relay" });
    }
  };
};

/** As in a browser that has none. */
export const removeWebrtc = (): void => {
  Reflect.deleteProperty(globalThis, "RTCPeerConnection");
};

/** What the other said of its certificate comes as another one's. */
export const swapFingerprint = (): void => {
  const { RTCSessionDescription: Original } = globalThis;
  globalThis.RTCSessionDescription = class extends Original {
    constructor({ type, sdp = "" }: RTCSessionDescriptionInit) {
      const [before = "", after = ""] = sdp.split("a=fingerprint:sha-256 ", 2);
      const swapped = (after.startsWith("A") ? "B" : "A") + after.slice(1);
      super({ type, sdp: `${before}a=fingerprint:sha-256 ${swapped}` });
    }
  };
};
