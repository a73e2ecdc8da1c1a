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
