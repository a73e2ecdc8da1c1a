/**
 * An invite, or a recovery key, is taken from its QR code: by a camera that shows it, by a photo;
 * and what is said where the camera is refused or missing.
 */
import { chromium, expect, test, type Browser, type Locator, type Page } from "@playwright/test";
import { encodeQR } from "qr";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromiumLaunch } from "../../.ci/chromium.mjs";
import { invite, makeClosed, makeSplit, open, openSharing, readRecoveryKeys } from "./steps.ts";

/** Where somebody is who was invited and has the app open. */
const toTakeInvite = async (page: Page): Promise<Locator> => {
  const dialog = await openSharing(page);
  await dialog.getByRole("radio", { name: "Join with an invite" }).check();
  return dialog;
};

/** A film of one still picture: the code in the middle of a grey wall. */
const film = (text: string): Buffer => {
  const [width, height, scale] = [640, 480, 5];
  const rows = encodeQR(text, "raw", { ecc: "low", border: 4 });
  const light = Buffer.alloc(width * height, 128);
  const [left, top] = [(width - rows.length * scale) >> 1, (height - rows.length * scale) >> 1];
  rows.forEach((row, y) => {
    row.forEach((isDark, x) => {
      for (let line = 0; line < scale; line++) {
        const at = (top + y * scale + line) * width + left + x * scale;
        light.fill(isDark ? 16 : 235, at, at + scale);
      }
    });
  });
  const frame = Buffer.concat([light, Buffer.alloc((width * height) / 2, 128)]);
  const head = Buffer.from(
    `YUV4MPEG2 W${String(width)} H${String(height)} F10:1 Ip A0:0 C420jpeg\n`,
  );
  return Buffer.concat([head, Buffer.from("FRAME\n"), frame, Buffer.from("FRAME\n"), frame]);
};

/** A browser whose camera shows the film of that path, from when it is switched on. */
const launchWithCamera = (path: string): Promise<Browser> =>
  chromium.launch({
    ...chromiumLaunch,
    args: [
      ...[...chromiumLaunch.args, "--use-fake-device-for-media-stream"],
      ...["--use-fake-ui-for-media-stream", `--use-file-for-fake-video-capture=${path}`],
    ],
  });

const png = { name: "photo.png", mimeType: "image/png" };

test("an invite is scanned with the camera, or read from a photo", async ({
  page,
  browser,
  baseURL,
}, info) => {
  test.slow();
  await open(page);
  const card = await makeClosed(await openSharing(page), "The house");
  const link = await invite(card, "Mara");
  const photo = await card.getByRole("img", { name: /QR code/ }).screenshot();

  const directory = await mkdtemp(join(tmpdir(), "nebulus-film-"));
  const path = join(directory, "code.y4m");
  await writeFile(path, film(link));
  const withCamera = await launchWithCamera(path);
  const other = await withCamera.newPage(baseURL === undefined ? {} : { baseURL });
  await open(other);
  const dialog = await toTakeInvite(other);
  await dialog.getByRole("button", { name: "Scan its QR code with the camera" }).click();
  const question = dialog.getByRole("heading", { name: "Join “The house” with this invite?" });
  await expect(question).toBeVisible();
  await expect(dialog.locator("video")).toBeHidden();
  await other.screenshot({ path: info.outputPath("scanned.png") });
  await withCamera.close();
  await rm(directory, { recursive: true, force: true });

  const third = await (await browser.newContext()).newPage();
  await open(third);
  const theirs = await toTakeInvite(third);
  const chooser = theirs.locator("input[type=file]");
  await chooser.setInputFiles({ ...png, buffer: Buffer.from("no picture") });
  await expect(theirs.getByText("That file is no picture")).toBeVisible();
  await chooser.setInputFiles({ ...png, buffer: await third.screenshot() });
  await expect(theirs.getByText("No QR code is to be seen there.")).toBeVisible();
  await chooser.setInputFiles({ ...png, buffer: photo });
  await expect(theirs.getByRole("heading", { name: /^Join “The house”/ })).toBeVisible();
});

test("a recovery key is scanned with the camera, or read from a photo", async ({
  baseURL,
}, info) => {
  test.slow();
  const directory = await mkdtemp(join(tmpdir(), "nebulus-film-"));
  const path = join(directory, "code.y4m");
  const withCamera = await launchWithCamera(path);
  const page = await withCamera.newPage(baseURL === undefined ? {} : { baseURL });
  await open(page);
  const card = await makeSplit(await openSharing(page), "The house", 2, 2);
  const keys = await readRecoveryKeys(card);
  await card.getByRole("button", { name: /^Show the recovery keys/ }).click();
  await card.getByRole("button", { name: "Show the first" }).click();
  await card.getByRole("button", { name: "Next key" }).click();
  await expect(card.getByRole("textbox", { name: "Recovery key 2 of 2" })).toBeVisible();
  const photo = await card.getByRole("img", { name: /QR code/ }).screenshot();
  await card.getByRole("button", { name: "Done" }).click();
  await card.getByRole("button", { name: /^Forget the recovery keys/ }).click();
  await card.getByRole("button", { name: "Forget them here" }).click();

  await writeFile(path, film(keys[0] ?? ""));
  await card.getByRole("button", { name: "Scan its QR code with the camera" }).click();
  await expect(card.getByText("There are 2 recovery keys")).toContainText("1 of them is on");
  await expect(card.getByText("This device has that recovery key now.")).toBeVisible();
  await expect(card.locator("video")).toBeHidden();
  await page.screenshot({ path: info.outputPath("scanned.png") });

  const chooser = card.locator("input[type=file]");
  const invitation = Buffer.from(encodeQR("https://x.example/#join=abc", "gif"));
  await chooser.setInputFiles({ ...png, mimeType: "image/gif", buffer: invitation });
  await expect(card.getByText("That QR code is no recovery key.")).toBeVisible();
  await chooser.setInputFiles({ ...png, buffer: photo });
  await expect(card.getByRole("button", { name: /^Make this device keep|^Renew/ })).toBeVisible();
  await expect(card.getByText("There are 2 recovery keys")).toContainText("2 of them are on");
  await expect(chooser).toBeHidden();
  await withCamera.close();
  await rm(directory, { recursive: true, force: true });
});

test("a camera that is refused, or missing, is told in words", async ({ page, browser }, info) => {
  await open(page);
  const dialog = await toTakeInvite(page);
  const scan = dialog.getByRole("button", { name: "Scan its QR code with the camera" });
  await scan.click();
  await expect(dialog.getByText("There is no camera here.")).toBeVisible();
  await expect(scan).toBeVisible();
  await page.screenshot({ path: info.outputPath("no camera.png") });

  const refused = await (await browser.newContext()).newPage();
  await refused.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = () =>
      Promise.reject(new DOMException("", "NotAllowedError"));
  });
  await open(refused);
  const theirs = await toTakeInvite(refused);
  await theirs.getByRole("button", { name: "Scan its QR code with the camera" }).click();
  await expect(theirs.getByText("This page may not use the camera.")).toBeVisible();
});
