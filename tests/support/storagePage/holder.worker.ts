/**
 * Holds a file of OPFS as a leader does that was frozen: until the worker ends. Its only message is
 * the file's path; it answers when it has it.
 */
const hold = async (path: readonly string[]): Promise<void> => {
  let folder = await navigator.storage.getDirectory();
  for (const name of path.slice(0, -1)) folder = await folder.getDirectoryHandle(name);
  const file = await folder.getFileHandle(path.at(-1) ?? "");
  // In dedicated workers only, whose library these tests are not compiled with
  const holdable = file as unknown as { readonly createSyncAccessHandle: () => Promise<unknown> };
  held = await holdable.createSyncAccessHandle();
  postMessage({ isHeld: held !== null });
};

/** Whoever is collected lets go. */
let held: unknown = null;

addEventListener("message", ({ data }: MessageEvent<readonly string[]>) => {
  hold(data).catch((error: unknown) => {
    postMessage({ isHeld: false, error: String(error) });
  });
});
