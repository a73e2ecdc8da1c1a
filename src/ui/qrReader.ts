/**
 * Reads QR codes from pictures: by the browser's own detector where there is one, else by a decoder
 * that is loaded for it.
 */

export interface QrReader {
  /** What the code says; null: there is none to be read. */
  read(picture: CanvasImageSource, width: number, height: number): Promise<string | null>;
}

/** Larger pictures say no more, and take longer. */
const sideMax = 1_280;

export const openQrReader = async (): Promise<QrReader> => {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) throw new Error("this browser draws no pictures");
  const readCanvas = await readerOf(canvas, context);
  return {
    async read(picture, width, height) {
      const scale = Math.min(1, sideMax / Math.max(width, height));
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
      context.drawImage(picture, 0, 0, canvas.width, canvas.height);
      return readCanvas();
    },
  };
};

/** Part of the Shape Detection API, which TypeScript does not know. */
interface Detector {
  detect(source: HTMLCanvasElement): Promise<readonly { readonly rawValue: string }[]>;
}
type DetectorClass = (new (options: { readonly formats: readonly string[] }) => Detector) & {
  getSupportedFormats(): Promise<readonly string[]>;
};

const readerOf = async (
  canvas: HTMLCanvasElement,
  context: CanvasRenderingContext2D,
): Promise<() => Promise<string | null>> => {
  const detector = await ownDetector();
  if (detector !== null) return async () => (await detector.detect(canvas))[0]?.rawValue ?? null;
  const { decodeQR } = await import("qr/decode.js");
  return () => {
    const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
    try {
      return Promise.resolve(decodeQR({ data, width, height }));
    } catch {
      // So it says that it found none
      return Promise.resolve(null);
    }
  };
};

const ownDetector = async (): Promise<Detector | null> => {
  if (!("BarcodeDetector" in globalThis)) return null;
  // No declaration of it exists; what is used of it is stated above
  const { BarcodeDetector } = globalThis as unknown as { BarcodeDetector: DetectorClass };
  try {
    const formats = await BarcodeDetector.getSupportedFormats();
    return formats.includes("qr_code") ? new BarcodeDetector({ formats: ["qr_code"] }) : null;
  } catch {
    // Some browsers name it and cannot do it
    return null;
  }
};
