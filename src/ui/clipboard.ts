/** Copying to the clipboard, where the browser lets a page do it. */

/** False: no permission, or a page that is not served securely; the person can copy by hand. */
export const copyText = async (text: string): Promise<boolean> => {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
};
