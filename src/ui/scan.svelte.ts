/**
 * Takes an invite or a recovery key from its QR code: through the camera, or from a photo of it.
 * The camera is let go as soon as a code is read, or nobody looks any more.
 */
import { openQrReader } from "./qrReader.ts";
import { scanMessages } from "./sharingMessages.ts";

const betweenReadsMilliseconds = 150;

/** What is to be read. */
export interface ScanFor {
  /** Of what a code says; null: it says something else. */
  readonly find: (text: string) => string | null;
  /** Said where a code says something else. */
  readonly another: string;
  /** What else can be done where there is no camera. */
  readonly otherwise: string;
}

/** The link from `#join=` on. */
export const inviteCode: ScanFor = {
  find(text) {
    const at = text.indexOf("#join=");
    return at === -1 ? null : text.slice(at);
  },
  another: scanMessages.noInvite,
  otherwise: scanMessages.pasteLink,
};

/** By its form; whether it is the network's is the database's to say. */
export const recoveryKeyCode: ScanFor = {
  find: (text) => /^([A-Z2-7]{4}-){13}[A-Z2-7]{4}$/.exec(text)?.[0] ?? null,
  another: scanMessages.noRecoveryKey,
  otherwise: scanMessages.enterKey,
};

export class CodeScan {
  state = $state<"idle" | "starting" | "looking">("idle");
  problem = $state("");
  stream = $state.raw<MediaStream | null>(null);
  readonly #for: ScanFor;
  readonly #found: (text: string) => void;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(what: ScanFor, found: (text: string) => void) {
    this.#for = what;
    this.#found = found;
  }

  async start(): Promise<void> {
    if (this.state !== "idle") return;
    this.state = "starting";
    this.problem = "";
    try {
      const stream = await openCamera();
      // Stopped meanwhile
      if (this.#isIdle()) letGo(stream);
      else this.stream = stream;
    } catch (error) {
      this.stop();
      this.problem = cameraProblem(error, this.#for.otherwise);
    }
  }

  /** Reads what the camera shows, until a code is found or it is stopped. */
  async watch(video: HTMLVideoElement): Promise<void> {
    try {
      const reader = await openQrReader();
      await video.play();
      this.state = "looking";
      const look = async (): Promise<void> => {
        if (this.stream === null) return;
        const text = await reader.read(video, video.videoWidth, video.videoHeight);
        if (text !== null && this.#take(text)) return;
        this.#timer = setTimeout(() => void look().catch(this.#fail), betweenReadsMilliseconds);
      };
      await look();
    } catch (error) {
      this.#fail(error);
    }
  }

  async readPhoto(file: File): Promise<void> {
    this.stop();
    this.problem = "";
    try {
      const picture = await createImageBitmap(file);
      const text = await (await openQrReader()).read(picture, picture.width, picture.height);
      picture.close();
      if (text === null) this.problem = scanMessages.noCode;
      else this.#take(text);
    } catch {
      // Whatever the file is, no picture comes of it
      this.problem = scanMessages.noPicture;
    }
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.stream !== null) letGo(this.stream);
    this.stream = null;
    this.state = "idle";
  }

  readonly #fail = (error: unknown): void => {
    // The picture went with the camera: it was stopped
    if (this.stream === null) return;
    this.stop();
    this.problem = cameraProblem(error, this.#for.otherwise);
  };

  /** A state may have changed behind an `await`, which the compiler does not see. */
  #isIdle(): boolean {
    return this.state === "idle";
  }

  #take(text: string): boolean {
    const found = this.#for.find(text);
    this.problem = found === null ? this.#for.another : "";
    if (found === null) return false;
    this.stop();
    this.#found(found);
    return true;
  }
}

const openCamera = (): Promise<MediaStream> => {
  // A page over plain http has none, whatever its type says
  if (!("mediaDevices" in navigator)) throw new DOMException("", "NotFoundError");
  return navigator.mediaDevices.getUserMedia({
    video: { facingMode: "environment", width: { ideal: 1_280 } },
  });
};

const letGo = (stream: MediaStream): void => {
  for (const track of stream.getTracks()) track.stop();
};

const cameraProblem = (error: unknown, otherwise: string): string => {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError")
    return scanMessages.refused(otherwise);
  if (name === "NotFoundError" || name === "OverconstrainedError")
    return scanMessages.noCamera(otherwise);
  return scanMessages.busy;
};
