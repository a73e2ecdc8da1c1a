/**
 * Runs in a page before anything else where links are shaped: whatever place a peer names for
 * itself, WebRTC is told of one at the link instead. Places that are no IPv4 datagrams' are left
 * out. Written into the page as text, so it stands on nothing of this file.
 */
export const shapePeers = (): void => {
  const { RTCPeerConnection: Original } = globalThis;
  /** null: it is not to be used. */
  const shaped = async (candidate: string): Promise<string | null> => {
    const words = candidate.trim().split(" ");
    const [, , protocol, , address, port] = words;
    const isDatagram = protocol?.toLowerCase() === "udp" && /^[0-9.]+$/.test(address ?? "");
    if (!isDatagram || window.shapedPlace === undefined) return null;
    const place = await window.shapedPlace(address ?? "", Number(port));
    words[4] = place.address;
    words[5] = String(place.port);
    return words.join(" ");
  };
  const shapedLines = async (sdp: string): Promise<string> => {
    const lines: string[] = [];
    for (const line of sdp.split("\r\n")) {
      const isCandidate = line.startsWith("a=candidate:");
      const kept = isCandidate ? await shaped(line.slice(2)) : line;
      if (kept !== null) lines.push(isCandidate ? `a=${kept}` : kept);
    }
    return lines.join("\r\n");
  };
  globalThis.RTCPeerConnection = class extends Original {
    override async setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
      const sdp = await shapedLines(description.sdp ?? "");
      await super.setRemoteDescription({ type: description.type, sdp });
    }
    override async addIceCandidate(candidate?: RTCIceCandidateInit | null): Promise<void> {
      const text = candidate?.candidate ?? "";
      if (candidate === null || candidate === undefined || text === "") {
        await super.addIceCandidate(candidate);
        return;
      }
      const kept = await shaped(text);
      if (kept === null) return;
      const { sdpMid, sdpMLineIndex, usernameFragment } = candidate;
      await super.addIceCandidate({
        candidate: kept,
        ...{ sdpMid: sdpMid ?? null, sdpMLineIndex: sdpMLineIndex ?? null },
        ...{ usernameFragment: usernameFragment ?? null },
      });
    }
  };
};
