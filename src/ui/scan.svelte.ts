/**
 * Takes an invite from its QR code: through the camera, or from a photo of it. The camera is let go
 * as soon as a code is read, or nobody looks any more.
 */
import { openQrReader } from "./qrReader.ts";
import { scanMessages } from "./sharingMessages.ts";

const betweenReadsMilliseconds = 150;

export class InviteScan {
  state = $state<"idle" | "starting" | "looking">("idle");
  problem = $state("");
  stream = $state.raw<MediaStream | null>(null);
  /** Given the link from `#join=` on. */
  readonly #found: (invite: string) => void;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(found: (invite: string) => void) {
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
      this.problem = cameraProblem(error);
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
    this.problem = cameraProblem(error);
  };

  /** A state may have changed behind an `await`, which the compiler does not see. */
  #isIdle(): boolean {
    return this.state === "idle";
  }

  #take(text: string): boolean {
    const at = text.indexOf("#join=");
    this.problem = at === -1 ? scanMessages.noInvite : "";
    if (at === -1) return false;
    this.stop();
    this.#found(text.slice(at));
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

const cameraProblem = (error: unknown): string => {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return scanMessages.refused;
  if (name === "NotFoundError" || name === "OverconstrainedError") return scanMessages.noCamera;
  return scanMessages.busy;
};
