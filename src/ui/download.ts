/** Hands a file over to the browser's downloads. */
export const download = (file: Blob, name: string): void => {
  const url = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken it by then; without this it would stay in memory
  setTimeout(() => {
    URL.revokeObjectURL(url);
  }, 60_000);
};
