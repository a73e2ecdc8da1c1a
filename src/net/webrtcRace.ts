/**
 * Mends a race of @libp2p/webrtc 6.0.33, apart so that it can go when the library does it right. To
 * connect, the dialer opens a data channel named `init` and closes it once the connection stands.
 * The answering side closes it too, as soon as it appears; when that arrives before the dialer
 * learned of its own connection, the dialer waits for an `open` that never comes, and the dial dies
 * by its timeout (one in ten on a loaded machine). With this only the side that made an `init`
 * channel can close it.
 */

let isMended = false;

/**
 * Call before the first connection. Changes the prototypes of the page; calling again does nothing.
 */
export const mendWebrtcRace = (): void => {
  if (isMended) return;
  isMended = true;
  const ownChannels = new WeakSet<RTCDataChannel>();

  // Taken off the prototype to be called with the right `this` below.
  // eslint-disable-next-line @typescript-eslint/unbound-method
  const { createDataChannel } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.createDataChannel = function (...args) {
    const channel = createDataChannel.apply(this, args);
    ownChannels.add(channel);
    return channel;
  };

  // Taken off the prototype to be called with the right `this` below.
  // eslint-disable-next-line @typescript-eslint/unbound-method
  const { close } = RTCDataChannel.prototype;
  RTCDataChannel.prototype.close = function () {
    if (this.label === "init" && !ownChannels.has(this)) return;
    close.call(this);
  };
};
