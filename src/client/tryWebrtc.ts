/**
 * Whether WebRTC can exist in this page: a connection to nobody is made and closed, and what counts
 * is that it finds an address by which this device could be reached.
 */
import { webrtcTrialMillisecondsMax } from "../core/base/limits.ts";
import type { ConnectionSettings } from "../core/wire/connection.ts";
import { rtcConfigurationOf } from "../net/rtcConfiguration.ts";
import type { WebrtcFinding } from "./diagnosis.ts";

/** Never rejects; STUN and TURN servers that are set are asked. */
export const tryWebrtc = async (settings: ConnectionSettings): Promise<WebrtcFinding> => {
  if (typeof RTCPeerConnection === "undefined") return "missing";
  try {
    const connection = new RTCPeerConnection(rtcConfigurationOf(settings));
    try {
      return (await findsAddress(connection)) ? "works" : "no-way";
    } finally {
      connection.close();
    }
  } catch {
    // Whatever a browser or an extension that forbids it throws
    return "fails";
  }
};

const findsAddress = async (connection: RTCPeerConnection): Promise<boolean> => {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const found = new Promise<boolean>((resolve) => {
    connection.addEventListener("icecandidate", ({ candidate }) => {
      if (candidate === null) resolve(false);
      else if (candidate.candidate !== "") resolve(true);
    });
    timer = setTimeout(() => {
      resolve(false);
    }, webrtcTrialMillisecondsMax);
  });
  try {
    connection.createDataChannel("trial");
    await connection.setLocalDescription(await connection.createOffer());
    return await found;
  } finally {
    clearTimeout(timer);
  }
};
