/**
 * Reads the frame headers of a WebSocket (RFC 6455, 5.2) as its bytes pass. libp2p's WebSockets
 * hold a message until it is whole, up to 100 MiB, and give no way to say less: a few dozen
 * browsers that each begin one and never end it would take all memory.
 */

/**
 * Feed it what a browser sends after the upgrade, in chunks of any size. Answers false once a
 * message is announced that is longer than `bytesMax`, all its frames together, or a control frame
 * that is longer than those are.
 */
export const createMessageGuard = (bytesMax: number): ((chunk: Uint8Array) => boolean) => {
  const header = new Uint8Array(headerBytesMax);
  let filled = 0;
  let payloadLeft = 0;
  let messageBytes = 0;
  let isSound = true;

  /** The header is whole: false if what it announces is too long. */
  const isFit = (): boolean => {
    const { opcode, length } = readHeader(header);
    payloadLeft = length;
    if (opcode >= firstControlOpcode) return length <= controlBytesMax;
    messageBytes = opcode === continuation ? messageBytes + length : length;
    return messageBytes <= bytesMax;
  };

  return (chunk) => {
    let at = 0;
    while (isSound && at < chunk.length) {
      const skipped = Math.min(payloadLeft, chunk.length - at);
      payloadLeft -= skipped;
      at += skipped;
      if (payloadLeft > 0 || at >= chunk.length) break;
      header[filled] = chunk[at] ?? 0;
      filled += 1;
      at += 1;
      if (filled < minHeaderBytes || filled < headerBytesOf(header)) continue;
      filled = 0;
      isSound = isFit();
    }
    return isSound;
  };
};

const minHeaderBytes = 2;
/** Two, a length of eight, a mask of four. */
const headerBytesMax = 14;
const continuation = 0;
const firstControlOpcode = 8;
const controlBytesMax = 125;

const lengthCodeOf = (header: Uint8Array): number => (header[1] ?? 0) & 0x7f;

const headerBytesOf = (header: Uint8Array): number => {
  const code = lengthCodeOf(header);
  const lengthBytes = code === 127 ? 8 : code === 126 ? 2 : 0;
  const maskBytes = ((header[1] ?? 0) & 0x80) === 0 ? 0 : 4;
  return minHeaderBytes + lengthBytes + maskBytes;
};

const readHeader = (header: Uint8Array): { opcode: number; length: number } => {
  const view = new DataView(header.buffer);
  const code = lengthCodeOf(header);
  const length =
    code === 127 ? Number(view.getBigUint64(2)) : code === 126 ? view.getUint16(2) : code;
  return { opcode: (header[0] ?? 0) & 0x0f, length };
};
